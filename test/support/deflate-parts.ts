/** Streams put together in parts, in this thread. */
import { giveKernelBack, takeKernel } from '../../shared/deflate/kernel.ts';
import { putPartTogether } from '../../shared/deflate/part-rebuild.ts';
import { putByThreads, type PartRunner } from '../../shared/deflate/put-by-threads.ts';
import { readMarks } from '../../shared/deflate/reconstruction.ts';
import { concatBytes } from '../../shared/bytes.ts';
import { inParts } from './deflate-streams.ts';

const here: PartRunner = {
  threads: 2,
  // Every other one takes its time: they are over in another order than they began in.
  async run(part) {
    if (part.position % 2 === 0) await new Promise(setImmediate);
    const kernel = takeKernel();
    const reply = putPartTogether(kernel, part);
    giveKernelBack(kernel);
    return reply;
  },
};

export async function* asyncParts(bytes: Uint8Array, sizes?: readonly number[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* inParts(bytes, sizes);
}

/** What the parts give, and how many marks there were. */
export async function putInParts(
  reconstruction: Uint8Array,
  plain: Uint8Array,
  sizes?: readonly number[],
  runner: PartRunner | undefined = here,
): Promise<{ marks: number; stream: Uint8Array }> {
  const marks = readMarks(reconstruction);
  const made: Uint8Array[] = [];
  for await (const piece of putByThreads(reconstruction, marks, asyncParts(plain, sizes), runner)) made.push(piece);
  return { marks: [...marks.values()].flat().length, stream: concatBytes(made) };
}
