/** DELTA.md, sections 4 and 5: pieces, and what the base says of addresses. */
import { u32, type Reader } from './numbers.ts';

export interface Piece {
  readonly from: number;
  readonly bytes: number;
  readonly at: number;
}

/** How far position `a` of the base has moved; undefined where that is not known. */
export type Moved = (a: number) => number | undefined;

export function createMoved(pieces: readonly Piece[]): Moved {
  const order = pieces.map((piece, number) => ({ piece, number })).toSorted((a, b) => a.piece.at - b.piece.at || a.number - b.number);
  return (a) => {
    const last = order.findLastIndex(({ piece }) => piece.at <= a);
    for (let i = last; i >= 0 && i > last - 4; i--) {
      const { from, bytes, at } = (order[i] as (typeof order)[number]).piece;
      if (a - at < bytes) return from - at;
    }
    return undefined;
  };
}

interface Span {
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly file: number;
  readonly memory: number;
}

interface Image {
  readonly start: number;
  end: number;
  readonly type: number;
  readonly spans: readonly Span[];
  readonly low: number;
  readonly high: number;
}

interface Fields {
  readonly table: number;
  readonly from: number;
  readonly end: number;
}

export interface Images {
  /** Position of the current image, 0 without one. */
  start(): number;
  imageMove(): number;
  enter(a: number): void;
  address(a: number): { readonly address: number; readonly isCode: boolean };
  locate(x: number): number | undefined;
  table(a: number): number | undefined;
  isFixedAddress(x: number): boolean;
}

export function createImages(base: Reader, baseBytes: number, moved: Moved): Images {
  const { images, tables } = scan(base, baseBytes);
  let current: Image | undefined;
  let imageMove = 0;
  let answer: { table: number | undefined; from: number; end: number } = { table: undefined, from: 0, end: 0 };
  const start = (): number => current?.start ?? 0;
  const search = (a: number): typeof answer => {
    const found = tables.find(({ from, end }) => from <= a && a < end);
    if (found !== undefined) return found;
    const from = Math.max(0, ...tables.filter(({ end }) => end <= a).map(({ end }) => end));
    return { table: undefined, from, end: Math.min(2 ** 32 - 1, ...tables.filter((table) => table.from > a).map((table) => table.from)) };
  };
  return {
    start,
    imageMove: () => imageMove,
    enter(a) {
      if (images.length === 0 || (current !== undefined && current.start <= a && a < current.end)) return;
      const before = current;
      current = images.find((image) => image.start <= a && a < image.end);
      if (current !== before) imageMove = start() === 0 ? 0 : (moved(start()) ?? 0);
    },
    address(a) {
      const offset = a - start();
      const span = current?.spans.find((candidate) => u32(offset - candidate.offset) < candidate.file);
      if (span === undefined) return { address: offset, isCode: false };
      return { address: u32(offset - span.offset + span.address), isCode: (span.flags & 1) !== 0 };
    },
    locate(x) {
      if (current === undefined) return x;
      const span = current.spans.find((candidate) => u32(x - candidate.address) < candidate.file);
      return span === undefined ? undefined : u32(x - span.address + span.offset + current.start);
    },
    table(a) {
      if (a < answer.from || a >= answer.end) answer = search(a);
      return answer.table === undefined || (a - answer.table) % 4 !== 0 ? undefined : answer.table;
    },
    isFixedAddress: (x) => current?.type === 2 && u32(current.low + 4096) <= x && x < current.high,
  };
}

function scan(base: Reader, baseBytes: number): { images: Image[]; tables: Fields[] } {
  const images: Image[] = [];
  const tables: Fields[] = [];
  for (let a = 0; a <= baseBytes - 64; a++) {
    const mark = base.le32(a);
    if (mark === 0x464c457f && base.le32(a + 4) === 0x00010102 && images.length < 64) {
      const before = images.at(-1);
      if (before !== undefined) before.end = a;
      images.push(readImage(base, baseBytes, a));
    } else if (mark === 0x3b031b01 && tables.length < 64) {
      const n = base.le32(a + 8);
      if (n <= Math.floor(baseBytes / 8) && a + 12 + 8 * n <= baseBytes) tables.push({ table: a, from: a + 12, end: a + 12 + 8 * n });
    }
  }
  return { images, tables };
}

function readImage(base: Reader, baseBytes: number, start: number): Image {
  const h = base.le64(start + 32);
  const spans: Span[] = [];
  for (let i = 0; i < Math.min(base.le16(start + 56), 64) && spans.length < 8; i++) {
    const p = start + h + 56 * i;
    if (h > baseBytes || p + 56 > baseBytes) break;
    const [offset, address, file, memory] = [8, 16, 32, 40].map((field) => base.le64(p + field)) as [number, number, number, number];
    const isSmall = [offset, address, file, memory, address + memory].every((number) => number < 2 ** 31);
    if (base.le32(p) === 1 && isSmall) spans.push({ flags: base.le32(p + 4), offset, address, file, memory });
  }
  const low = Math.min(2 ** 32 - 1, ...spans.map(({ address }) => address));
  const high = Math.max(0, ...spans.map(({ address, memory }) => address + memory));
  return { start, end: baseBytes, type: base.le16(start + 16), spans, low, high };
}
