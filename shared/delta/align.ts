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
  near(table: number, tableBits: number, pieces: number): number;
  strange(table: number): number;
  index(buckets: number, bucketBits: number, entries: number, notes: number, noteBits: number, taken: number, step: number): void;
  align(nodes: number, nodesMax: number, pieces: number, chainMax: number, isForModel: boolean): number;
}

export interface AlignOptions {
  /** How many places of one key are tried. */
  readonly chainMax: number;
  /** For context mixing, to which old bytes that differ are worth something, too; else for a patch. */
  readonly isForModel: boolean;
}

/** Positions indexed at most: they are numbered with 24 bits, and take 4 bytes each. */
const ENTRIES_MAX = 1 << 24;
const NODES_MAX = 1 << 16;
/** Of a table that lies where entries do later. */
const STRANGE_TABLE_BYTES = 1 << 20;
/** 16 positions go into a bucket on average, where all are indexed; the table of buckets fits a processor's cache. */
const BUCKET_LOAD_BITS = 4;
const BUCKET_BITS = [8, 18] as const;
/** Two places for each that is noted of a base that may be near its target, in the same table or a smaller one. */
const NEAR_LOAD_BITS = 4;
/** Eight bits for each key of the target tell most others from them. */
const NOTE_LOAD_BITS = 3;
const NOTE_BITS = [10, 27] as const;

/**
 * Aligns `target` with `base`. Any result is right; a better one makes a smaller delta.
 * For a patch, none are looked for where both are large and have next to nothing in common: they could not make one that is worth it.
 */
export function alignContent(target: Uint8Array, base: Uint8Array, { chainMax, isForModel }: AlignOptions): Pieces {
  const step = Math.max(1, Math.ceil(base.byteLength / ENTRIES_MAX));
  const entries = Math.ceil(base.byteLength / step);
  const bucketBits = within(Math.ceil(Math.log2(entries + 1)) - BUCKET_LOAD_BITS, BUCKET_BITS);
  const noteBits = within(Math.ceil(Math.log2(target.byteLength + 1)) + NOTE_LOAD_BITS, NOTE_BITS);
  const places = createPlaces();
  const baseAt = places.take(base.byteLength);
  const targetAt = places.take(target.byteLength);
  const buckets = places.take((4 << bucketBits) + 4);
  const entriesAt = places.take(Math.max(entries * 4, STRANGE_TABLE_BYTES));
  // What is noted while the index is made lies where nodes and pieces do afterwards.
  const nodes = places.take(Math.max(NODES_MAX * 16, entries / 8 + 1));
  const piecesAt = places.take(Math.max((target.byteLength / 4 + 1) * 12, 2 ** (noteBits - 3)));
  const wasm = createWasmInstance<AlignExports>('align', places.end());
  if (wasm === undefined) throw new TransferError('INTERNAL', 'the module align.wasm was not built');
  const bytes = new Uint8Array(wasm.memory.buffer);
  bytes.set(base, baseAt);
  bytes.set(target, targetAt);
  wasm.exports.prepare(baseAt, base.byteLength, targetAt, target.byteLength);
  const found = (count: number): Pieces =>
    new Uint32Array(wasm.memory.buffer.slice(piecesAt, piecesAt + Math.min(count, PIECES_MAX) * PIECE_FIELDS * 4));
  const near = wasm.exports.near(entriesAt, within(Math.ceil(Math.log2(base.byteLength + 1)) - NEAR_LOAD_BITS, BUCKET_BITS), piecesAt);
  if (near > 0) return found(near);
  if (!isForModel && wasm.exports.strange(entriesAt) !== 0) return new Uint32Array(0);
  wasm.exports.index(buckets, bucketBits, entriesAt, piecesAt, noteBits, nodes, step);
  const count = wasm.exports.align(nodes, NODES_MAX, piecesAt, chainMax, isForModel);
  return found(count);
}

function within(value: number, [least, most]: readonly [number, number]): number {
  return Math.max(least, Math.min(value, most));
}

/** Bytes of the target that have an old byte under them. */
export function coveredBytes(pieces: Pieces): number {
  let bytes = 0;
  for (let at = 1; at < pieces.length; at += PIECE_FIELDS) bytes += pieces[at] as number;
  return bytes;
}
