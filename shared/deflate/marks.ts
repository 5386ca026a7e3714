/** Places inside members where another thread can begin to put together: DEFLATE.md, "Marks". Who does without them makes the same bytes. */
import { DEFLATE_MEMBERS_MAX, DEFLATE_PART_BYTES_MAX, DEFLATE_PART_CORRECTIONS_BYTES_MAX } from '../limits.ts';
import { createByteReader, createByteWriter, type ByteReader } from '../wire/varint.ts';
import { impossible } from '../wrapped/section.ts';

/** A place where a block begins, and nothing of its first match is known yet. */
export interface Mark {
  /** Plain bytes of the member before it. */
  readonly position: number;
  /** Bits before it in the first byte, 0 to 7. */
  readonly phase: number;
  /** Bytes of the member's corrections before it. */
  readonly correctionsBytes: number;
  /** Steps between the last of those and the mark; not kept where no correction follows before the next mark. */
  readonly steps: number;
}

/** A member, as far as marks go. */
export interface MarkedMember {
  readonly plainBytes: number;
  readonly correctionsBytes: number;
}

/** A member's, by its number from 0; in the order of the members. Members without any are left out. */
export type Marks = ReadonlyMap<number, readonly Mark[]>;

/** Marks stand so far apart, as a power of two, or a block or two farther. */
export const MARK_POWER = 22;
const POWER_MIN = 16;
const POWER_MAX = 30;
/** A mark in one number: plain bytes, phase, and whether the part behind it has corrections. */
const PHASES = 8;
const STEP = 2 * PHASES;

/**
 * @param members all that have marks
 * @param power how far apart they are at least, as a power of two
 */
export function encodeMarks(marks: Marks, members: ReadonlyMap<number, MarkedMember>, power: number): Uint8Array {
  const writer = createByteWriter();
  writer.byte(power);
  writer.varint(marks.size);
  let next = 0;
  for (const [number, places] of marks) {
    writer.varint(number - next);
    next = number + 1;
    writer.varint(places.length);
    let before = 0;
    for (const [index, { position, phase, correctionsBytes, steps }] of places.entries()) {
      const end = places[index + 1]?.correctionsBytes ?? members.get(number)?.correctionsBytes ?? 0;
      const own = end - correctionsBytes;
      writer.varint((position - before - 2 ** power) * STEP + phase * 2 + (own > 0 ? 1 : 0));
      if (own > 0) {
        writer.varint(own);
        writer.varint(steps);
      }
      before = position;
    }
  }
  return writer.finish();
}

/** @throws TransferError INTEGRITY, PROTOCOL_VIOLATION (see `sound`), LIMIT_EXCEEDED */
export function decodeMarks(bytes: Uint8Array, members: readonly MarkedMember[]): Marks {
  const reader = createByteReader(bytes);
  const power = reader.byte('a distance of marks');
  if (power < POWER_MIN || power > POWER_MAX) throw impossible('distance of marks');
  const marks = new Map<number, readonly Mark[]>();
  let next = 0;
  for (let left = reader.varint('marked members', DEFLATE_MEMBERS_MAX); left > 0; left--) {
    const number = next + reader.varint('a marked member', DEFLATE_MEMBERS_MAX);
    const member = members[number];
    if (member === undefined) throw impossible('a marked member');
    marks.set(number, readPlaces(reader, member, 2 ** power));
    next = number + 1;
  }
  if (reader.remaining > 0) throw impossible('something is left of the marks');
  return marks;
}

function readPlaces(reader: ByteReader, { plainBytes, correctionsBytes }: MarkedMember, apart: number): Mark[] {
  const places: { position: number; phase: number; own: number; steps: number }[] = [];
  let position = 0;
  let behind = 0;
  for (let left = reader.varint('marks', Math.floor(plainBytes / apart)); left > 0; left--) {
    const packed = reader.varint('a mark');
    position += apart + Math.floor(packed / STEP);
    const hasOwn = packed % 2 === 1;
    const own = hasOwn ? reader.varint('corrections', correctionsBytes - behind) : 0;
    places.push({ position, phase: Math.floor(packed / 2) % PHASES, own, steps: hasOwn ? reader.varint('steps') : 0 });
    behind += own;
    if (position >= plainBytes) throw impossible('a mark behind its member');
  }
  let before = correctionsBytes - behind;
  return places.map(({ own, ...place }) => {
    const mark = { ...place, correctionsBytes: before };
    before += own;
    return mark;
  });
}

/** Whether no part between marks, which is held in memory whole, is a large one. */
export function arePartsSmall(marks: Marks, members: readonly MarkedMember[]): boolean {
  return members.every((member, number) => {
    const ends = [...(marks.get(number) ?? []), { position: member.plainBytes, correctionsBytes: member.correctionsBytes }];
    let before = { position: 0, correctionsBytes: 0 };
    return ends.every((end) => {
      const [bytes, corrections] = [end.position - before.position, end.correctionsBytes - before.correctionsBytes];
      before = end;
      return bytes <= DEFLATE_PART_BYTES_MAX && corrections <= DEFLATE_PART_CORRECTIONS_BYTES_MAX;
    });
  });
}

const WINDOW_BYTES = 32 * 1024;
/** The encoder's window moves on when it looks up a position so far above its base. */
const MOVES_AT = 2 * WINDOW_BYTES - 261;

/** How far before `position` the base of the encoder's window lies when every position before was looked up; marks stand only where it does. */
export function baseBefore(position: number, segmentPower: number): number {
  const segmentStart = segmentPower === 0 ? 0 : position - (position % 2 ** segmentPower);
  const first = Math.max(0, segmentStart - WINDOW_BYTES);
  const above = position - 1 - first;
  return position - first - (above < MOVES_AT ? 0 : Math.floor((above - MOVES_AT) / WINDOW_BYTES + 1) * WINDOW_BYTES);
}
