/**
 * Level 5, the default, of Klaus Post's compress/flate (pgzip, and with it buildah and podman): tokens of 65,535 plain bytes at a time,
 * with a table of the last place of each four bytes, and of the last two places of each seven.
 */
import { HEADS, LONG_PLACES, PLAIN } from './layout';

const REACH: u32 = 32768;
const MARGIN: u32 = 11;
const MATCH_MAX: u32 = 258;

/** Gets literals, and matches of any length. */
let sinkEnd: usize = 0;
let history: u32 = 0;
let end: u32 = 0;
let limit: u32 = 0;
let emitted: u32 = 0;
/** Where the search stands, and where it goes on; the match that was found: its start, place and length, 0 where it is not known. */
let position: u32 = 0;
let next: u32 = 0;
let start: u32 = 0;
let place: u32 = 0;
let length: u32 = 0;

/** Writes the tokens of the plain bytes from `from` to `to` at `tokens`; returns their end. Nothing before `first` is matched. */
export function findByTables(from: u32, to: u32, first: u32, tokens: usize): usize {
  sinkEnd = tokens;
  history = first;
  end = to;
  limit = to - MARGIN;
  emitted = from;
  position = from;
  while (findNext()) {
    improve();
    while (place > history && start > emitted && byteAt(place - 1) == byteAt(start - 1)) {
      start--;
      place--;
      length++;
    }
    literals(emitted, start);
    match(length, start - place);
    position = start + length;
    emitted = position;
    if (next >= position) position = next + 1;
    if (position >= limit) break;
    noteInside();
    note(position - 1);
  }
  literals(emitted, end);
  return sinkEnd;
}

/** The next match from `position` on; false where the end comes first. */
function findNext(): bool {
  next = position;
  while (true) {
    start = next;
    next = start + 1 + ((start - emitted) >>> 6);
    if (next > limit) return false;
    const short = load<u32>(shortSlot(start));
    const long = longSlot(start);
    const current = load<u32>(long);
    const previous = load<u32>(long, 4);
    note(start);
    length = 0;
    if (isNear(start, current)) {
      if (agrees(start, current)) {
        note(next);
        place = current;
        if (!isNear(start, previous) || !agrees(start, previous)) return true;
        length = matching(start, current);
        const other = matching(start, previous);
        if (other > length) {
          place = previous;
          length = other;
        }
        return true;
      }
      if (isNear(start, previous) && agrees(start, previous)) {
        note(next);
        place = previous;
        return true;
      }
    }
    if (!isNear(start, short) || !agrees(start, short)) continue;
    place = short;
    length = matching(start, short);
    tryNext();
    return true;
  }
}

/** A match at the next position, of seven bytes by its hash, may be longer than this one. */
function tryNext(): void {
  const long = longSlot(next);
  const current = load<u32>(long);
  const previous = load<u32>(long, 4);
  note(next);
  if (!isNear(next, current)) return;
  if (agrees(next, current) && takeIfLonger(current)) return;
  if (isNear(next, previous) && agrees(next, previous)) takeIfLonger(previous);
}

function takeIfLonger(candidate: u32): bool {
  const other = matching(next, candidate);
  if (other <= length) return false;
  place = candidate;
  start = next;
  length = other;
  return true;
}

/** The whole length of the match; and another one that is longer, found by what follows it. */
function improve(): void {
  if (length == 0) length = 4 + agreeingUpTo(start + 4, place + 4);
  else if (length == MATCH_MAX) length += agreeingUpTo(start + length, place + length);
  const behind = start + length;
  if (length >= 30 || behind >= limit) return;
  const candidate = <i32>(load<u32>(longSlot(behind)) - length + 2);
  const from = start + 2;
  const distance = <i32>from - candidate;
  if (candidate < <i32>history || distance <= 0 || distance >= <i32>REACH) return;
  const other = agreeingUpTo(from, <u32>candidate);
  if (other <= length) return;
  place = <u32>candidate;
  length = other;
  start = from;
}

/** Some of the positions inside of the match are noted. */
function noteInside(): void {
  const last = emitted - 1;
  let i = emitted - length + 1;
  if (i >= last) return;
  note(i);
  noteLong(i + 1);
  noteShort(i + 2);
  for (i += 4; i < last; i += 3) {
    noteLong(i);
    noteShort(i + 1);
  }
}

function note(at: u32): void {
  noteShort(at);
  noteLong(at);
}

function noteShort(at: u32): void {
  store<u32>(shortSlot(at), at);
}

function noteLong(at: u32): void {
  const slot = longSlot(at);
  store<u32>(slot, load<u32>(slot), 4);
  store<u32>(slot, at);
}

function shortSlot(at: u32): usize {
  return HEADS + (<usize>((load<u32>(PLAIN + at) * 2654435761) >>> 17) << 2);
}

function longSlot(at: u32): usize {
  return LONG_PLACES + (<usize>(((load<u64>(PLAIN + at) << 8) * 58295818150454627) >> 49) << 3);
}

function isNear(at: u32, candidate: u32): bool {
  return candidate >= history && at - candidate < REACH;
}

function agrees(at: u32, candidate: u32): bool {
  return load<u32>(PLAIN + at) == load<u32>(PLAIN + candidate);
}

/** As far as one token goes. */
function matching(at: u32, candidate: u32): u32 {
  return min(4 + agreeingUpTo(at + 4, candidate + 4), MATCH_MAX);
}

function agreeingUpTo(at: u32, candidate: u32): u32 {
  let count: u32 = 0;
  for (; at + count < end; count += 8) {
    const difference = load<u64>(PLAIN + at + count) ^ load<u64>(PLAIN + candidate + count);
    if (difference != 0) return min(count + <u32>(ctz(difference) >> 3), end - at);
  }
  return end > at ? end - at : 0;
}

function byteAt(at: u32): u32 {
  return <u32>load<u8>(PLAIN + at);
}

function literals(from: u32, to: u32): void {
  for (; from < to; from++) put(byteAt(from));
}

function match(bytes: u32, distance: u32): void {
  while (bytes != 0) {
    const part = bytes <= MATCH_MAX ? bytes : bytes > MATCH_MAX + 3 ? MATCH_MAX : MATCH_MAX - 3;
    put((distance << 16) | part);
    bytes -= part;
  }
}

function put(token: u32): void {
  store<u32>(sinkEnd, token);
  sinkEnd += 4;
}
