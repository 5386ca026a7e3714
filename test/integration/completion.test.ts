/** Completion in the shells themselves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAgent } from '../support/agents.ts';
import { bashOffers, fishOffers, zshCompletes } from '../support/shell-completion.ts';
import { leaveOut, missingProgram } from './bench/programs.ts';

let directory: string;
const scripts: Record<string, string> = {};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lmk-'));
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { stdout } = await runAgent('receiver', ['completion', shell]);
    const path = join(directory, `lightermand.${shell}`);
    await writeFile(path, stdout);
    scripts[shell] = path;
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const shells = [
  { shell: 'bash', offers: bashOffers, missing: missingProgram('/bin/bash', '/usr/bin/bash') },
  { shell: 'fish', offers: fishOffers, missing: missingProgram('/usr/bin/fish') },
].filter(({ missing }) => !leaveOut(missing));

describe.each(shells)('$shell', ({ shell, offers }) => {
  const offered = (line: string): Promise<string[]> => offers(scripts[shell] as string, 'lightermand', line);

  it('offers commands, and those inside a command', async () => {
    expect(await offered('lightermand ser')).toEqual(['serve']);
    expect(await offered('lightermand ')).toEqual(expect.arrayContaining(['serve', 'images', 'token', 'config', 'completion']));
    expect(await offered('lightermand token re')).toEqual(['revoke']);
  });

  it('offers the options of the command, and what they can be', async () => {
    expect(await offered('lightermand serve --lis')).toEqual(['--listen']);
    expect((await offered('lightermand serve --log ')).toSorted()).toEqual(['json', 'text']);
    expect(await offered('lightermand token add --nam')).toEqual(['--name']);
    expect(await offered('lightermand completion z')).toEqual(['zsh']);
  });

  it('offers files and directories where one is wanted', async () => {
    const part = directory.slice(0, -2);
    expect((await offered(`lightermand serve --tls-cert ${directory}/lightermand.b`)).join()).toContain('lightermand.bash');
    expect((await offered(`lightermand --config ${part}`)).join()).toContain(directory);
    expect((await offered(`lightermand images --store ${part}`)).join()).toContain(directory);
  });

  it('is not led astray by values that look like commands', async () => {
    expect(await offered('lightermand serve --store token --lis')).toEqual(['--listen']);
  });
});

describe.runIf(!leaveOut(missingProgram('/usr/bin/zsh')))('zsh', () => {
  it.each([
    ['lightermand ser', 'lightermand serve '],
    ['lightermand serve --lis', 'lightermand serve --listen='],
    ['lightermand serve --log js', 'lightermand serve --log json '],
    ['lightermand token rev', 'lightermand token revoke '],
  ])('completes %s', async (line, completed) => {
    expect(await zshCompletes(scripts['zsh'] as string, line, completed)).toContain(completed);
  });
});
