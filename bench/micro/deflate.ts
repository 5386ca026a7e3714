/** Undoing deflate: compressed streams taken apart and put together, against what compresses and inflates them. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { releaseBytes } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { putByThreads } from '../../shared/deflate/put-by-threads.ts';
import { createPutTogether } from '../../shared/deflate/put-together.ts';
import { readMarks } from '../../shared/deflate/reconstruction.ts';
import type { DeflateFormat } from '../../shared/deflate/port.ts';
import { createTakeApart } from '../../shared/deflate/take-apart.ts';
import { predictedStream } from '../../test/support/deflate-streams.ts';
import type { Material } from './material.ts';
import { nothingToDispose, type Micro, type MicroCase } from './micro.ts';

const PIECE_BYTES = 256 * 1024;
const PLAIN_BYTES = 32 * 1024 * 1024;
/** Numbers of DEFLATE.md: Go's levels 6 (its default) and 1, zlib's 6 and 9, gzip's 9. */
const MAKERS = { 'Go -1': 86, 'Go 1': 81, 'zlib 6': 22, 'zlib 9': 25, 'gzip -9': 9 } as const;

export function deflateMicro(material: Material): Micro {
  const plain = material.layer.subarray(0, PLAIN_BYTES);
  const work = plain.byteLength;
  const cases = Object.entries(MAKERS).flatMap(([name, maker]): MicroCase[] => {
    const stream = predictedStream(plain, maker);
    const reconstruction = takeApart(stream, 'raw');
    const resultBytes = (): number => reconstruction.byteLength;
    return [
      { name: `${name}: take apart`, work, run: () => void takeApart(stream, 'raw'), resultBytes },
      { name: `${name}: put together`, work, run: () => putTogether(reconstruction, plain) },
      ...(readMarks(reconstruction).size === 0
        ? []
        : [{ name: `${name}: put together by threads`, work, run: () => putTogetherByThreads(reconstruction, plain) }]),
    ];
  });
  const gzipped = gzipSync(plain);
  return {
    name: 'deflate',
    unit: 'MB/s',
    cases: [
      ...cases,
      { name: 'gunzip of node:zlib', work, run: () => void gunzipSync(gzipped) },
      { name: 'gzip -6 of node:zlib', isReference: true, work, run: () => void gzipSync(plain), resultBytes: () => gzipped.byteLength },
    ],
    ...nothingToDispose,
  };
}

function takeApart(stream: Uint8Array, format: DeflateFormat): Uint8Array {
  const taking = createTakeApart(format);
  for (let at = 0; at < stream.byteLength; at += PIECE_BYTES) taking.push(stream.subarray(at, at + PIECE_BYTES));
  const { reconstruction } = taking.end();
  if (reconstruction === undefined) throw new TransferError('INTERNAL', 'a stream of a known maker stays closed');
  return reconstruction;
}

function putTogether(reconstruction: Uint8Array, plain: Uint8Array): void {
  const putting = createPutTogether(reconstruction);
  for (let at = 0; at < plain.byteLength; at += PIECE_BYTES) putting.push(plain.subarray(at, at + PIECE_BYTES));
  putting.end();
}

async function putTogetherByThreads(reconstruction: Uint8Array, plain: Uint8Array): Promise<void> {
  for await (const made of putByThreads(reconstruction, readMarks(reconstruction), pieces(plain))) releaseBytes(made);
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}
