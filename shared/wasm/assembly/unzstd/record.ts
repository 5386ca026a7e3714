/** The record of a block that is not as planned: what a correction says, byte by byte. */
import { RECORD, RECORD_BYTES } from './layout';

/** Where the next byte is written, or read. */
export let recordAt: usize = RECORD;
let recordEnd: usize = RECORD;
export let isBroken: bool = false;

export function startRecord(): void {
  recordAt = RECORD;
}

/** What was written from here on is read. */
export function goBack(at: usize): void {
  recordEnd = recordAt;
  recordAt = at;
  isBroken = false;
}

export function startReading(bytes: u32): void {
  recordAt = RECORD + bytes;
  goBack(RECORD);
}

export function putByte(value: u32): void {
  store<u8>(recordAt++, <u8>value);
}

export function putNumber(value: u32): void {
  for (; value >= 128; value >>>= 7) putByte(value | 128);
  putByte(value);
}

export function putBytes(at: usize, bytes: u32): void {
  memory.copy(recordAt, at, bytes);
  recordAt += bytes;
}

/** Whether a correction still fits, and what follows the last one. */
export function hasRoom(): bool {
  return recordAt < RECORD + RECORD_BYTES - 256 * 1024;
}

export function leftBytes(): u32 {
  return <u32>(recordEnd - recordAt);
}

export function recordLimit(): usize {
  return recordEnd;
}

export function skipBytes(bytes: u32): void {
  if (bytes > leftBytes()) isBroken = true;
  else recordAt += bytes;
}

/** 0 where there is none, and the record is broken. */
export function takeByte(): u32 {
  if (recordAt < recordEnd) return <u32>load<u8>(recordAt++);
  isBroken = true;
  return 0;
}

export function takeNumber(): u32 {
  let value: u32 = 0;
  for (let shift: u32 = 0; shift < 35; shift += 7) {
    const byte = takeByte();
    value |= (byte & 127) << shift;
    if (byte < 128) return value;
  }
  isBroken = true;
  return 0;
}
