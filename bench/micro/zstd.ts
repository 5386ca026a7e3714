/** Undoing zstd: a layer as Klaus Post's encoder makes it taken apart and put together, against what compresses and expands it. */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { startFrameRebuild } from '../../shared/unzstd/frame-rebuild.ts';
import { giveKernelBack, takeKernel } from '../../shared/unzstd/kernel.ts';
import { createPutTogether } from '../../shared/unzstd/put-together.ts';
import { createTakeApart } from '../../shared/unzstd/take-apart.ts';
import type { Material } from './material.ts';
import { nothingToDispose, type Micro } from './micro.ts';

const PIECE_BYTES = 256 * 1024;
const PLAIN_BYTES = 32 * 1024 * 1024;

export function zstdMicro(material: Material): Micro {
  const plain = material.layer.subarray(0, PLAIN_BYTES);
  const work = plain.byteLength;
  const stream = zstdAsPlanned(plain);
  const reconstruction = takeApart(stream);
  const compressed = zstdCompressSync(plain);
  return {
    name: 'zstd',
    unit: 'MB/s',
    cases: [
      { name: 'take apart', work, run: () => void takeApart(stream), resultBytes: () => reconstruction.byteLength },
      { name: 'put together', work, run: () => putTogether(reconstruction, plain) },
      { name: 'expanded by node:zlib', work, run: () => void zstdDecompressSync(stream) },
      {
        name: 'zstd -3 of node:zlib',
        isReference: true,
        work,
        run: () => void zstdCompressSync(plain),
        resultBytes: () => compressed.byteLength,
      },
    ],
    ...nothingToDispose,
  };
}

function takeApart(stream: Uint8Array): Uint8Array {
  const taking = createTakeApart();
  for (let at = 0; at < stream.byteLength; at += PIECE_BYTES) taking.push(stream.subarray(at, at + PIECE_BYTES));
  const { reconstruction } = taking.end();
  if (reconstruction === undefined) throw new TransferError('INTERNAL', 'a stream as planned stays closed');
  return reconstruction;
}

function putTogether(reconstruction: Uint8Array, plain: Uint8Array): void {
  const putting = createPutTogether(reconstruction);
  for (let at = 0; at < plain.byteLength; at += PIECE_BYTES) putting.push(plain.subarray(at, at + PIECE_BYTES));
  putting.end();
}

/** The frame that is planned for the bytes. */
function zstdAsPlanned(plain: Uint8Array): Uint8Array {
  const kernel = takeKernel();
  const made: Uint8Array[] = [];
  const frame = { header: undefined, plainBytes: plain.byteLength, checksum: undefined, recordBytes: 0 };
  const rebuild = startFrameRebuild(kernel, frame, { records: () => new Uint8Array(0), made: (bytes) => made.push(bytes) });
  for (let at = 0; !rebuild.isOver;) if (!rebuild.advance()) at += rebuild.push(plain.subarray(at));
  giveKernelBack(kernel);
  return concatBytes(made);
}
