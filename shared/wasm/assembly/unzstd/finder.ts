/**
 * Finds the sequences of a block one after the other, as Klaus Post's zstd does at its default level: two tables of the last places of five and of eight
 * bytes, and the two distances before. Whatever a sequence was, the next one is predicted from where it ended.
 */
import { LONG_BITS, LONG_PLACES, PLACES_END, REPEATS_FOUND, SHORT_BITS, SHORT_PLACES, WINDOW } from './layout';
import { distanceOf } from './sequences';

/** The sequence that was predicted. */
export let foundLiterals: u32 = 0;
export let foundMatch: u32 = 0;
export let foundOffset: u32 = 0;

/** Where the next search begins, the block ends, and the frame begins. */
let at: usize = 0;
let blockEnd: usize = 0;
let frameStart: usize = 0;
/** Behind the last sequence. */
let emitted: usize = 0;
/** No sequence is begun from here on. */
let limit: usize = 0;
let count: u32 = 0;
/** A block that is all of its frame has an encoder of its own, that differs in small things. */
let isWhole: bool = false;
/** The distance before the last is tried right behind a match. */
let triesSecond: bool = false;
let lastMatchEnd: usize = 0;

/** Bytes that were compared in the block: corrections could make it many more than it has. */
let compared: u32 = 0;
const COMPARED_MAX: u32 = 32 * 1024 * 1024;

const LEAST_BYTES: u32 = 16;
const MARGIN: u32 = 10;

export function startPlaces(): void {
  memory.fill(SHORT_PLACES, 0, PLACES_END - SHORT_PLACES);
}

/** The plain bytes have been moved down. */
export function movePlaces(shift: u32): void {
  for (let place = SHORT_PLACES; place < PLACES_END; place += 8) {
    const address = load<u32>(place);
    store<u32>(place, address > shift ? address - shift : 0);
  }
}

/** A block begins; the distances to repeat are in REPEATS_FOUND. */
export function startFinding(block: usize, bytes: u32, frame: usize, whole: bool): void {
  at = block;
  emitted = block;
  blockEnd = block + bytes;
  limit = bytes < LEAST_BYTES ? block : blockEnd - MARGIN;
  frameStart = frame;
  isWhole = whole;
  count = 0;
  compared = 0;
  triesSecond = false;
}

export function isTooMuch(): bool {
  return compared > COMPARED_MAX;
}

/** Predicts the next sequence; false: there is none. */
export function find(): bool {
  return (triesSecond && findSecond()) || search();
}

/** The sequence that there is, predicted or not. False where it is impossible. */
export function accept(literals: u32, match: u32, offset: u32): bool {
  const left = <u32>(blockEnd - emitted);
  if (literals > left || match >= left || literals + match + 3 > left) return false;
  const start = emitted + literals;
  if (distanceOf(REPEATS_FOUND, offset, literals) == 0) return false;
  emitted = start + match + 3;
  at = emitted;
  count++;
  if (offset > 3) {
    triesSecond = count > (isWhole ? 2 : 3);
    lastMatchEnd = at;
    if (at < limit) noteMatch(start);
  } else if (literals != 0) triesSecond = false;
  return true;
}

/** Right behind a match, the distance before the last one. */
function findSecond(): bool {
  triesSecond = false;
  const distance = <usize>load<u32>(REPEATS_FOUND, 4);
  if (at >= limit || distance == 0 || distance > at - frameStart || load<u32>(at) != load<u32>(at - distance)) return false;
  const value = load<u64>(at);
  store<u64>(longPlace(value), entry(at, <u32>value));
  store<u64>(shortPlace(isWhole ? load<u64>(lastMatchEnd) : value), entry(at, <u32>value));
  foundLiterals = 0;
  foundMatch = agreeing(at + 4, at + 4 - distance) + 1;
  foundOffset = 1;
  triesSecond = true;
  return true;
}

