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
  prepare(base: number, baseBytes: number, target: number, targetBytes: number, isCode: boolean): void;
  index(heads: number, headBits: number, links: number, step: number, hasLongKey: boolean): void;
  align(nodes: number, nodesMax: number, pieces: number, chainMax: number, missCost: number, gapCost: number, pieceCost: number): number;
}

/** Positions indexed at most: two tables of 4 bytes each for them. */
const ENTRIES_MAX = 1 << 24;
const NODES_MAX = 1 << 16;

/** Costs in sixteenths of a bit, see wasm/assembly/align/costs.ts. */
const CODE_COSTS = { miss: 96, gap: 64, piece: 160 } as const;
const TEXT_COSTS = { miss: 96, gap: 32, piece: 400 } as const;

/**
 * Aligns `target` with `base`. Any result is right; a better one makes a smaller delta.
 * @param isText text leaves more to the model of the bytes behind it, and has no operands
 * @param chainMax how many places of one key are tried
 */
export function alignContent(target: Uint8Array, base: Uint8Array, isText: boolean, chainMax: number): Pieces {
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
  const costs = isText ? TEXT_COSTS : CODE_COSTS;
  wasm.exports.prepare(baseAt, base.byteLength, targetAt, target.byteLength, !isText);
  wasm.exports.index(heads, headBits, links, step, isText);
  const count = wasm.exports.align(nodes, NODES_MAX, piecesAt, chainMax, costs.miss, costs.gap, costs.piece);
  return new Uint32Array(wasm.memory.buffer.slice(piecesAt, piecesAt + Math.min(count, PIECES_MAX) * PIECE_FIELDS * 4));
}
