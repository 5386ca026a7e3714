/** Memory that content is gathered in, with the cut-point search over it: in WebAssembly, or in plain TypeScript where that was not built. */
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_BYTES_NOMINAL } from '../limits.ts';
import { createWasmInstance } from '../wasm/load.ts';
import { findCut, LOOSE_MASK, STRICT_MASK } from './cut.ts';
import { GEAR } from './gear.ts';

export interface CutMemory {
  /** The room for content. Stays the same array for the life of the memory. */
  readonly bytes: Uint8Array;
  /** `findCut` of `bytes` from `start` up to, not including, `end`. */
  findCut(start: number, end: number): number;
}

interface CdcExports {
  findCut(table: number, start: number, length: number, min: number, nominal: number, strict: number, loose: number): number;
}

/** @param bytes room for content; its memory is taken at once. */
export function createCutMemory(bytes: number): CutMemory {
  const wasm = createWasmInstance<CdcExports>('cdc', GEAR.byteLength + bytes);
  if (wasm === undefined) return createPlainCutMemory(bytes);
  const { buffer } = wasm.memory;
  new Uint32Array(buffer, 0, GEAR.length).set(GEAR);
  const { exports } = wasm;
  return {
    bytes: new Uint8Array(buffer, GEAR.byteLength, bytes),
    findCut: (start, end) =>
      exports.findCut(
        0,
        GEAR.byteLength + start,
        Math.min(end - start, CHUNK_BYTES_MAX),
        CHUNK_BYTES_MIN,
        CHUNK_BYTES_NOMINAL,
        STRICT_MASK,
        LOOSE_MASK,
      ),
  };
}

/** The same without WebAssembly: the fallback, and the oracle of the tests. */
export function createPlainCutMemory(bytes: number): CutMemory {
  const room = new Uint8Array(bytes);
  return { bytes: room, findCut: (start, end) => findCut(room.subarray(start, end)) };
}
