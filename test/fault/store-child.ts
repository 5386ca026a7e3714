/**
 * A process with a store, for tests that kill it. `put DIR FROM`: puts chunk after chunk, flushes now and then, and prints the
 * number of chunks flushed so far, for ever. `hold DIR`: opens the store, prints `open` and does nothing more.
 */
import { openStore } from '../../shared/store/pack-store.ts';
import { seededChunks } from '../support/store-directory.ts';

const [, , command, directory, from] = process.argv;
const store = await openStore(directory!, { packBytesMax: 200_000 });
if (command === 'hold') {
  process.stdout.write('open\n');
  setInterval(() => undefined, 1000);
} else {
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
