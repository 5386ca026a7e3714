/**
 * Undoes zstd, a block at a time: reads the block into plain bytes and sequences (unzstd/decode.ts), predicts them as a known encoder finds them (finder.ts)
 * and writes them (plan.ts), and says in a record where it differs (block.ts); and makes the block again from its plain bytes and that record.
 * One instance does one of the two. The last 8 MiB of plain bytes stay in its memory.
 */
import * as blocks from './unzstd/block';
import { checksum } from './unzstd/checksum';
import { startCodes } from './unzstd/codes';
import { startPlaces } from './unzstd/finder';
import { BLOCK_IN, BLOCK_OUT, MEMORY_END, RECORD, RECORD_BYTES } from './unzstd/layout';
import { generation, setGeneration } from './unzstd/plan';
import { recordAt } from './unzstd/record';
import { plainBytes } from './unzstd/decode';
import { blockOutEnd } from './unzstd/write';

/** At the start of a stream. */
export function start(): void {
  startCodes();
  startPlaces();
  blocks.startBlocks();
  setGeneration(3);
}

export function memoryBytes(): u32 {
  return <u32>MEMORY_END;
}

/** Where a block is put that is taken apart, with its header. */
export function blockAddress(): u32 {
  return <u32>BLOCK_IN;
}

/** Where a block lies that was made. */
export function madeAddress(): u32 {
  return <u32>BLOCK_OUT;
}

export function recordAddress(): u32 {
  return <u32>RECORD;
}

export function recordRoom(): u32 {
  return <u32>RECORD_BYTES;
}

/** Where the next plain byte is put. */
export function plainAddress(): u32 {
  return <u32>blocks.plainEnd;
}

export function startFrame(): void {
  blocks.startFrame();
}

/** The encoder's generation: see unzstd/plan.ts. */
export function generationNow(): u32 {
  return generation;
}

export function useGeneration(number: u32): void {
  setGeneration(number);
}

/** See unzstd/block.ts; the plain bytes of the block are then the last ones. */
export function takeBlock(bytes: u32, isWhole: u32): u32 {
  return blocks.takeBlock(bytes, isWhole != 0);
}

export function takenBytes(): u32 {
  return plainBytes;
}

export function recordFlags(): u32 {
  return blocks.recordFlags;
}

export function recordBytes(): u32 {
  return <u32>(recordAt - RECORD);
}

/** Before the plain bytes of a block are put behind those before. */
export function makeRoom(): void {
  blocks.makeRoom();
}

/** See unzstd/block.ts; 0 where the record is impossible. */
export function makeBlock(bytes: u32, isLast: u32, isWhole: u32, flags: u32, recordBytes: u32): u32 {
  return blocks.makeBlock(bytes, isLast != 0, isWhole != 0, flags, recordBytes) ? 1 : 0;
}

export function madeBytes(): u32 {
  return <u32>(blockOutEnd - BLOCK_OUT);
}

/** Of the plain bytes of the frame so far. */
export function frameChecksum(): u32 {
  return checksum(blocks.plainEnd);
}
