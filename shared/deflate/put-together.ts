import { concatBytes } from '../bytes.ts';
import { createDeflater, isMaker } from '../delta/deflate.ts';
import { trailerOf } from '../delta/gzip.ts';
import { TransferError } from '../errors.ts';
import type { PutTogether } from './port.ts';

const HEAD_BYTES = 18;

/** Makes the compressed stream again that `reconstruction` was taken from; it is not kept. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const maker = reconstruction[1] ?? 0;
  if (reconstruction.byteLength < HEAD_BYTES || reconstruction[0] !== 0 || !isMaker(maker)) throw impossible();
  const [compressedBytes = 0, plainBytes = 0] = new Float64Array(reconstruction.slice(2, HEAD_BYTES).buffer);
  const header = reconstruction.slice(HEAD_BYTES);
  const pieces: Uint8Array[] = [];
  return {
    compressedBytes,
    plainBytes,
    push(plain) {
      pieces.push(plain.slice());
      return [];
    },
    end() {
      const plain = concatBytes(pieces);
      const data = createDeflater().deflate(plain, maker, plain.byteLength * 2 + 1024);
      if (data === undefined || plain.byteLength !== plainBytes) throw impossible();
      const whole = concatBytes([header, data, trailerOf(plain)]);
      if (whole.byteLength !== compressedBytes) throw impossible();
      return [whole];
    },
  };
}

function impossible(): TransferError {
  return new TransferError('INTEGRITY', 'a reconstruction does not fit its plain bytes');
}
