/** Makes one frame again, block by block. */
import { impossible } from '../wrapped/section.ts';
import { BLOCK_BYTES_MAX, plannedBlock, plannedHeader, readFrameHeader, type BlockShape } from './frame.ts';
import type { Kernel } from './kernel.ts';
import type { Frame } from './reconstruction.ts';
import { readRecords, type BlockRecord } from './records.ts';
import { checksumBytes } from './stream-parts.ts';

export interface FramePorts {
  /** So many bytes of the records that come next. */
  records(bytes: number): Uint8Array;
  /** Owns its argument. */
  made(bytes: Uint8Array): void;
}

export interface FrameRebuild {
  /** Makes the next block; false where plain bytes are missing for it. Throws as `PutTogether.push` does. */
  advance(): boolean;
  /** Takes plain bytes, a copy of them; returns how many. */
  push(plain: Uint8Array): number;
  readonly isOver: boolean;
}

/** The block whose plain bytes are awaited. */
interface OpenBlock {
  readonly shape: BlockShape;
  readonly record: BlockRecord | undefined;
}

const GENERATIONS = 4;

/** @throws TransferError INTEGRITY where the header is none. */
export function startFrameRebuild(kernel: Kernel, frame: Frame, ports: FramePorts): FrameRebuild {
  const { run, memory } = kernel;
  const headerBytes = frame.header ?? plannedHeader(frame.plainBytes);
  const header = readFrameHeader(headerBytes);
  if (header === undefined || header === null || header.bytes !== headerBytes.byteLength) throw impossible('header of a frame');
  const records = readRecords(frame.recordBytes, run.recordRoom(), (bytes) => ports.records(bytes));
  let left = frame.plainBytes;
  let blocks = 0;
  let here = 0;
  let isOver = false;
  ports.made(headerBytes);
  run.startFrame();

  const startBlock = (): OpenBlock => {
    const record = records.next();
    const shape = record?.shape ?? plannedBlock(left, header.isSingle);
    if (shape.bytes > Math.min(left, BLOCK_BYTES_MAX)) throw impossible('length of a block');
    run.makeRoom();
    here = 0;
    return { shape, record };
  };
  let open = startBlock();

  const finish = (): void => {
    if (left > 0 || !records.isUsedUp) throw impossible('something of a frame is left over');
    if (header.hasChecksum) ports.made(frame.checksum ?? checksumBytes(kernel));
    else if (frame.checksum !== undefined) throw impossible('a checksum');
    isOver = true;
  };
  return {
    get isOver() {
      return isOver;
    },
    advance() {
      const { shape, record } = open;
      if (here < shape.bytes) return false;
      if (record?.generation !== undefined) {
        if (record.generation >= GENERATIONS) throw impossible('generation');
        run.useGeneration(record.generation);
      }
      if (record !== undefined) memory.set(record.bytes, run.recordAddress());
      const isWhole = blocks === 0 && shape.isLast;
      const recordBytes = record?.bytes.byteLength ?? 0;
      if (run.makeBlock(shape.bytes, shape.isLast ? 1 : 0, isWhole ? 1 : 0, record?.flags ?? 0, recordBytes) === 0) {
        throw impossible('its records do not fit the plain bytes');
      }
      const at = run.madeAddress();
      ports.made(memory.slice(at, at + run.madeBytes()));
      blocks++;
      left -= shape.bytes;
      if (shape.isLast) finish();
      else open = startBlock();
      return true;
    },
    push(plain) {
      const bytes = Math.min(plain.byteLength, open.shape.bytes - here);
      memory.set(plain.subarray(0, bytes), run.plainAddress() + here);
      here += bytes;
      return bytes;
    },
  };
}
