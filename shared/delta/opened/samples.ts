/** Whether parts of deflated data stand in other content as they are: told by samples, a byte in 256 at places that the bytes choose. */
import { bufferOf } from './family.ts';

/** Behind each of these bytes so many are a sample. */
const MARK = 0x5a;
const SAMPLE_BYTES = 6;
/** Samples kept at most: those of 64 MiB of compressed bytes. */
const SAMPLES_MAX = 1 << 18;

export type Samples = ReadonlySet<number>;

function* samplesIn(content: Uint8Array): Iterable<number> {
  const bytes = bufferOf(content);
  const last = bytes.byteLength - SAMPLE_BYTES;
  for (let at = bytes.indexOf(MARK) + 1; at > 0 && at <= last; at = bytes.indexOf(MARK, at) + 1) yield bytes.readUIntLE(at, SAMPLE_BYTES);
}

export function addSamples(samples: Set<number>, content: Uint8Array): void {
  for (const sample of samplesIn(content)) {
    if (samples.size === SAMPLES_MAX) return;
    samples.add(sample);
  }
}

/** How many samples `deflated` has, and how many of them are among those. */
export function countAmong(samples: Samples, deflated: Uint8Array): { readonly found: number; readonly all: number } {
  let found = 0;
  let all = 0;
  for (const sample of samplesIn(deflated)) {
    all++;
    if (samples.has(sample)) found++;
  }
  return { found, all };
}
