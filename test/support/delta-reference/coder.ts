/** DELTA.md, section 7: decisions, numbers, counters, mixing, refinement. */
import { clamp, u32, unzigzag, within } from './numbers.ts';

export interface Decisions {
  /** @param p probability of a 1, of 65536 */
  bit(p: number): number;
  /** Bytes read behind the end. */
  readBehind(): number;
}

export function createDecisions(payload: Uint8Array, onDecision: (p: number, bit: number) => void): Decisions {
  let at = 0;
  let low = 0;
  let high = 0xffffffff;
  let code = 0;
  const next = (): void => {
    code = u32((code << 8) | (payload[at++] ?? 0));
  };
  for (let i = 0; i < 4; i++) next();
  return {
    bit(p) {
      const r = high - low;
      const middle = low + (r >>> 16) * p + (((r & 65535) * p) >>> 16);
      const bit = code <= middle ? 1 : 0;
      onDecision(p, bit);
      if (bit === 1) high = middle;
      else low = middle + 1;
      while (low >>> 24 === high >>> 24) {
        low = u32(low << 8);
        high = u32((high << 8) | 255);
        next();
      }
      return bit;
    },
    readBehind: () => at - payload.byteLength,
  };
}

export interface Numbers {
  readonly number: (kind: number) => number;
  readonly signed: (kind: number) => number;
}

export function createNumbers(decisions: Decisions): Numbers {
  const cells = new Uint16Array(16 * 512).fill(32768);
  const cellBit = (at: number): number => {
    const cell = cells[at] ?? 0;
    const bit = decisions.bit(within(cell, 32, 65504));
    cells[at] = bit === 1 ? cell + ((65535 - cell) >> 4) : cell - (cell >> 4);
    return bit;
  };
  const number = (kind: number): number => {
    const first = kind * 512;
    let k = 0;
    while (k < 31 && cellBit(first + k) === 1) k++;
    let g = 1;
    for (let i = 0; i < k; i++) {
      const bit = i < 2 ? cellBit(first + 32 + 8 * k + (i === 0 ? 1 : 4 + (g & 3))) : decisions.bit(32768);
      g = 2 * g + bit;
    }
    return g - 1;
  };
  return { number, signed: (kind) => unzigzag(number(kind)) };
}

const SQUASHED = Array.from({ length: 4095 }, (_, i) => Math.floor(65536 / (1 + Math.exp(-(i - 2047) / 256)) + 0.5));
export const squash = (x: number): number => SQUASHED[x + 2047] ?? 0;

const STRETCHED = Array.from({ length: 4096 }, (_, q) => {
  const place = SQUASHED.findIndex((p) => p >= 16 * q + 8);
  return place < 0 ? 2047 : place - 2047;
});
export const stretch = (q: number): number => STRETCHED[q] ?? 0;

export interface Counter {
  q: number;
  n: number;
}

export const createCounter = (q = 2 ** 21): Counter => ({ q, n: 0 });
export const chance = (counter: Counter): number => counter.q >>> 10;

export function learnCounter(counter: Counter, bit: number): void {
  const reciprocal = Math.floor(655360 / (10 * counter.n + 16));
  counter.q += Math.floor(((bit * (2 ** 22 - 1) - counter.q) * reciprocal) / 65536);
  counter.n = Math.min(counter.n + 1, 255);
}

/** Things by number, each made when it is first asked for. */
export function createTable<Item>(make: (number: number) => Item): (number: number) => Item {
  const items = new Map<number, Item>();
  return (number) => {
    let item = items.get(number);
    if (item === undefined) items.set(number, (item = make(number)));
    return item;
  };
}

export const createRow =
  (weight: number): (() => Int32Array) =>
  () =>
    new Int32Array(16).fill(weight);

/** The result of a row. */
function mixed(inputs: readonly number[], row: Int32Array): number {
  let sum = 0;
  for (const [i, x] of inputs.entries()) sum += x * within((row[i] ?? 0) >> 4, -32768, 32767);
  return clamp(sum >> 12, 2047);
}

export const createRefinement = (): Uint16Array => Uint16Array.from({ length: 33 }, (_, j) => squash(clamp(128 * (j - 16), 2047)));

function refined(cells: Uint16Array, mean: number): number {
  const j = (mean + 2048) >> 7;
  const f = (mean + 2048) & 127;
  return ((cells[j] ?? 0) * (128 - f) + (cells[j + 1] ?? 0) * f) >> 7;
}

function learnRefinement(cells: Uint16Array, mean: number, bit: number): void {
  const j = (mean + 2048 + 64) >> 7;
  const cell = cells[j] ?? 0;
  cells[j] = cell + ((bit * 65535 - cell) >> 6);
}

/** What a decision is made of, but for its inputs. */
export interface Sum {
  readonly rows: readonly [Int32Array, Int32Array, Int32Array];
  readonly refinements: readonly [Uint16Array, Uint16Array];
  /** How many parts of four SQUASH(mean), R1 and R2 have. */
  readonly parts: readonly [number, number, number];
  readonly rate: number;
}

/** Decides, and lets rows and refinements learn. */
export function decide(decisions: Decisions, inputs: readonly number[], { rows, refinements, parts, rate }: Sum): number {
  const results = rows.map((row) => mixed(inputs, row)) as [number, number, number];
  const mean = Math.trunc((results[0] + results[1] + results[2]) / 3);
  const [first, second] = refinements;
  const p = (parts[0] * squash(mean) + parts[1] * refined(first, mean) + parts[2] * refined(second, mean) + 2) >> 2;
  const bit = decisions.bit(within(p, 16, 65520));
  for (const [number, row] of rows.entries()) {
    const e = clamp(((bit * 65536 - squash(results[number] as number)) * rate) >> 5, 32767);
    for (const [i, x] of inputs.entries()) row[i] = (row[i] ?? 0) + ((x * e + 8192) >> 14);
  }
  for (const cells of refinements) learnRefinement(cells, mean, bit);
  return bit;
}
