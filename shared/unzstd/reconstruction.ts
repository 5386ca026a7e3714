/** The bytes of a reconstruction: ZSTD.md, "Reconstruction". */
import { concatBytes, copyBytes } from '../bytes.ts';
import { ZSTD_FRAMES_BYTES_MAX, ZSTD_FRAMES_MAX, ZSTD_SECTION_BYTES_MAX, ZSTD_TAIL_BYTES_MAX } from '../limits.ts';
import { createByteWriter, type ByteReader } from '../wire/varint.ts';
import { gatherSections, openForm, writeForm } from '../wrapped/form.ts';
import { impossible, readSection, sound } from '../wrapped/section.ts';
import { CHECKSUM_BYTES } from './frame.ts';

/** A frame of blocks. */
export interface Frame {
  /** Where it is not the planned one. */
  readonly header: Uint8Array | undefined;
  readonly plainBytes: number;
  /** What stands at its end where it is not what the plain bytes ask for. */
  readonly checksum: Uint8Array | undefined;
  /** Bytes of its records. */
  readonly recordBytes: number;
}

/** What the list of frames holds: a frame, or a skippable one, whole. */
export type Entry = { readonly frame: Frame } | { readonly skippable: Uint8Array };

const VERSION = 1;
const SKIPPABLE = 1;
const OWN_HEADER = 2;
const OWN_CHECKSUM = 4;

/** What is written while a stream is taken apart. */
export interface ReconstructionWriter {
  /** The next bytes of records; they are the writer's. */
  addRecords(bytes: Uint8Array): void;
  /** Bytes of records so far, before they are compressed. */
  readonly recordBytes: number;
  /** False where there are too many, or too much is said of them. */
  add(entry: Entry): boolean;
  finish(compressedBytes: number, plainBytes: number, tail: Uint8Array): Uint8Array;
}

export function createReconstructionWriter(): ReconstructionWriter {
  const frames = createByteWriter();
  let frameCount = 0;
  let frameBytes = 0;
  const records = gatherSections(ZSTD_SECTION_BYTES_MAX);
  return {
    get recordBytes() {
      return records.bytes;
    },
    addRecords: (bytes) => records.add(bytes),
    add(entry) {
      frameCount++;
      const entryBytes = 32 + ('frame' in entry ? (entry.frame.header?.byteLength ?? 0) : entry.skippable.byteLength);
      if (frameCount > ZSTD_FRAMES_MAX || frameBytes + entryBytes + ZSTD_TAIL_BYTES_MAX > ZSTD_FRAMES_BYTES_MAX) return false;
      frameBytes += entryBytes;
      if ('frame' in entry) {
        const { header, plainBytes, checksum, recordBytes: ofFrame } = entry.frame;
        frames.byte((header === undefined ? 0 : OWN_HEADER) | (checksum === undefined ? 0 : OWN_CHECKSUM));
        if (header !== undefined) {
          frames.varint(header.byteLength);
          frames.bytes(header);
        }
        frames.varint(plainBytes);
        if (checksum !== undefined) frames.bytes(checksum);
        frames.varint(ofFrame);
      } else {
        frames.byte(SKIPPABLE);
        frames.varint(entry.skippable.byteLength);
        frames.bytes(entry.skippable);
      }
      return true;
    },
    finish(compressedBytes, plainBytes, tail) {
      const list = { count: frameCount, entries: frames.finish(), tail };
      return writeForm({ version: VERSION, compressedBytes, plainBytes, ...list, sections: records.finish() });
    },
  };
}

export interface ReconstructionReader {
  readonly compressedBytes: number;
  readonly plainBytes: number;
  /** The next entry; undefined after the last one. */
  next(): Entry | undefined;
  /** What follows the last frame. */
  tail(): Uint8Array;
  /** So many bytes of the records that come next; a copy. */
  records(bytes: number): Uint8Array;
}

/** @throws TransferError INTEGRITY, or LIMIT_EXCEEDED; so do its functions */
export function readReconstruction(bytes: Uint8Array): ReconstructionReader {
  return sound(() => {
    const { compressedBytes, plainBytes, list, sections } = openForm(bytes, VERSION, ZSTD_FRAMES_BYTES_MAX);
    let entriesLeft = list.varint('the number of frames', ZSTD_FRAMES_MAX);
    let current: Uint8Array = new Uint8Array(0);
    return {
      compressedBytes,
      plainBytes,
      next() {
        if (entriesLeft === 0) return undefined;
        entriesLeft--;
        return sound(() => readEntry(list));
      },
      tail: () => list.rest(),
      records(wanted) {
        const parts: Uint8Array[] = [];
        for (let left = wanted; left > 0;) {
          if (current.byteLength === 0) current = sound(() => readSection(sections, ZSTD_SECTION_BYTES_MAX));
          if (current.byteLength === 0) throw impossible('an empty section');
          const part = current.subarray(0, left);
          current = current.subarray(part.byteLength);
          left -= part.byteLength;
          parts.push(part);
        }
        return concatBytes(parts);
      },
    };
  });
}

function readEntry(list: ByteReader): Entry {
  const flags = list.byte('flags');
  if (flags === SKIPPABLE)
    return { skippable: copyBytes(list.bytes(list.varint('a skippable frame', ZSTD_FRAMES_BYTES_MAX), 'a skippable frame')) };
  if ((flags & ~(OWN_HEADER | OWN_CHECKSUM)) !== 0) throw impossible('flags');
  const header = (flags & OWN_HEADER) === 0 ? undefined : copyBytes(list.bytes(list.varint('a header', 32), 'a header'));
  const plainBytes = list.varint('plain bytes');
  const checksum = (flags & OWN_CHECKSUM) === 0 ? undefined : copyBytes(list.bytes(CHECKSUM_BYTES, 'a checksum'));
  return { frame: { header, plainBytes, checksum, recordBytes: list.varint('records') } };
}
