/** DEFLATE.md, sections 3, 5 and 6: symbols collected, and written in one of the three forms of RFC 1951. */
import { canonicalCodes, codeLengths, type Codes } from './deflate-codes.ts';

export interface Block {
  literal(byte: number): void;
  match(length: number, distance: number): void;
  /** @param bytes of content that the block stands for by now */
  isFull(bytes: number): boolean;
  /** @param content undefined where it has left the window */
  end(content: Uint8Array | undefined, isLast: boolean): void;
  finish(): Uint8Array;
}

interface Code {
  readonly symbol: number;
  readonly extra: number;
  readonly rest: number;
}

/** RFC 1951, 3.2.5. */
function lengthCode(length: number): Code {
  if (length === 258) return { symbol: 285, extra: 0, rest: 0 };
  let base = 3;
  for (let code = 0; ; code++) {
    const extra = code < 8 ? 0 : (code - 4) >> 2;
    if (length < base + 2 ** extra) return { symbol: 257 + code, extra, rest: length - base };
    base += 2 ** extra;
  }
}

function distanceCode(distance: number): Code {
  let base = 1;
  for (let symbol = 0; ; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >> 1;
    if (distance < base + 2 ** extra) return { symbol, extra, rest: distance - base };
    base += 2 ** extra;
  }
}

const END: Code = { symbol: 256, extra: 0, rest: 0 };
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const FIXED_LITERALS = canonicalCodes(
  Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = canonicalCodes(Array.from({ length: 30 }, () => 5));

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
const frequencies = (codes: readonly Code[], symbols: number): number[] => {
  const counts = Array.from({ length: symbols }, () => 0);
  for (const { symbol } of codes) counts[symbol] = (counts[symbol] ?? 0) + 1;
  return counts;
};
const bitsOf = (codes: readonly Code[], { lengths }: Codes): number =>
  total(codes.map(({ symbol, extra }) => (lengths[symbol] ?? 0) + extra));

export function createBlock(blockSymbols: number, isRoughlyMeasured: boolean): Block {
  const bits: number[] = [];
  const put = (value: number, count: number): void => {
    for (let i = 0; i < count; i++) bits.push((value >>> i) & 1);
  };
  const putCode = ({ symbol, extra, rest }: Code, { lengths, codes }: Codes): void => {
    for (let i = (lengths[symbol] ?? 0) - 1; i >= 0; i--) bits.push(((codes[symbol] ?? 0) >>> i) & 1);
    put(rest, extra);
  };
  let symbols: { literal: Code; distance?: Code }[] = [];

  const dynamicCodes = (
    literals: readonly Code[],
    distances: readonly Code[],
  ): { literal: Codes; distance: Codes; write: () => void; bits: number } => {
    const literal = codeLengths(frequencies(literals, 286), 15);
    const distance = codeLengths(frequencies(distances, 30), 15);
    const sent = [...stretches(literal.lengths), ...stretches(distance.lengths)];
    const length = codeLengths(frequencies(sent, 19), 7);
    const count = Math.max(4, LENGTH_ORDER.findLastIndex((symbol) => (length.lengths[symbol] ?? 0) !== 0) + 1);
    const write = (): void => {
      put(literal.lengths.length - 257, 5);
      put(distance.lengths.length - 1, 5);
      put(count - 4, 4);
      for (const symbol of LENGTH_ORDER.slice(0, count)) put(length.lengths[symbol] ?? 0, 3);
      for (const code of sent) putCode(code, length);
    };
    return {
      literal,
      distance,
      write,
      bits: 14 + 3 * count + bitsOf(sent, length) + bitsOf(literals, literal) + bitsOf(distances, distance),
    };
  };

  return {
    literal: (byte) => void symbols.push({ literal: { symbol: byte, extra: 0, rest: 0 } }),
    match: (length, distance) => void symbols.push({ literal: lengthCode(length), distance: distanceCode(distance) }),
    isFull(bytes) {
      const count = symbols.length;
      if (isRoughlyMeasured && count % 4096 === 0) {
        const distances = symbols.flatMap(({ distance }) => distance ?? []);
        const rough = count * 8 + total(distances.map(({ extra }) => 5 + extra));
        if (distances.length < count / 2 && Math.floor(rough / 8) < Math.floor(bytes / 2)) return true;
      }
      return count === blockSymbols;
    },
    end(content, isLast) {
      const literals = [...symbols.map(({ literal }) => literal), END];
      const distances = symbols.flatMap(({ distance }) => distance ?? []);
      const made = dynamicCodes(literals, distances);
      const dynamic = Math.ceil((made.bits + 3) / 8);
      const fixed = Math.ceil((bitsOf(literals, FIXED_LITERALS) + bitsOf(distances, FIXED_DISTANCES) + 3) / 8);
      put(isLast ? 1 : 0, 1);
      if (content !== undefined && content.byteLength <= Math.min(dynamic, fixed) - 4) {
        put(0, 2);
        while (bits.length % 8 !== 0) bits.push(0);
        put(content.byteLength, 16);
        put(~content.byteLength, 16);
        for (const byte of content) put(byte, 8);
      } else {
        const isFixed = fixed <= dynamic;
        put(isFixed ? 1 : 2, 2);
        if (!isFixed) made.write();
        for (const { literal, distance } of [...symbols, { literal: END }] as typeof symbols) {
          putCode(literal, isFixed ? FIXED_LITERALS : made.literal);
          if (distance !== undefined) putCode(distance, isFixed ? FIXED_DISTANCES : made.distance);
        }
      }
      symbols = [];
    },
    finish: () =>
      Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, at) =>
        total([0, 1, 2, 3, 4, 5, 6, 7].map((i) => (bits[8 * at + i] ?? 0) << i)),
      ),
  };
}

/** Code lengths as they are sent. */
function stretches(lengths: readonly number[]): Code[] {
  const sent: Code[] = [];
  let before = -1;
  for (let at = 0; at < lengths.length;) {
    const length = lengths[at] ?? 0;
    const most = length === 0 ? 138 : length === before ? 6 : 7;
    let run = 1;
    while (run < most && lengths[at + run] === length) run++;
    at += run;
    const least = length === 0 || length === before ? 3 : 4;
    const one: Code = { symbol: length, extra: 0, rest: 0 };
    if (run < least) sent.push(...Array.from({ length: run }, () => one));
    else if (length === 0) sent.push(run <= 10 ? { symbol: 17, extra: 3, rest: run - 3 } : { symbol: 18, extra: 7, rest: run - 11 });
    else if (length === before) sent.push({ symbol: 16, extra: 2, rest: run - 3 });
    else sent.push(one, { symbol: 16, extra: 2, rest: run - 4 });
    before = length;
  }
  return sent;
}
