import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskBytes } from '../../../bench/measure/disk.ts';
import { startSide, type Side } from '../../../bench/measure/side.ts';
import { seededBytes } from '../../support/random.ts';

let side: Side;
let directory = '';
beforeAll(async () => {
  side = await startSide();
  directory = await mkdtemp(join(tmpdir(), 'bench-side-'));
});
afterAll(async () => {
  await side[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Spends about `milliseconds` of CPU time and holds `mebibytes` of memory for that long. To ask for the time is time of the system. */
const BUSY =
  'const b = Buffer.alloc($2 * 1048576, 1); const end = process.cpuUsage().user + $1 * 1000; while (process.cpuUsage().user < end) for (let i = 0; i < 1e5; i++); b.at(0)';
const busy = (milliseconds: number, mebibytes: number): { script: string; args: string[] } => ({
  script: `"$3" -e "${BUSY}"`,
  args: [String(milliseconds), String(mebibytes), process.execPath],
});

/** Whether a process, or with a negative number a group, exists. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('side', () => {
  it('gives a command its arguments as they are, and its stdout back', async () => {
    expect(await side.run({ script: 'printf "%s|" "$@"; printf "%s" "$NAME"', args: ['a b', '$x', "'"], env: { NAME: 'n' } })).toBe(
      "a b|$x|'|n",
    );
  });

  it('fails with what the command said, also where it failed inside a pipeline', async () => {
    await expect(side.run({ script: 'echo broken >&2; false | cat' })).rejects.toThrow(/ended with 1: broken/);
  });

  it('counts the time of what has ended, descendants included, and forgets it on reset', async () => {
    await side.resetUsage();
    await side.run({ script: `${busy(300, 1).script} & wait`, args: busy(300, 1).args });
    const used = await side.usage();
    expect(used.cpuSeconds).toBeGreaterThanOrEqual(0.3);
    await side.resetUsage();
    expect((await side.usage()).cpuSeconds).toBeLessThan(0.1);
  });

  it('counts what still runs', async () => {
    await side.resetUsage();
    const service = await side.start({ script: `${busy(300, 1).script}; echo done; exec sleep 60`, args: busy(300, 1).args });
    await expect.poll(() => service.output()).toBe('done\n');
    expect((await side.usage()).cpuSeconds).toBeGreaterThanOrEqual(0.3);
    await service.stop();
  });

  it('sees the peak of memory', async () => {
    await side.resetUsage();
    await side.run(busy(300, 200));
    expect((await side.usage()).peakRssBytes).toBeGreaterThan(200 * 2 ** 20);
  });

  it('counts a process that it did not start', async () => {
    await using other = await startSide();
    await other.watch(process.pid);
    const before = (await other.usage()).cpuSeconds;
    const end = process.cpuUsage().user + 200_000;
    while (process.cpuUsage().user < end) for (let i = 0; i < 1e5; i++);
    expect((await other.usage()).cpuSeconds - before).toBeGreaterThanOrEqual(0.15);
  });

  it('gives a connection to a command as its stdin and stdout', async () => {
    const content = seededBytes(3, 2_000_000);
    const [source, target] = [join(directory, 'source'), join(directory, 'target')];
    await writeFile(source, content);
    const inbound = await side.accept({ script: 'cat > "$1"', args: [target] });
    await side.run({ script: 'cat "$1" > "/dev/tcp/127.0.0.1/$2"', args: [source, String(inbound.port)] });
    await inbound.done;
    expect(Buffer.compare(await readFile(target), content)).toBe(0);
  });

  it('a service that ended badly says so', async () => {
    const service = await side.start({ script: 'echo no use >&2; exit 3' });
    await expect.poll(() => service.output().catch((error: Error) => error.message)).toMatch(/ended with 3: no use$/);
    await service.stop();
  });

  it('ends a service with all that its script started', async () => {
    const service = await side.start({ script: 'echo $$; sleep 61 & wait' });
    await expect.poll(() => service.output()).toMatch(/^\d+\n$/);
    const group = Number(await service.output());
    await service.stop();
    // A zombie counts as there until the system's first process takes note of it.
    await expect.poll(() => isThere(-group)).toBe(false);
  });
});

describe('a side that is used again', () => {
  it('has nothing running on it, and counts nothing of before', async () => {
    await using used = await startSide();
    const service = await used.start({ script: 'echo $$; sleep 61 & wait' });
    await expect.poll(() => service.output()).toMatch(/^\d+\n$/);
    const group = Number(await service.output());
    const inbound = await used.accept({ script: 'cat > /dev/null' });
    await used.watch(process.pid);
    await used.clear();
    await expect.poll(() => isThere(-group)).toBe(false);
    await expect(side.run({ script: 'echo > "/dev/tcp/127.0.0.1/$1"', args: [String(inbound.port)] })).rejects.toThrow('refused');
    await used.resetUsage();
    expect(await used.usage()).toEqual({ cpuSeconds: 0, peakRssBytes: 0 });
    expect(await used.run({ script: 'echo again' })).toBe('again\n');
  });
});

describe('disk', () => {
  it('counts what is allocated, a file with two names once', async () => {
    const folder = await mkdtemp(join(directory, 'disk-'));
    await side.run({ script: 'head -c 100000 /dev/urandom > "$1/a"; ln "$1/a" "$1/b"; truncate -s 1G "$1/sparse"; sync', args: [folder] });
    const bytes = await diskBytes(folder);
    expect(bytes).toBeGreaterThanOrEqual(100_000);
    expect(bytes).toBeLessThan(200_000);
  });
});
