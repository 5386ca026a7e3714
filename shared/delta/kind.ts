/** What content looks like, judged by samples: cheap, and never wrong in a way that costs more than bytes. */
import { zstdCompressSync } from 'node:zlib';

const SAMPLE_BYTES = 32 * 1024;
const SAMPLES = 4;

/** Equal stretches of the content, from its start to its end. */
function* samplesOf(content: Uint8Array): Iterable<Uint8Array> {
  const length = Math.min(SAMPLE_BYTES, content.byteLength);
  const last = content.byteLength - length;
  for (let i = 0; i < SAMPLES; i++) {
    const from = Math.floor((last * i) / (SAMPLES - 1));
    yield content.subarray(from, from + length);
    if (last === 0) return;
  }
}

/** True where no sample gets smaller: compressed, encrypted or random content. */
export function isDense(content: Uint8Array): boolean {
  for (const sample of samplesOf(content)) if (zstdCompressSync(sample).byteLength < sample.byteLength * 0.98) return false;
  return true;
}
