/** Lazy encoders as shared/DEFLATE.md, section 6, describes them: slowly, place by place; and their tokens as one block of deflate. */
import { makerSettings, type Maker, type MakerSettings } from '../../shared/deflate/makers.ts';
import { createBlock } from './delta-reference/deflate-block.ts';

/** A literal, or a match: distance * 512 + length. */
export type Token = number;

const MATCH_MAX = 258;
const WINDOW_BYTES = 32_768;
const ZLIB_REACH = WINDOW_BYTES - 262;
const GO_LAZY = 3;
const [CHROMIUM, GO] = [2, 3];

interface Search extends MakerSettings {
  readonly plain: Uint8Array;
  /** Of each position the one before it with its hash; -1: none. */
  readonly before: Int32Array;
  base: number;
}

/** What an encoder with a lazy finder and a small window for its hash makes of `plain`. */
export function lazyTokens(plain: Uint8Array, maker: Maker): Token[] {
  const settings = makerSettings(maker);
  if (settings === undefined) throw new Error('no such maker');
  const search: Search = { ...settings, plain, before: chainOf(plain, settings.hashKind), base: 0 };
  const least = settings.finder === GO_LAZY ? 4 : 3;
  const tokens: Token[] = [];
  let found = 0;
  for (let at = 0; at < plain.byteLength;) {
    if (found === 0) found = longest(search, at, least - 1);
    if (settings.finder !== GO_LAZY && lengthOf(found) === 3 && found >> 9 > 4096) found = 0;
    const length = lengthOf(found);
    const next = found !== 0 && length < settings.lazy ? longest(search, at + 1, settings.finder === GO_LAZY ? 3 : length) : 0;
    if (found !== 0 && lengthOf(next) <= length) {
      tokens.push(found);
      at += length;
      found = 0;
    } else {
      tokens.push(plain[at] as number);
      at++;
      found = next;
    }
  }
  return tokens;
}

function lengthOf(token: Token): number {
  return token & 511;
}

function chainOf(plain: Uint8Array, hashKind: number): Int32Array {
  const before = new Int32Array(plain.byteLength).fill(-1);
  const last = new Map<number, number>();
  for (let at = 0; at + (hashKind === GO ? 4 : 3) <= plain.byteLength; at++) {
    const hash = hashOf(plain, at, hashKind);
    before[at] = last.get(hash) ?? -1;
    last.set(hash, at);
  }
  return before;
}

function hashOf(plain: Uint8Array, at: number, hashKind: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = plain.subarray(at, at + 4);
  if (hashKind === GO) return Math.imul(0x1e35a7bd, (a << 24) | (b << 16) | (c << 8) | d) >>> 15;
  if (hashKind === CHROMIUM) return ((Math.imul(66_521, a | (b << 8) | (c << 16) | (d << 24)) + 66_521) >>> 16) & 0x7fff;
  return hashKind === 0 ? ((a << 10) ^ (b << 5) ^ c) & 0x7fff : ((a << 12) ^ (b << 6) ^ c) & 0xffff;
}

/** The longest match at `at` that is longer than `best`; 0: none. */
function longest(search: Search, at: number, best: number): Token {
  const { plain, before, finder, good, nice, looks } = search;
  const isGo = finder === GO_LAZY;
  const ahead = Math.min(plain.byteLength - at, MATCH_MAX);
  if (ahead < (isGo ? 4 : 3)) return 0;
  if (at - search.base >= 65_275) search.base += WINDOW_BYTES;
  let found = 0;
  let place = at;
  for (let left = !isGo && best >= good ? looks >> 2 : looks; left > 0; left--) {
    const step = place - (before[place] as number);
    const isFirst = place === at;
    if ((before[place] as number) < 0 || step > WINDOW_BYTES) break;
    place -= step;
    if (place < search.base + (isGo ? 0 : 1) || at - place > (isGo ? WINDOW_BYTES : isFirst ? ZLIB_REACH : ZLIB_REACH - 1)) break;
    let length = 0;
    while (length < ahead && plain[place + length] === plain[at + length]) length++;
    if (length <= best || (isGo && length === 4 && at - place > 4096)) continue;
    best = length;
    found = ((at - place) << 9) | length;
    if (length >= Math.min(nice, ahead)) break;
  }
  return found;
}

/** The tokens in one block, as zlib writes it. */
export function blockOf(tokens: readonly Token[]): Uint8Array {
  const block = createBlock(tokens.length, false);
  for (const token of tokens) {
    if (token < 256) block.literal(token);
    else block.match(lengthOf(token), token >> 9);
  }
  block.end(undefined, true);
  return block.finish();
}
