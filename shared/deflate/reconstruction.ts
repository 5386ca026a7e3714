/** The bytes of a reconstruction: DEFLATE.md, "Reconstruction". */
import { copyBytes } from '../bytes.ts';
import {
  DEFLATE_HEADER_BYTES_MAX,
  DEFLATE_MARKS_BYTES_MAX,
  DEFLATE_MEMBERS_BYTES_MAX,
  DEFLATE_MEMBERS_MAX,
  DEFLATE_SECTION_BYTES_MAX,
  DEFLATE_TAIL_BYTES_MAX,
} from '../limits.ts';
import { createByteWriter, type ByteReader } from '../wire/varint.ts';
import { gatherSections, openForm, writeForm } from '../wrapped/form.ts';
import { impossible, readSection, section, skipSection, sound } from '../wrapped/section.ts';
import { TRAILER_BYTES, type Frame } from './frame.ts';
import type { Maker } from './makers.ts';
import { arePartsSmall, decodeMarks, encodeMarks, type Mark, type MarkedMember, type Marks } from './marks.ts';

/** One deflate stream with what stands around it. */
export interface Member {
  readonly maker: Maker;
  /** The encoder starts anew after 2 to this power of plain bytes; 0: never. */
  readonly segmentPower: number;
  readonly frame: Frame;
  readonly header: Uint8Array;
  readonly plainBytes: number;
  /** What stands behind the data where it is not what the plain bytes ask for. */
  readonly trailer: Uint8Array | undefined;
  /** Bytes of its corrections. */
  readonly correctionsBytes: number;
}

const VERSION = 1;
const FRAME_MASK = 3;
const SAME_HEADER = 4;
const OWN_TRAILER = 8;

/** What is written while a stream is taken apart. */
export interface ReconstructionWriter {
  /** The next corrections; copied. */
  addCorrections(bytes: Uint8Array): void;
  /** Corrections so far, before they are compressed. */
  readonly correctionsBytes: number;
  /** A mark of the member that is over next. */
  addMark(mark: Mark): void;
  /** A member is over. False where there are too many. */
  addMember(member: Member): boolean;
  finish(compressedBytes: number, plainBytes: number, tail: Uint8Array): Uint8Array;
}

/** @param markPower how far apart marks are that will be added, as a power of two */
export function createReconstructionWriter(markPower: number): ReconstructionWriter {
  const members = createByteWriter();
  const corrections = gatherSections(DEFLATE_SECTION_BYTES_MAX);
  let memberCount = 0;
  let memberBytes = 0;
  let before: Uint8Array = new Uint8Array(0);
  const marks = new Map<number, Mark[]>();
  const marked = new Map<number, MarkedMember>();
  return {
    get correctionsBytes() {
      return corrections.bytes;
    },
    addCorrections: (bytes) => corrections.add(copyBytes(bytes)),
    addMark(mark) {
      const places = marks.get(memberCount);
      if (places === undefined) marks.set(memberCount, [mark]);
      else places.push(mark);
    },
    addMember(member) {
      if (marks.has(memberCount)) marked.set(memberCount, member);
      const isSame = Buffer.compare(member.header, before) === 0;
      members.byte(member.maker);
      members.byte(member.segmentPower);
      members.byte(member.frame | (isSame ? SAME_HEADER : 0) | (member.trailer === undefined ? 0 : OWN_TRAILER));
      if (!isSame) {
        members.varint(member.header.byteLength);
        members.bytes(member.header);
      }
      members.varint(member.plainBytes);
      if (member.trailer !== undefined) members.bytes(member.trailer);
      members.varint(member.correctionsBytes);
      before = member.header;
      memberCount++;
      memberBytes += 64 + (isSame ? 0 : member.header.byteLength);
      return memberCount <= DEFLATE_MEMBERS_MAX && memberBytes + DEFLATE_TAIL_BYTES_MAX < DEFLATE_MEMBERS_BYTES_MAX;
    },
    finish(compressedBytes, plainBytes, tail) {
      const list = { count: memberCount, entries: members.finish(), tail };
      const places = marks.size === 0 ? [] : [section(encodeMarks(marks, marked, markPower))];
      return writeForm({ version: VERSION, compressedBytes, plainBytes, ...list, sections: [...corrections.finish(), ...places] });
    },
  };
}

