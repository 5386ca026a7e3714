/** DELTA.md, section 5: operands and their predictions. */
import { createImages, type Moved } from './images.ts';
import { PHI, times, u32, type Reader } from './numbers.ts';

export interface Operands {
  /** Bytes of the current operand still to come. */
  left(): number;
  find(a: number, pos: number, last: number): void;
  predicted(): number;
  pass(byte: number): void;
  drop(): void;
  outcomes(): number;
  confidence(): number;
}

type Found = readonly [kind: number, x: number, reference: number];

const exactAt = (x: number): number => times(x, PHI) >>> 16;
const regionAt = (x: number): number => times(x >>> 8, PHI) >>> 18;

/** @param target what is made of it so far */
export function createOperands(base: Reader, baseBytes: number, target: Reader, moved: Moved): Operands {
  const images = createImages(base, baseBytes, moved);
  const exact = Array.from({ length: 1 << 16 }, () => [0, 0] as [number, number]);
  const region = Array.from({ length: 1 << 14 }, () => [0, 0] as [number, number]);
  const outcomes = new Map<number, number>();
  let tableBefore: number | undefined;
  let tableMove = 0;
  let left = 0;
  let kind = 0;
  let source = 0;
  let prediction = 0;
  let old = 0;
  let x = 0;
  let reference = 0;
  let wrong = 0;
  let start = 0;

  const key = (): number => kind * 4 + source;
  const outcome = (): number => outcomes.get(key()) ?? 0;

  const inInstruction = (a: number, pos: number, last: number): Found | undefined => {
    const b = base.byte(a - 1);
    if (b !== last || u32(old + 2 ** 26) > 2 ** 27) return undefined;
    const operand = (number: number): Found => [number, u32(images.address(a).address + 4 + old), pos - a - images.imageMove()];
    if (b === 0xe8) return operand(1);
    if (b === 0xe9) return operand(2);
    if ((b & 0xf0) === 0x80 && base.byte(a - 2) === 0x0f) return operand(3);
    return (b & 0xc7) === 0x05 ? operand(4) : undefined;
  };

  const isFrame = (a: number): boolean => {
    const back = base.le32(a - 4);
    const n = base.le32(a - 8);
    const c = a - 4 - back;
    if (a < 64 || back < 1 || back > a - 4 || n < 8 || n > 65535 || n % 4 !== 0) return false;
    return base.le32(c + 4) === 0 && base.byte(c + 8) === 1 && u32(base.le32(c) - 8) < 120;
  };

  const inData = (a: number, pos: number, last: number): Found | undefined => {
    if ((a - images.start()) % 8 === 0 && old >= 2 ** 12 && old < 2 ** 27 && base.le32(a + 4) === 0) return [5, old, 0];
    const table = images.table(a);
    if (table !== undefined) {
      if (table !== tableBefore) tableMove = (moved(table) ?? 0) - images.imageMove();
      tableBefore = table;
      return [6, u32(images.address(table).address + old), tableMove];
    }
    const { address, isCode } = images.address(a);
    if ((a - images.start()) % 4 === 0 && isFrame(a)) return [7, u32(address + old), pos - a - images.imageMove()];
    return images.isFixedAddress(old) && base.byte(a - 1) === last && isCode ? [8, old, 0] : undefined;
  };

  const moveOf = (address: number): number => {
    const [known, move] = exact[exactAt(address)] as [number, number];
    source = 1;
    if (known === address) return move;
    const a = images.locate(address);
    const shift = a === undefined || a >= baseBytes ? undefined : moved(a);
    source = 2;
    if (shift !== undefined) return shift - images.imageMove();
    const [near, nearMove] = region[regionAt(address)] as [number, number];
    source = near === (address >>> 8) + 1 ? 3 : 0;
    return nearMove;
  };

  return {
    left: () => left,
    find(a, pos, last) {
      images.enter(a);
      if (a < 2 || a + 8 > baseBytes) return;
      old = base.le32(a);
      const found = inInstruction(a, pos, last) ?? inData(a, pos, last);
      if (found === undefined) return;
      [kind, x, reference] = found;
      const move = moveOf(x);
      prediction = source === 0 ? old : u32(old + move - reference);
      left = 4;
      wrong = 0;
      start = pos;
    },
    predicted: () => (prediction >>> (8 * (4 - left))) & 255,
    pass(byte) {
      const s = 8 * (4 - left);
      const predicted = (prediction >>> s) & 255;
      if (predicted !== byte) {
        wrong = 1;
        const d = (byte - predicted + 256) % 256;
        prediction = u32(prediction + ((d < 128 ? d : d - 256) << s));
      }
      left--;
      if (left > 0) return;
      const m = (target.le32(start) - old + reference) | 0;
      exact[exactAt(x)] = [x, m];
      region[regionAt(x)] = [(x >>> 8) + 1, m];
      outcomes.set(key(), (2 * outcome() + wrong) % 256);
    },
    drop() {
      left = 0;
    },
    outcomes: outcome,
    confidence() {
      const group = kind === 5 ? 1 : kind === 4 ? 2 : kind >= 6 ? 3 : 0;
      return source + 4 * wrong + 8 * (4 - left) + 32 * group + 128 * (outcome() & 1);
    },
  };
}
