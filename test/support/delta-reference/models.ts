/** DELTA.md, section 9: hits and bytes. */
import {
  chance,
  createCounter,
  createRefinement,
  createRow,
  createTable,
  decide,
  learnCounter,
  stretch,
  type Counter,
  type Decisions,
} from './coder.ts';
import { createSlots, NEXT, STATES } from './histories.ts';
import { hash, PHI, times, u32 } from './numbers.ts';

/** What the models look at: section 8, State. */
export interface View {
  readonly tape: (place: number) => number;
  pos: number;
  last4: number;
  before4: number;
  word: number;
  hits: number;
  run: number;
  lastRun: number;
  differences: number;
  repeat: number;
  repeatBytes: number;
  ends: number;
  old: number;
}

/** The bytes around `old`. */
function around({ tape, old }: View): { e: number; before: number; ahead: number; far: number } {
  const number = (...places: number[]): number => places.reduce((sum, place, i) => sum + tape(old + place) * 256 ** i, 0);
  return { e: tape(old), before: number(-1, -2, -3, -4), ahead: number(1, 2, 3, 4), far: number(-6, -5) };
}

export type HitModel = (candidate: number, kind: number, confidence: number) => boolean;

export function createHitModel(view: View, decisions: Decisions): HitModel {
  const tables = Array.from({ length: 15 }, () => createTable(() => createCounter()));
  const row = createTable(createRow(5120));
  const refinement = createTable(createRefinement);
  return (candidate, kind, confidence) => {
    const about = 256 * kind + confidence;
    const { e } = around(view);
    const counters = hitContexts(view, candidate).map((context, i) => {
      let v = times(about, PHI) ^ context;
      v = times(v ^ (v >>> 15), 0x2c1b3c6d);
      return (tables[i] as (number: number) => Counter)(u32(v ^ (v >>> 13)) >>> 16);
    });
    const inputs = [...counters.map((counter) => (counter.n === 0 ? 0 : stretch(chance(counter)))), 256];
    const hit = decide(decisions, inputs, {
      rows: [row(about), row(2048 + ((view.hits & 255) | (256 * kind))), row(4096 + (e | (256 * kind)))],
      refinements: [
        refinement((about & 1023) | ((view.hits & 31) << 10)),
        refinement(32768 + (hash(e | (view.tape(view.old - 1) << 8), kind) >>> 19)),
      ],
      parts: [2, 1, 1],
      rate: 16,
    });
    for (const counter of counters) learnCounter(counter, hit);
    return hit === 1;
  };
}

function hitContexts(view: View, candidate: number): number[] {
  const { e, before, ahead, far } = around(view);
  const { hits: h, last4, pos, run, lastRun, differences } = view;
  return [
    times(h & 0xffff, 0x85ebca6b),
    hash(e | ((before & 0xffff) << 8), 1),
    hash(e | ((before & 0xffff) << 8) | (ahead << 24), 2),
    hash(before, e | 0x300),
    hash(e | ((ahead & 0xffff) << 8) | (before << 24), 4 | (before & 0xff00)),
    hash(e | (ahead << 8), 5 | ((h & 3) << 8)),
    hash(candidate | ((last4 & 0xffff) << 8) | (h << 24), 6),
    hash(last4, 7 | (candidate << 8)),
    hash(h & 0x01010101, 8 | ((pos & 7) << 8)),
    hash((h & 255) | (candidate << 8) | ((before & 255) << 16), 9),
    hash(Math.min(run, 255), 10 | (lastRun << 8)),
    hash(before ^ (far << 7), e | 0xb00 | (ahead << 16)),
    hash(differences, 12 | (e << 8)),
    hash((before & 0xffff) | (Math.min(run, 15) << 16), 13),
    hash(h & 0xffffff, 14),
  ];
}

export type ByteModel = (isOverOld: boolean) => number;