export interface ReconstructionReader {
  readonly compressedBytes: number;
  readonly plainBytes: number;
  /** The next member; undefined after the last one. */
  nextMember(): Member | undefined;
  /** What follows the last member. */
  tail(): Uint8Array;
  /** At most `bytes` bytes of the corrections that come next; fewer at the end of a section, none at the end of all. */
  corrections(bytes: number): Uint8Array;
}

/** @throws TransferError INTEGRITY, or LIMIT_EXCEEDED; so do its functions */
export function readReconstruction(bytes: Uint8Array): ReconstructionReader {
  return sound(() => {
    const { compressedBytes, plainBytes, list, sections } = openForm(bytes, VERSION, DEFLATE_MEMBERS_BYTES_MAX);
    let membersLeft = list.varint('the number of members', DEFLATE_MEMBERS_MAX);
    let before: Uint8Array = new Uint8Array(0);
    let current: Uint8Array = new Uint8Array(0);
    return {
      compressedBytes,
      plainBytes,
      nextMember() {
        if (membersLeft === 0) return undefined;
        membersLeft--;
        const member = sound(() => readMember(list, before));
        before = member.header;
        return member;
      },
      tail: () => list.rest(),
      corrections(wanted) {
        if (current.byteLength === 0 && sections.remaining > 0) current = sound(() => readSection(sections, DEFLATE_SECTION_BYTES_MAX));
        const part = current.subarray(0, wanted);
        current = current.subarray(part.byteLength);
        return part;
      },
    };
  });
}

/**
 * The marks of all members; none where a part between them, which is held in memory, would be large.
 * @throws TransferError INTEGRITY, or LIMIT_EXCEEDED
 */
export function readMarks(bytes: Uint8Array): Marks {
  return sound(() => {
    const { list, sections } = openForm(bytes, VERSION, DEFLATE_MEMBERS_BYTES_MAX);
    const members: MarkedMember[] = [];
    let correctionsLeft = 0;
    for (let left = list.varint('the number of members', DEFLATE_MEMBERS_MAX); left > 0; left--) {
      const { plainBytes, correctionsBytes } = readMember(list, NOTHING);
      members.push({ plainBytes, correctionsBytes });
      correctionsLeft += correctionsBytes;
    }
    while (correctionsLeft > 0) correctionsLeft -= skipSection(sections, DEFLATE_SECTION_BYTES_MAX);
    if (sections.remaining === 0) return NO_MARKS;
    const marks = decodeMarks(readSection(sections, DEFLATE_MARKS_BYTES_MAX), members);
    return arePartsSmall(marks, members) ? marks : NO_MARKS;
  });
}

const NO_MARKS: Marks = new Map();
const NOTHING = new Uint8Array(0);

function readMember(list: ByteReader, before: Uint8Array): Member {
  const maker = list.byte('a maker');
  const segmentPower = list.byte('a segment');
  const flags = list.byte('flags');
  const frame = flags & FRAME_MASK;
  if (flags >= OWN_TRAILER * 2 || frame === FRAME_MASK) throw impossible('flags');
  const header = (flags & SAME_HEADER) !== 0 ? before : list.bytes(list.varint('a header', DEFLATE_HEADER_BYTES_MAX), 'a header');
  const plainBytes = list.varint('plain bytes');
  const trailer = (flags & OWN_TRAILER) === 0 ? undefined : list.bytes(TRAILER_BYTES[frame] ?? 0, 'a trailer');
  return { maker, segmentPower, frame: frame as Frame, header, plainBytes, trailer, correctionsBytes: list.varint('corrections') };
}
