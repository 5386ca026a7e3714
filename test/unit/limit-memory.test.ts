import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const SCRIPT = `
  import { settleMemory } from ${JSON.stringify(new URL('../../shared/limit-memory.ts', import.meta.url).href)};
  settleMemory(process.env, 123456);
  const { MALLOC_ARENA_MAX: arenas, MALLOC_MMAP_THRESHOLD_: bytes } = process.env;
  console.log(JSON.stringify({ pid: process.pid, flags: process.execArgv, words: process.argv.slice(2), arenas, bytes }));`;
const FLAGS = ['--no-warnings', '--input-type=module'];

function runWith(environment: Record<string, string>): Record<string, unknown> {
  // Of a script on the command line the new beginning has nothing: its arguments stand behind --.
  const words = [...FLAGS, `--import=data:text/javascript,${encodeURIComponent(SCRIPT)}`, '--', '-', 'a word'];
  return JSON.parse(execFileSync(process.execPath, words, { input: '', env: environment }).toString()) as Record<string, unknown>;
}

test.runIf(process.platform === 'linux')(
  'a process begins again with settings for its memory, and with all that it was called with',
  () => {
    const { flags, words, arenas, bytes } = runWith({});
    expect(flags).toEqual(expect.arrayContaining([...FLAGS, '--max-semi-space-size=4']));
    expect(words).toEqual(['a word']);
    expect([arenas, bytes]).toEqual(['1', '123456']);
  },
);

test('a process whose memory was settled from outside is left alone', () => {
  expect(runWith({ MALLOC_ARENA_MAX: '4' })).toMatchObject({ arenas: '4', words: ['a word'] });
  expect(runWith({ MALLOC_ARENA_MAX: '4' })['flags']).not.toContain('--max-semi-space-size=4');
});
