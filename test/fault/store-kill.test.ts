/** Other processes: one that is killed in the middle of its work, and one that has the store already. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hex } from '../../shared/hash.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Recovery } from '../../shared/store/recover.ts';
import { keysOf, seededChunks, temporaryDirectory } from '../support/store-directory.ts';

const CHILD = fileURLToPath(new URL('store-child.ts', import.meta.url));

function startChild(...parameters: string[]): { readonly child: ChildProcess; readonly lines: AsyncIterator<string> } {
  const child = spawn(process.execPath, ['--no-warnings', CHILD, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}

async function killNow(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Bytes in the directory of packs. */
async function packsOf(directory: string): Promise<number> {
  const names = await readdir(join(directory, 'packs'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, 'packs', name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describe('a store and other processes', () => {
  it('has everything that was flushed when its process is killed', async () => {
    await using place = await temporaryDirectory();
    let flushed = 0;
    for (const linesBeforeKill of [1, 2, 5, 9]) {
      const { child, lines } = startChild('put', place.path, String(flushed));
      for (let line = 0; line < linesBeforeKill; line++) {
        const { value } = await lines.next();
        flushed = Number(value);
      }
      await killNow(child);
      await using store = await openStore(place.path);
      const records = seededChunks(0, flushed, 2000);
      const got = await store.getMany('chunk', keysOf(records));
      expect(got.map(hex)).toEqual(records.map(({ bytes }) => hex(bytes)));
      expect((await store.check({ readAll: true })).problems).toEqual([]);
    }
    expect(flushed).toBeGreaterThan(0);
  });

  it('has everything that is needed when its process is killed while it collects', async () => {
    await using place = await temporaryDirectory();
    let flushed = 0;
    for (const linesBeforeKill of [3, 5, 8, 13, 21]) {
      const { child, lines } = startChild('collect', place.path, String(flushed));
      for (let line = 0; line < linesBeforeKill; line++) {
        const { value } = await lines.next();
        flushed = Number(value);
      }
      await killNow(child);
      const recoveries: Recovery[] = [];
      await using store = await openStore(place.path, { onRecovery: (recovery) => recoveries.push(recovery) });
      const needed = seededChunks(0, flushed, 2000).filter((_, number) => number % 3 === 0);
      const got = await store.getMany('chunk', keysOf(needed));
      expect(got.map(hex)).toEqual(needed.map(({ bytes }) => hex(bytes)));
      expect((await store.check({ readAll: true })).problems).toEqual([]);
      // Wherever it was killed, the index was continued.
      expect(recoveries.filter(({ rebuilt }) => rebuilt !== undefined)).toEqual([]);
      // The packs are those of what is needed, not of what was put.
      expect(await packsOf(place.path)).toBeLessThan(flushed * 2000 * 0.9 + 600_000);
    }
    expect(flushed).toBeGreaterThan(200);
  });

  it('is open in one process at a time, and free again when that one is killed', async () => {
    await using place = await temporaryDirectory();
    const { child, lines } = startChild('hold', place.path);
    try {
      expect((await lines.next()).value).toBe('open');
      await expect(openStore(place.path)).rejects.toMatchObject({
        code: 'STORE_LOCKED',
        message: `the store ${place.path} is open already`,
      });
    } finally {
      await killNow(child);
    }
    await using store = await openStore(place.path);
    expect(await store.put(seededChunks(0, 1))).toBe(1);
    await expect(openStore(place.path)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });
});
