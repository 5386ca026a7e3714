import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readProfiles } from '../../../bench/speed/profile.ts';

const frame = (id: number, functionName: string, url: string): unknown => ({ id, callFrame: { functionName, url } });

it('profiles of all threads are summed up by file, package and native function, without idling', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-profile-'));
  const nodes = [
    frame(1, '(idle)', ''),
    frame(2, 'cut', 'file:///home/shared/cdc/cut.ts'),
    frame(3, 'get', 'file:///home/node_modules/@scope/name/lib/index.js'),
    frame(4, '', ''),
  ];
  await writeFile(
    join(directory, 'a.cpuprofile'),
    JSON.stringify({ nodes, samples: [1, 2, 3, 2, 4], timeDeltas: [9e6, 1e6, 3e6, 1e6, 5e5] }),
  );
  await writeFile(join(directory, 'b.cpuprofile'), JSON.stringify({ nodes, samples: [2], timeDeltas: [2e6] }));
  await writeFile(join(directory, 'other.txt'), 'not a profile');
  expect(readProfiles(directory, '/home')).toEqual([
    { where: 'shared/cdc/cut.ts', seconds: 4 },
    { where: '@scope/name', seconds: 3 },
    { where: '(native)', seconds: 0.5 },
  ]);
  await rm(directory, { recursive: true });
});
