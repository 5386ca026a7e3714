/** Which old bytes lie under which new ones: the matching half of a delta, done by wasm/assembly/align.ts. */
import { createWasmInstance } from '../wasm/load.ts';
import { TransferError } from '../errors.ts';
import { createPlaces } from './places.ts';

/** Triples: position in the target, bytes, position in the base. In order of the target, never overlapping in it. */
export type Pieces = Uint32Array;

export const PIECE_FIELDS = 3;
/** Pieces of one target, at most: what lies behind them is coded without an old content. */
export const PIECES_MAX = 1 << 20;

interface AlignExports {
  prepare(base: number, baseBytes: number, target: number, targetBytes: number): void;
  index(heads: number, headBits: number, links: number, step: number): void;
  align(nodes: number, nodesMax: number, pieces: number, chainMax: number, isForModel: boolean): number;
}

export interface AlignOptions {
  /** How many places of one key are tried. */
  readonly chainMax: number;
  /** For context mixing, to which old bytes that differ are worth something, too; else for a patch. */
  readonly isForModel: boolean;
}

/** Positions indexed at most: two tables of 4 bytes each for them. */
const ENTRIES_MAX = 1 << 24;
const NODES_MAX = 1 << 16;

/**
 * Aligns `target` with `base`. Any result is right; a better one makes a smaller delta.
 */
export function alignContent(target: Uint8Array, base: Uint8Array, { chainMax, isForModel }: AlignOptions): Pieces {
  const step = Math.max(1, Math.ceil(base.byteLength / ENTRIES_MAX));
  const entries = Math.ceil(base.byteLength / step) + 2;
  const headBits = Math.max(10, Math.min(22, Math.ceil(Math.log2(entries))));
  const places = createPlaces();
  const baseAt = places.take(base.byteLength);
  const targetAt = places.take(target.byteLength);
  const heads = places.take(4 << headBits);
  const links = places.take(entries * 4);
  const nodes = places.take(NODES_MAX * 16);
  const piecesAt = places.take((target.byteLength / 4 + 1) * 12);
  const wasm = createWasmInstance<AlignExports>('align', places.end());
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module align.wasm was not built');
  const bytes = new Uint8Array(wasm.memory.buffer);
  bytes.set(base, baseAt);
  bytes.set(target, targetAt);
  wasm.exports.prepare(baseAt, base.byteLength, targetAt, target.byteLength);
  wasm.exports.index(heads, headBits, links, step);
  const count = wasm.exports.align(nodes, NODES_MAX, piecesAt, chainMax, isForModel);
  return new Uint32Array(wasm.memory.buffer.slice(piecesAt, piecesAt + Math.min(count, PIECES_MAX) * PIECE_FIELDS * 4));
}

/** Bytes of the target that have an old byte under them. */
export function coveredBytes(pieces: Pieces): number {
  let bytes = 0;
  for (let at = 1; at < pieces.length; at += PIECE_FIELDS) bytes += pieces[at] as number;
  return bytes;
}
