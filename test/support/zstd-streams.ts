/** Zstd streams for the tests of undoing them, and both directions in one call. */
import { constants, zstdCompressSync } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { startFrameRebuild } from '../../shared/unzstd/frame-rebuild.ts';
import { giveKernelBack, takeKernel } from '../../shared/unzstd/kernel.ts';
import { createPutTogether } from '../../shared/unzstd/put-together.ts';
import { createTakeApart } from '../../shared/unzstd/take-apart.ts';
import { inParts, type Undone } from './deflate-streams.ts';

export function takeApart(stream: Uint8Array, sizes: readonly number[] = []): Undone {
  const taking = createTakeApart();
  const plain = inParts(stream, sizes).flatMap((part) => taking.push(part));
  const end = taking.end();
  return { plain: concatBytes([...plain, ...end.plain]), reconstruction: end.reconstruction };
}

export function putTogether(reconstruction: Uint8Array, plain: Uint8Array, sizes: readonly number[] = []): Uint8Array {
  const putting = createPutTogether(reconstruction);
  const made = inParts(plain, sizes).flatMap((part) => putting.push(part));
  return concatBytes([...made, ...putting.end()]);
}

/** True where the stream stays closed, or is the same when it is taken apart and put together. */
export function comesBack(stream: Uint8Array, sizes: readonly number[] = []): boolean {
  const { plain, reconstruction } = takeApart(stream, sizes);
  return reconstruction === undefined || Buffer.compare(putTogether(reconstruction, plain, sizes), stream) === 0;
}

/** The frame that Klaus Post's zstd makes at its default level: nothing but what is planned, by default in the last generation. */
export function plannedZstd(plain: Uint8Array, generation = 3): Uint8Array {
  const kernel = takeKernel();
  kernel.run.useGeneration(generation);
  const made: Uint8Array[] = [];
  const frame = { header: undefined, plainBytes: plain.byteLength, checksum: undefined, recordBytes: 0 };
  const rebuild = startFrameRebuild(kernel, frame, {
    records: () => {
      throw new TransferError('INTERNAL', 'there are none');
    },
    made: (bytes) => made.push(bytes),
  });
  for (let at = 0; !rebuild.isOver;) if (!rebuild.advance()) at += rebuild.push(plain.subarray(at));
  giveKernelBack(kernel);
  return concatBytes(made);
}

/** By node:zlib. */
export function zstdAt(plain: Uint8Array, level: number, parameters: Readonly<Record<number, number>> = {}): Uint8Array {
  return new Uint8Array(zstdCompressSync(plain, { params: { [constants.ZSTD_c_compressionLevel]: level, ...parameters } }));
}
