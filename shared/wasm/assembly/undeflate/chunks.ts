/** Encoders that work on 65,535 plain bytes at a time; here Go's fastest level, with a table of the last place of each four bytes. */
import { reachEnd } from './chains';
import { CHUNK_TOKENS, HEADS, LONG_PLACES, LONG_PLACES_BYTES, PLAIN } from './layout';
import { agreeing } from './match';
import { at } from './plain';
import { finder, GO_SPEED, TABLES } from './settings';
import { findByTables } from './tables';

const CHUNK_BYTES: u32 = 65535;
/** Of the heads, as whole positions. */
const HEADS_BYTES: usize = 32768 * 4;
const REACH: u32 = 32768;
/** Nothing is looked up in the last bytes of a chunk. */
const MARGIN: u32 = 15;

let chunkStart: u32 = 0;
let chunkEnd: u32 = 0;
/** The next predicted token, and where it starts; no more than `tokenEnd` of them. */
let token: usize = 0;
let tokenEnd: usize = 0;
let tokenStart: u32 = 0;
/** Before this position there is nothing to match. */
let history: u32 = 0;

export function restartChunks(): void {
  if (finder >= GO_SPEED) {
    memory.fill(HEADS, 0, HEADS_BYTES);
    memory.fill(LONG_PLACES, 0, LONG_PLACES_BYTES);
  }
  chunkStart = at;
  chunkEnd = at;
  token = 0;
  tokenEnd = 0;
  history = at;
}

export function moveChunks(shift: u32): void {
  if (finder >= GO_SPEED) {
    movePlaces(HEADS, HEADS_BYTES, shift);
    movePlaces(LONG_PLACES, LONG_PLACES_BYTES, shift);
  }
  chunkStart -= shift;
  chunkEnd = chunkEnd > shift ? chunkEnd - shift : 0;
  tokenStart = tokenStart > shift ? tokenStart - shift : 0;
  history = history > shift ? history - shift : 0;
}

function movePlaces(table: usize, bytes: usize, shift: u32): void {
  for (let slot = table; slot < table + bytes; slot += 4) {
    const position = load<u32>(slot);
    store<u32>(slot, position > shift ? position - shift : 0);
  }
}

/** The token that was found for `at`; a literal where the tokens before went another way. */
export function chunkToken(): u32 {
  if (at >= chunkEnd) findChunk();
  while (tokenStart < at && token < tokenEnd) nextToken();
  const found = load<u32>(token);
  if (tokenStart != at || token >= tokenEnd) return <u32>load<u8>(PLAIN + at);
  return found;
}

function nextToken(): void {
  const found = load<u32>(token);
  tokenStart += found < 256 ? 1 : found & 0xffff;
  token += 4;
}

function findChunk(): void {
  chunkStart = at;
  chunkEnd = min(at + CHUNK_BYTES, reachEnd);
  token = CHUNK_TOKENS;
  tokenEnd = CHUNK_TOKENS;
  tokenStart = at;
  const bytes = chunkEnd - chunkStart;
  if (bytes < 128) {
    // A small last chunk is stored or coded without matches.
    literals(chunkStart, chunkEnd);
    history = chunkEnd;
    return;
  }
  if (finder == TABLES) tokenEnd = findByTables(chunkStart, chunkEnd, max(history, 1), CHUNK_TOKENS);
  else findMatches();
  const tokens = <u32>((tokenEnd - CHUNK_TOKENS) >>> 2);
  if (tokens <= bytes - (bytes >>> 4)) return;
  tokenEnd = CHUNK_TOKENS;
  literals(chunkStart, chunkEnd);
}

function findMatches(): void {
  const limit = chunkEnd - MARGIN;
  let emitted = chunkStart;
  let position = chunkStart;
  let isFresh = true;
  while (true) {
    let candidate: u32 = 0;
    if (isFresh) {
      let skip: u32 = 32;
      let next = position;
      let isFound = false;
      while (true) {
        position = next;
        const step = skip >>> 5;
        next = position + step;
        skip += step;
        if (next > limit) break;
        candidate = swap(position);
        if (isMatch(position, candidate)) {
          isFound = true;
          break;
        }
      }
      if (!isFound) break;
      literals(emitted, position);
    } else {
      swap(position - 1);
      candidate = swap(position);
      if (!isMatch(position, candidate)) {
        position++;
        isFresh = true;
        continue;
      }
    }
    const length = min(agreeing(PLAIN + position, PLAIN + candidate), min(chunkEnd - position, 258));
    store<u32>(tokenEnd, ((position - candidate) << 16) | length);
    tokenEnd += 4;
    position += length;
    emitted = position;
    if (position >= limit) break;
    isFresh = false;
  }
  literals(emitted, chunkEnd);
}

function literals(from: u32, end: u32): void {
  for (let position = from; position < end; position++) {
    store<u32>(tokenEnd, <u32>load<u8>(PLAIN + position));
    tokenEnd += 4;
  }
}

/** Notes `position` as the last place of its four bytes; returns the one before. */
function swap(position: u32): u32 {
  const slot = HEADS + (<usize>((load<u32>(PLAIN + position) * 0x1e35a7bd) >>> 18) << 2);
  const before = load<u32>(slot);
  store<u32>(slot, position);
  return before;
}

function isMatch(position: u32, candidate: u32): bool {
  return candidate >= history && candidate != 0 && position - candidate <= REACH && load<u32>(PLAIN + candidate) == load<u32>(PLAIN + position);
}