function search(): bool {
  const distance = count > 2 ? <usize>load<u32>(REPEATS_FOUND) : 0;
  // Local to this function, for speed.
  const start = frameStart;
  const last = emitted;
  const end = limit;
  let here = at;
  while (here < end) {
    const value = load<u64>(here);
    const low = <u32>value;
    const longAt = longPlace(value);
    const shortAt = shortPlace(value);
    const long = load<u64>(longAt);
    const short = load<u64>(shortAt);
    const noted = entry(here, low);
    store<u64>(longAt, noted);
    store<u64>(shortAt, noted);
    if (distance != 0 && distance <= here + 1 - start && load<u32>(here + 1 - distance) == <u32>(value >> 8)) {
      at = here;
      foundOffset = 1;
      reachBack(here + 1, here + 1 - distance, agreeing(here + 5, here + 5 - distance) + 4, last + 1, here);
      return true;
    }
    if (<u32>(long >> 32) == low && isNear(long, here, start)) {
      at = here;
      takeMatch(here, <usize>long);
      return true;
    }
    if (<u32>(short >> 32) == low && isNear(short, here, start)) {
      at = here;
      takeShort(here, <usize>short);
      return true;
    }
    here += 1 + ((here - last) >>> 7);
  }
  at = here;
  return false;
}

/** A match of five bytes by its hash; one of eight at the next place is better. */
function takeShort(here: usize, place: usize): void {
  const next = load<u64>(here + 1);
  const nextAt = longPlace(next);
  const longer = load<u64>(nextAt);
  store<u64>(nextAt, entry(here + 1, <u32>next));
  if (<u32>(longer >> 32) == <u32>next && isNear(longer, here + 1, frameStart)) takeMatch(here + 1, <usize>longer);
  else takeMatch(here, place);
}

function takeMatch(from: usize, place: usize): void {
  foundOffset = <u32>(from - place) + 3;
  reachBack(from, place, agreeing(from + 4, place + 4) + 4, emitted, from);
}

/** The match reaches back as far as bytes agree, but not before `least`, nor to the window before `base`. */
function reachBack(from: usize, place: usize, length: u32, least: usize, base: usize): void {
  const placeLeast = base - frameStart > <usize>WINDOW ? base - <usize>WINDOW : frameStart;
  while (place > placeLeast && from > least && load<u8>(place - 1) == load<u8>(from - 1)) {
    place--;
    from--;
    length++;
  }
  foundLiterals = <u32>(from - emitted);
  foundMatch = length - 3;
}

/** The second and the last but one place of a match are noted as long, those behind them as short. */
function noteMatch(start: usize): void {
  const first = start + 1;
  const last = at - 2;
  const firstValue = load<u64>(first);
  const lastValue = load<u64>(last);
  store<u64>(longPlace(firstValue), entry(first, <u32>firstValue));
  store<u64>(longPlace(lastValue), entry(last, <u32>lastValue));
  store<u64>(shortPlace(firstValue >> 8), entry(first + 1, <u32>(firstValue >> 8)));
  store<u64>(shortPlace(lastValue >> 8), entry(last + 1, <u32>(lastValue >> 8)));
}

// @ts-ignore: a decorator of the compiler
@inline
function isNear(place: u64, from: usize, start: usize): bool {
  return <usize>place >= start && <u32>(from - <usize>place - 1) < WINDOW - 1;
}

// @ts-ignore: a decorator of the compiler
@inline
function entry(address: usize, low: u32): u64 {
  return <u64>address | (<u64>low << 32);
}

// @ts-ignore: a decorator of the compiler
@inline
function longPlace(value: u64): usize {
  return LONG_PLACES + <usize>(((value * 0xcf1bbcdcb7a56463) >> (64 - LONG_BITS)) << 3);
}

// @ts-ignore: a decorator of the compiler
@inline
function shortPlace(value: u64): usize {
  return SHORT_PLACES + <usize>((((value << 24) * 889523592379) >> (64 - SHORT_BITS)) << 3);
}

function agreeing(from: usize, place: usize): u32 {
  const bytes = countAgreeing(from, place);
  compared += bytes;
  return bytes;
}

function countAgreeing(from: usize, place: usize): u32 {
  const start = from;
  while (from + 8 <= blockEnd) {
    const difference = load<u64>(from) ^ load<u64>(place);
    if (difference != 0) return <u32>(from - start) + <u32>(ctz(difference) >> 3);
    from += 8;
    place += 8;
  }
  while (from < blockEnd && load<u8>(from) == load<u8>(place)) {
    from++;
    place++;
  }
  return <u32>(from - start);
}
