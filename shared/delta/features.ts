/** Features of content: like contents have many of them in common, others none. Made by wasm/assembly/features.ts. */
import { GEAR } from '../cdc/gear.ts';
import { TransferError } from '../errors.ts';
import { CHUNK_BYTES_MAX } from '../limits.ts';
import { createWasmInstance } from '../wasm/load.ts';

/** Bytes of content for each feature, on average. */
export const FEATURE_BYTES = 128;

/** Features of a chunk, at most. Only content that repeats itself all the time has more. */
const FEATURES_MAX = (4 * CHUNK_BYTES_MAX) / FEATURE_BYTES;

interface FeaturesExports {
  findFeatures(table: number, content: number, bytes: number, out: number, most: number): number;
}

/** Finds the features of a chunk, at most `CHUNK_BYTES_MAX` bytes; the array is used again by the next call. */
export type FeatureFinder = (chunk: Uint8Array) => Uint32Array;

export function createFeatureFinder(): FeatureFinder {
  const contentAt = GEAR.byteLength;
  const out = contentAt + CHUNK_BYTES_MAX;
  const wasm = createWasmInstance<FeaturesExports>('features', out + 4 * FEATURES_MAX);
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module features.wasm was not built');
  const { buffer } = wasm.memory;
  new Uint32Array(buffer, 0, GEAR.length).set(GEAR);
  const content = new Uint8Array(buffer, contentAt, CHUNK_BYTES_MAX);
  const features = new Uint32Array(buffer, out, FEATURES_MAX);
  return (chunk) => {
    content.set(chunk);
    return features.subarray(0, wasm.exports.findFeatures(0, contentAt, chunk.byteLength, out, FEATURES_MAX));
  };
}
