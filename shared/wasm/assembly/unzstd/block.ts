/** A block: read and taken apart, or made again; and what is known from it for the next. */
import { addToChecksum, moveChecksum, startChecksum } from './checksum';
import { COMPRESSED, literalsType as readType, plainBytes, readBlock, RLE } from './decode';
import { movePlaces, startFinding } from './finder';
import { findAll, followCorrections, writeCorrections } from './follow';
import { BLOCK_BYTES_MAX, BLOCK_IN, BLOCK_OUT, MADE, PLAIN, PLAIN_BYTES, READ, TREE_MADE, TREE_READ, WINDOW } from './layout';
import { generation, GENERATIONS, hasSequences, isGivenUp, planBlock, plannedType, setGeneration } from './plan';
import { goBack, isBroken, leftBytes, putBytes, recordAt, skipBytes, startReading, startRecord } from './record';
import { isLiteralsOnly, putSections, sectionsType, writeSections } from './sections';
import { clearSequences, copyRepeats, keepRepeats, sequences, startRepeats } from './sequences';
import { forgetTree, keepTables, keepTree, startState } from './state';
import { blockOutEnd, literalsType, writeWhole } from './write';

/** What a record holds: its flags. Two more belong to the caller. */
export const GENERATION: u32 = 2;
export const CORRECTED: u32 = 4;
export const SECTIONS: u32 = 8;
export const WHOLE: u32 = 16;

/** Behind the last plain byte; where the frame's are from. */
export let plainEnd: usize = PLAIN;
let frameStart: usize = PLAIN;
export let recordFlags: u32 = 0;

export function startBlocks(): void {
  plainEnd = PLAIN;
  startFrame();
}

export function startFrame(): void {
  frameStart = plainEnd;
  startRepeats();
  startState();
  startChecksum(plainEnd);
}

/** Room for the plain bytes of a block: those before the window go. */
export function makeRoom(): void {
  if (plainEnd + BLOCK_BYTES_MAX <= PLAIN + PLAIN_BYTES) return;
  const shift = plainEnd - WINDOW - PLAIN;
  memory.copy(PLAIN, PLAIN + shift, WINDOW);
  plainEnd -= shift;
  frameStart = frameStart - PLAIN > shift ? frameStart - shift : PLAIN;
  movePlaces(<u32>shift);
  moveChecksum(shift);
}

/**
 * Takes the block apart that lies in BLOCK_IN, so many bytes with its header. Its plain bytes are put behind those before. 0: it is as planned;
 * 1: it has a record; 2: it is impossible, or there is too much to say.
 */
export function takeBlock(bytes: u32, isWhole: bool): u32 {
  const head = load<u32>(BLOCK_IN);
  const type = (head >>> 1) & 3;
  const isLast = (head & 1) != 0;
  makeRoom();
  copyRepeats();
  const content: u32 = type == RLE ? (head & 0xffffff) >>> 3 : bytes - 3;
  if (!readBlock(BLOCK_IN + 3, content, type, plainEnd, frameStart)) return 2;
  const found = sequences;
  startFinding(plainEnd, plainBytes, frameStart, isWhole);
  startRecord();
  recordFlags = 0;
  if (type == COMPRESSED && found > 0) {
    const corrections = writeCorrections();
    if (corrections < 0) return 2;
    if (corrections > 0) recordFlags = CORRECTED;
  } else {
    clearSequences();
    if (!findAll()) return 2;
  }
  if (!takeAsPlanned(bytes, isLast)) takeOtherwise(bytes, type, isLast, found);
  endBlock(plainBytes);
  return recordFlags == 0 ? 0 : 1;
}

/** Whether a generation of the encoder writes the block like this; it is the one from now on. */
function takeAsPlanned(bytes: u32, isLast: bool): bool {
  const before = generation;
  const isOnly = recordFlags != 0;
  for (let i: u32 = 0; i <= GENERATIONS; i++) {
    const other = i == 0 ? before : GENERATIONS - i;
    if (i > 0 && (isOnly || other == before)) continue;
    setGeneration(other);
    if (!planBlock(plainEnd, plainBytes, isLast) || !isSame(bytes)) continue;
    if (i > 0) recordFlags |= GENERATION;
    keepPlanned();
    return true;
  }
  setGeneration(before);
  return false;
}

function takeOtherwise(bytes: u32, type: u32, isLast: bool, found: u32): void {
  const from = recordAt;
  if (found == 0) clearSequences();
  putSections(type, found > 0);
  goBack(from);
  if (writeSections(plainEnd, plainBytes, isLast) && isSame(bytes)) {
    recordFlags |= SECTIONS;
    keepSections();
    return;
  }
  goBack(from);
  putBytes(BLOCK_IN, bytes);
  recordFlags |= WHOLE;
  keepRead(type, found);
}

function isSame(bytes: u32): bool {
  return blockOutEnd - BLOCK_OUT == bytes && memory.compare(BLOCK_OUT, BLOCK_IN, bytes) == 0;
}

/** Makes the block in BLOCK_OUT whose plain bytes stand behind those before, with its record in RECORD. False where the record is impossible. */
export function makeBlock(bytes: u32, isLast: bool, isWhole: bool, flags: u32, recordBytes: u32): bool {
  copyRepeats();
  startFinding(plainEnd, bytes, frameStart, isWhole);
  startReading(recordBytes);
  if ((flags & CORRECTED) == 0) clearSequences();
  if ((flags & CORRECTED) != 0 ? !followCorrections() : !findAll()) return false;
  if ((flags & WHOLE) != 0) {
    if (!makeWhole(bytes)) return false;
  } else if ((flags & SECTIONS) != 0) {
    if (!writeSections(plainEnd, bytes, isLast)) return false;
    keepSections();
  } else {
    if (!planBlock(plainEnd, bytes, isLast)) return false;
    keepPlanned();
  }
  endBlock(bytes);
  return !isBroken && leftBytes() == 0;
}

/** A block that is given whole is read for what the next ones need to know. */
function makeWhole(bytes: u32): bool {
  const all = leftBytes();
  const size = (load<u32>(recordAt) & 0xffffff) >>> 3;
  const type = (<u32>load<u8>(recordAt) >>> 1) & 3;
  if (all < 3 || size > BLOCK_BYTES_MAX || all != 3 + (type == RLE ? 1 : size)) return false;
  writeWhole(recordAt, all);
  skipBytes(all);
  if (!readBlock(BLOCK_OUT + 3, size, type, plainEnd, frameStart) || plainBytes != bytes) return false;
  keepRead(type, sequences);
  return true;
}

function endBlock(bytes: u32): void {
  plainEnd += bytes;
  addToChecksum(plainEnd);
}

function keepPlanned(): void {
  if (isGivenUp) forgetTree();
  if (plannedType == COMPRESSED) keepWritten(hasSequences);
}

function keepSections(): void {
  if (sectionsType == COMPRESSED) keepWritten(!isLiteralsOnly && sequences > 0);
}

function keepWritten(withSequences: bool): void {
  if (literalsType >= COMPRESSED) keepTree(literalsType == COMPRESSED ? TREE_MADE : 0);
  if (!withSequences) return;
  keepTables(MADE);
  keepRepeats();
}

function keepRead(type: u32, found: u32): void {
  if (type != COMPRESSED) return;
  if (readType >= COMPRESSED) keepTree(readType == COMPRESSED ? TREE_READ : 0);
  if (found > 0) keepTables(READ);
}
