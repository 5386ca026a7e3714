/**
 * The executables (ELF, 64 bit, little endian) inside the base: where their parts lie in memory when loaded, so that an address
 * can be followed to the bytes it names; and the tables of frames (.eh_frame_hdr, Linux Standard Base 5.0, 10.6.2).
 */
import { base, baseBytes } from './contents';
import { FRAME_TABLES, IMAGES, SPANS } from './layout';

const IMAGES_MAX: u32 = 64;
const SPANS_MAX: u32 = 8;
const IMAGE: u32 = 32;
const SPAN: u32 = 16;
const TABLES_MAX: u32 = 64;
const ADDRESS_MAX: u64 = 0x7fffffff;
/** An offset that names nothing. */
export const NOWHERE: u32 = u32.MAX_VALUE;

let imageCount: u32 = 0;
let tableCount: u32 = 0;
/** The image around the current base position: its first byte, and its end. 0 and 0: none. */
let image: usize = 0;
export let imageStart: u32 = 0;
let imageEnd: u32 = 0;
/** True where the image is loaded where it says, so that addresses stand in its code. */
export let isFixed: bool = false;
/** The table of frames around the position asked for last, and the range in which that answer holds. */
let table: u32 = NOWHERE;
let tableFrom: u32 = 0;
let tableTo: u32 = 0;
/** Positions of the base between which neither the image nor the table changes, there is no table, and no address stands in code. */
let plainFrom: u32 = 0;
let plainTo: u32 = 0;
let lowest: u32 = 0;
let highest: u32 = 0;

/** Finds images and tables in the base. */
export function scanImages(): void {
  imageCount = 0;
  tableCount = 0;
  image = 0;
  imageStart = 0;
  imageEnd = 0;
  isFixed = false;
  tableFrom = 0;
  tableTo = 0;
  notePlain();
  for (let at: u32 = 0; at + 64 <= baseBytes; at++) {
    const magic = load<u32>(base + at);
    if (magic == 0x464c457f && load<u32>(base + at, 4) == 0x00010102 && imageCount < IMAGES_MAX) addImage(at);
    else if (magic == 0x3b031b01 && tableCount < TABLES_MAX) addTable(at);
  }
}

function addImage(start: u32): void {
  const entry = IMAGES + imageCount * IMAGE;
  if (imageCount > 0) store<u32>(entry - IMAGE, start, 4);
  const headers = load<u64>(base + start, 32);
  const headerCount = <u32>load<u16>(base + start, 56);
  let spans: u32 = 0;
  let low: u32 = u32.MAX_VALUE;
  let high: u32 = 0;
  for (let i: u32 = 0; i < min<u32>(headerCount, 64) && spans < SPANS_MAX; i++) {
    const header = headers + i * 56;
    if (headers > baseBytes || start + header + 56 > baseBytes) break;
    const from = base + start + <usize>header;
    const offset = load<u64>(from, 8);
    const address = load<u64>(from, 16);
    const fileBytes = load<u64>(from, 32);
    const memoryBytes = load<u64>(from, 40);
    const isSane = offset <= ADDRESS_MAX && address <= ADDRESS_MAX && fileBytes <= ADDRESS_MAX && memoryBytes <= ADDRESS_MAX;
    // 1: PT_LOAD.
    if (load<u32>(from) != 1 || !isSane || address + memoryBytes > ADDRESS_MAX) continue;
    const span = SPANS + (imageCount * SPANS_MAX + spans) * SPAN;
    store<u32>(span, <u32>offset);
    store<u32>(span, <u32>address, 4);
    store<u32>(span, <u32>fileBytes, 8);
    store<u32>(span, load<u32>(from, 4), 12);
    low = min(low, <u32>address);
    high = max(high, <u32>(address + memoryBytes));
    spans++;
  }
  store<u32>(entry, start);
  store<u32>(entry, baseBytes, 4);
  store<u32>(entry, load<u16>(base + start, 16), 8);
  store<u32>(entry, spans, 12);
  store<u32>(entry, low, 16);
  store<u32>(entry, high, 20);
  imageCount++;
}

