/**
 * A process with a store, for tests that kill it. `put DIR FROM`: puts chunk after chunk, flushes now and then, and prints the
 * number of chunks flushed so far, for ever. `collect DIR FROM`: the same, and collects all the time beside it what is not of a number
 * that can be divided by 3. `hold DIR`: opens the store, prints `open` and does nothing more.
 */
import { hex } from '../../shared/hash.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Verdict } from '../../shared/store/port.ts';
import { seededChunks } from '../support/store-directory.ts';

/** Every third chunk is needed. */
const needed = new Set(seededChunks(0, 3000, 2000).filter((_, number) => number % 3 === 0).map(({ key }) => hex(key))); // prettier-ignore
const isKept: Verdict = ({ key }) => (needed.has(hex(key)) ? 'needed' : 'released');

const [, , command, directory, from] = process.argv;
const store = await openStore(directory!, { packBytesMax: 200_000 });
if (command === 'hold') {
  process.stdout.write('open\n');
  setInterval(() => undefined, 1000);
} else {
  if (command === 'collect') void collectForEver();
  for (let next = Number(from); ; next += 7) {
    // Every other flush runs beside the next put.
    const flushing = store.flush();
    await store.put(seededChunks(next, next + 7, 2000));
    await flushing;
    if (next % 2 === 0) {
      await store.flush();
      process.stdout.write(`${next + 7}\n`);
    }
  }
}

async function collectForEver(): Promise<void> {
  for (;;) {
    await store.collect({
      mark: () => Promise.resolve(isKept),
      dryRun: false,
      wasteMax: 0.2,
      unfinishedSinceMs: Infinity,
      wipe: false,
    });
  }
}
