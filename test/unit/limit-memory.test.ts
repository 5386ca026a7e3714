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

/** Room for short-lived objects in a thread that is started in a process with the flags of an agent, after `first` was done in it. */
function newSpaceOfThread(first: string): number {
  const module = JSON.stringify(new URL('../../shared/limit-memory.ts', import.meta.url).href);
  const thread = `
    import { parentPort } from 'node:worker_threads';
    import { getHeapSpaceStatistics } from 'node:v8';
    let kept = [];
    for (let i = 0; i < 300000; i++) kept = [i, {}, kept[0]];
    parentPort.postMessage(getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space').space_size);`;
  const script = `
    import { Worker } from 'node:worker_threads';
    import { limitMemory, settleThreads } from ${module};
    ${first}
    new Worker(${JSON.stringify(thread)}, { eval: true }).on('message', (bytes) => console.log(bytes));`;
  const words = [...FLAGS, '--min-semi-space-size=4', '--max-semi-space-size=4', '--eval', script];
  return Number(execFileSync(process.execPath, words).toString());
}

test('threads have a quarter of the room for short-lived objects', () => {
  const mib = 1024 * 1024;
  expect(newSpaceOfThread('')).toBeGreaterThan(4 * mib);
  expect(newSpaceOfThread('settleThreads();')).toBeLessThanOrEqual(2 * mib);
});

test('this Node knows collections of last resort', () => {
  expect(newSpaceOfThread("limitMemory()({ type: 'major', flavor: 'last-resort' });")).toBeGreaterThan(0);
});