function addTable(start: u32): void {
  const entries = load<u32>(base + start, 8);
  if (entries > baseBytes >>> 3 || start + 12 + entries * 8 > baseBytes) return;
  store<u32>(FRAME_TABLES + tableCount * 8, start);
  store<u32>(FRAME_TABLES + tableCount * 8, entries * 8, 4);
  tableCount++;
}

/** Makes the image around `at` the current one; true where it changed. */
export function enterImage(at: u32): bool {
  if (imageCount == 0 || (image != 0 && at >= imageStart && at < imageEnd)) return false;
  const before = image;
  image = 0;
  imageStart = 0;
  imageEnd = 0;
  isFixed = false;
  for (let i: u32 = 0; i < imageCount; i++) {
    const entry = IMAGES + i * IMAGE;
    if (at < load<u32>(entry) || at >= load<u32>(entry, 4)) continue;
    image = entry;
    imageStart = load<u32>(entry);
    imageEnd = load<u32>(entry, 4);
    // 2: ET_EXEC.
    isFixed = load<u32>(entry, 8) == 2;
    lowest = load<u32>(entry, 16);
    highest = load<u32>(entry, 20);
  }
  notePlain();
  return image != before;
}

function notePlain(): void {
  const isPlain = !isFixed && table == NOWHERE && (imageCount == 0 || image != 0);
  plainFrom = max(tableFrom, imageStart);
  plainTo = isPlain ? min(tableTo, imageCount == 0 ? u32.MAX_VALUE : imageEnd) : 0;
}

/** True where `enterImage` and `frameTableAt` have nothing to say about `at`, and no address can stand there as it can in fixed code. */
// @ts-ignore: decorator
@inline
export function isPlain(at: u32): bool {
  return at >= plainFrom && at < plainTo;
}

/** True where `value` can be an address in the current, fixed image. */
export function isFixedAddress(value: u32): bool {
  return value >= lowest + 4096 && value < highest;
}

/** True where the last `addressOf` was in executable memory. */
export let isCode: bool = false;

/** The address of position `at` of the base; outside of every image, and of every part that is loaded, its distance from the start. */
export function addressOf(at: u32): u32 {
  isCode = false;
  const offset = at - imageStart;
  const first = spansOf();
  for (let span = first; span < first + spanBytes(); span += SPAN) {
    if (offset - load<u32>(span) >= load<u32>(span, 8)) continue;
    isCode = (load<u32>(span, 12) & 1) != 0;
    return offset - load<u32>(span) + load<u32>(span, 4);
  }
  return offset;
}

/** The position in the base of what `address` names; NOWHERE where the file has no bytes for it. */
export function positionOf(address: u32): u32 {
  if (image == 0) return address;
  const first = spansOf();
  for (let span = first; span < first + spanBytes(); span += SPAN)
    if (address - load<u32>(span, 4) < load<u32>(span, 8)) return address - load<u32>(span, 4) + load<u32>(span) + imageStart;
  return NOWHERE;
}

function spansOf(): usize {
  return image == 0 ? SPANS : SPANS + (<u32>(image - IMAGES) / IMAGE) * SPANS_MAX * SPAN;
}

function spanBytes(): u32 {
  return image == 0 ? 0 : load<u32>(image, 12) * SPAN;
}

/** The start of the table of frames that has an entry's field at `at`; NOWHERE where none has. */
export function frameTableAt(at: u32): u32 {
  if (at < tableFrom || at >= tableTo) findTable(at);
  return table == NOWHERE || ((at - table) & 3) != 0 ? NOWHERE : table;
}

/** The table around `at`, or none and how far that holds. */
function findTable(at: u32): void {
  table = NOWHERE;
  tableFrom = 0;
  tableTo = u32.MAX_VALUE;
  for (let i: u32 = 0; i < tableCount; i++) {
    const start = load<u32>(FRAME_TABLES + i * 8);
    const from = start + 12;
    const to = from + load<u32>(FRAME_TABLES + i * 8, 4);
    if (at >= to) tableFrom = max(tableFrom, to);
    else if (at < from) tableTo = min(tableTo, from);
    else {
      table = start;
      tableFrom = from;
      tableTo = to;
      break;
    }
  }
  notePlain();
}
