import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createStates } from '../../../bench/states.ts';

async function folderWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  await writeFile(join(folder, 'file'), text);
  return folder;
}

describe('states', () => {
  it('gives copies, and at the last use the kept folder itself', async () => {
    await using states = createStates();
    const folder = await folderWith('held');
    states.keep('v1', Promise.resolve(folder), 2);
    const copy = (await states.take('v1')) as string;
    expect(copy).not.toBe(folder);
    expect(await readFile(join(copy, 'file'), 'utf8')).toBe('held');
    expect(await states.take('v1')).toBe(folder);
    expect(await states.take('v1')).toBeUndefined();
    await rm(copy, { recursive: true });
    await rm(folder, { recursive: true });
  });

  it('lets go of the kept folder when its copies are made', async () => {
    await using states = createStates();
    const folder = await folderWith('held');
    states.keep('v1', Promise.resolve(folder), 3);
    const copies = [states.take('v1'), states.take('v1')];
    expect(await states.take('v1')).toBe(folder);
    await writeFile(join(folder, 'file'), 'changed');
    for (const copy of (await Promise.all(copies)) as string[]) {
      expect(await readFile(join(copy, 'file'), 'utf8')).toBe('held');
      await rm(copy, { recursive: true });
    }
    await rm(folder, { recursive: true });
  });

  it('knows nothing of a name that was not kept, and tells why nothing was left', async () => {
    await using states = createStates();
    expect(await states.take('v1')).toBeUndefined();
    states.keep('v2', Promise.reject(new Error('did not end')), 2);
    await expect(states.take('v2')).rejects.toThrow('did not end');
  });

  it('removes what nobody took', async () => {
    const folder = await folderWith('held');
    {
      await using states = createStates();
      states.keep('v1', Promise.resolve(folder), 1);
    }
    expect(existsSync(folder)).toBe(false);
  });
});
