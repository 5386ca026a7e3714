/**
 * A hash index over the base: for each key the positions at which it begins, the last one first. Only keys that the target has, too, are taken
 * in: of a base that is larger than its target those are few.
 *
 * Entries lie bucket by bucket: 24 bits of a position's number, and above them eight more bits of its key's hash.
 */
import { base, baseBytes, target, targetBytes } from './content';
import { hashOf, isRun, isSameKey, KEY_BYTES } from './keys';

const NUMBER_BITS: u32 = 24;
/** Entries of a bucket that are looked at for one key. */
const LOOKED_AT_MAX: u32 = 1024;

/** Where the entries of each bucket begin; they end where the next ones begin. */
let buckets: usize = 0;
let entries: usize = 0;
let bucketShift: u64 = 0;
/** A bit for each hash that a key of the target has. */
let notes: usize = 0;
let noteShift: u64 = 0;
/** A bit for each position that is indexed. */
let taken: usize = 0;
let stride: u32 = 1;

/**
 * @param bucketsAt room for `4 << bucketBits` bytes, and 4
 * @param entriesAt room for 4 bytes for each position that may be indexed, at most 2^24
 * @param notesAt room for `1 << (noteBits - 3)` bytes, and `takenAt` for a bit for each position: both for this call alone
 * @param step every how many bytes a position is indexed
 * All but the room for entries is zero.
 */
export function indexBase(bucketsAt: usize, bucketBits: i32, entriesAt: usize, notesAt: usize, noteBits: i32, takenAt: usize, step: u32): void {
  buckets = bucketsAt;
  entries = entriesAt;
  bucketShift = 64 - bucketBits;
  notes = notesAt;
  noteShift = 64 - noteBits;
  taken = takenAt;
  stride = step;
  if (baseBytes < KEY_BYTES || targetBytes < KEY_BYTES) return;
  noteTarget();
  countEntries();
  // From how many there are to where they end; from there, entry by entry, back to where they begin.
  let end: u32 = 0;
  const bucketsEnd = buckets + (<usize>4 << bucketBits);
  for (let bucket = buckets; bucket < bucketsEnd; bucket += 4) store<u32>(bucket, (end += load<u32>(bucket)));
  store<u32>(bucketsEnd, end);
  putEntries();
}

function noteTarget(): void {
  const last = targetBytes - KEY_BYTES;
  for (let at: u32 = 0; at <= last; at++) {
    if (isRun(target + at)) continue;
    const note = hashOf(target + at) >> noteShift;
    const byte = notes + <usize>(note >> 3);
    store<u8>(byte, load<u8>(byte) | bit(<u32>note));
  }
}

function countEntries(): void {
  const last = baseBytes - KEY_BYTES;
  for (let at: u32 = 0, number: u32 = 0; at <= last; at += stride, number++) {
    if (isRun(base + at)) continue;
    const hash = hashOf(base + at);
    const note = hash >> noteShift;
    if ((load<u8>(notes + <usize>(note >> 3)) & bit(<u32>note)) == 0) continue;
    const bucket = bucketOf(hash);
    store<u32>(bucket, load<u32>(bucket) + 1);
    const byte = taken + (number >> 3);
    store<u8>(byte, load<u8>(byte) | bit(number));
  }
}

function putEntries(): void {
  const count = (baseBytes - KEY_BYTES) / stride + 1;
  for (let first: u32 = 0; first < count; first += 8) {
    for (let bits: u32 = load<u8>(taken + (first >> 3)); bits != 0; bits &= bits - 1) {
      const number = first + <u32>ctz(bits);
      const hash = hashOf(base + number * stride);
      const bucket = bucketOf(hash);
      const entry = load<u32>(bucket) - 1;
      store<u32>(bucket, entry);
      store<u32>(entries + (<usize>entry << 2), (markOf(hash) << NUMBER_BITS) | number);
    }
  }
}

/** Of the keys fetched last; without a use of what was read it would not be read. */
export let fetched: u32 = 0;

/** Brings into the cache what `lookUp` reads for `count` keys, the first of which is at `from`. */
export function fetchKeys(from: usize, count: u32): void {
  let sum: u32 = 0;
  for (const end = from + count; from < end; from++) sum += load<u32>(entries + (<usize>load<u32>(bucketOf(hashOf(from))) << 2));
  fetched = sum;
}

let wanted: u32 = 0;
let next: usize = 0;
let last: usize = 0;

/** Begins to look for the key at `from`. */
export function lookUp(from: usize): void {
  const hash = hashOf(from);
  const bucket = bucketOf(hash);
  const first = load<u32>(bucket);
  wanted = markOf(hash);
  next = entries + (<usize>first << 2);
  last = entries + (<usize>min(load<u32>(bucket, 4), first + LOOKED_AT_MAX) << 2);
}

/** The next position at which it may stand; `u32.MAX_VALUE` where there is none. */
export function nextPosition(): u32 {
  while (next < last) {
    const entry = load<u32>(next);
    next += 4;
    if (entry >>> NUMBER_BITS == wanted) return (entry & ((1 << NUMBER_BITS) - 1)) * stride;
  }
  return u32.MAX_VALUE;
}

/** True where the key at `from` stands at position `at` of the base. */
export function hasKey(from: usize, at: u32): bool {
  return isSameKey(from, base + at);
}

// @ts-ignore: decorator
@inline
function bit(number: u32): u8 {
  return <u8>((<u32>1) << (number & 7));
}

// @ts-ignore: decorator
@inline
function bucketOf(hash: u64): usize {
  return buckets + (<usize>(hash >> bucketShift) << 2);
}

// @ts-ignore: decorator
@inline
function markOf(hash: u64): u32 {
  return <u32>(hash >> (bucketShift - 8)) & 0xff;
}