export function createByteModel(view: View, decisions: Decisions, slotBits: number): ByteModel {
  const slots = createSlots(slotBits);
  // For each o and i.
  const counters = createTable(() =>
    STATES.map(({ zeros, ones }) => createCounter(Math.floor(((2 * ones + 1) * (2 ** 22 - 1)) / (2 * zeros + 2 * ones + 2)))),
  );
  const first = createTable(() => createCounter());
  const second = createTable(() => createCounter());
  const row = createTable(createRow(14000));
  const refinement = createTable(createRefinement);
  return (isOverOld) => {
    const o = isOverOld ? 1 : 0;
    const e = isOverOld ? view.tape(view.old) : 0;
    const c = view.last4 & 255;
    const contexts = isOverOld ? oldContexts(view) : plainContexts(view);
    const guess = view.tape(view.repeat);
    let hasGuess = view.repeat !== 0;
    let found: Uint8Array[] = [];
    let tree = 1;
    for (let k = 0; k < 8; k++) {
      if (k % 4 === 0) found = contexts.map((context, i) => slots.find(slotWord(context, i, tree)));
      if ((guess | 256) >>> (8 - k) !== tree) hasGuess = false;
      const node = k < 4 ? tree : (1 << (k - 4)) | (tree & ((1 << (k - 4)) - 1));
      const counterNow = (i: number): Counter => counters(8 * o + i)[found[i]?.[node] ?? 0] as Counter;
      const chances = found.map((slot, i) => (slot[node] === 0 ? undefined : chance(counterNow(i))));
      const b = (guess >>> (7 - k)) & 1;
      const byLength = first(2 * (16 * Math.min(view.repeatBytes, 63) + 2 * (view.ends & 7) + b) + o);
      const byByte = second(2 * (8 * guess + k) + o);
      const inputs = [
        ...chances.map((q) => (q === undefined ? 0 : stretch(q))),
        ...[byLength, byByte].map((counter) => (hasGuess ? stretch(chance(counter)) : 0)),
        256,
        ...chances.slice(0, 5).map((q) => (q === undefined ? 0 : (q - 2048) >> 1)),
      ];
      const g = hasGuess ? 1 + Math.min(view.repeatBytes >>> 2, 14) : 0;
      const bit = decide(decisions, inputs, {
        rows: [row(tree + 256 * o), row(2048 + 8 * g + k + 128 * o), row(4096 + (isOverOld ? 256 + e : c))],
        refinements: [refinement(tree + 256 * o), refinement(1024 + (hash(view.last4 & 0xffff, tree | (e << 8) | (o << 16)) >>> 19))],
        parts: [1, 1, 2],
        rate: 14,
      });
      for (const [i, slot] of found.entries()) {
        learnCounter(counterNow(i), bit);
        slot[node] = (NEXT[slot[node] ?? 0] as readonly [number, number])[bit as 0 | 1];
      }
      if (hasGuess) for (const counter of [byLength, byByte]) learnCounter(counter, bit);
      tree = 2 * tree + bit;
    }
    return tree & 255;
  };
}

function slotWord(context: number, i: number, tree: number): number {
  const z = u32(times(context ^ times(i, PHI), 0x85ebca6b) + i + times(tree, 0x3d4d51cb));
  const y = times(z ^ (z >>> 16), 0x7feb352d);
  return u32(y ^ (y >>> 15));
}

function plainContexts({ last4, before4, word }: View): number[] {
  const c = last4 & 255;
  return [
    c,
    last4 & 0xffff,
    last4 & 0xffffff,
    last4,
    hash(last4, before4 & 0xffff),
    hash(word, c),
    hash(last4 & 0x00ffff00, 0x600),
    hash(last4 & 0xffff0000, 0x700),
  ];
}

function oldContexts(view: View): number[] {
  const { e, before, ahead } = around(view);
  const { hits: h, last4, differences: d } = view;
  return [
    0x80000000 | e | ((h & 255) << 8),
    hash(e | ((last4 & 255) << 8) | ((before & 255) << 16), 1),
    hash(e | ((last4 & 0xffff) << 8), 2),
    hash(e | ((before & 0xffff) << 8) | (ahead << 24), 3),
    hash(e | ((d & 0xffff) << 8), 4),
    hash(last4, 5),
    hash(last4 & 0xffff, 6),
    hash(last4 & 0xffffff, 7 | (e << 8)),
  ];
}
