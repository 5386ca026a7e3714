/**
 * Content with its gzip members opened: what is inside of them compresses, and leans on old content, far better than they do. A member
 * is opened where a known compressor makes it again bit by bit; its header stays where it is, its trailer follows from its content.
 *
 * As a code: the number of the codec inside, the bytes of the opened content, the members, and what the codec inside made.
 */
import { concatBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX } from '../limits.ts';
import { createByteReader, createByteWriter } from '../wire/varint.ts';
import { createDeflater, isMaker, MAKERS, type Maker } from './deflate.ts';
import { findMembers, TRAILER_BYTES, trailerOf } from './gzip.ts';

/** A member of an opened content. */
interface OpenMember {
  /** Bytes of the opened content between the member before and this one's content; its header is their end. */
  readonly gap: number;
  readonly contentBytes: number;
  readonly maker: Maker;
}

export interface OpenedContent {
  readonly bytes: Uint8Array;
  readonly members: readonly OpenMember[];
}

/** A header has ten bytes at least, a trailer eight. */
const MEMBER_BYTES_MIN = 18;

/** `target` opened; undefined where it has no member that can be. */
export function openTarget(target: Uint8Array): OpenedContent | undefined {
  const deflater = createDeflater();
  const members: OpenMember[] = [];
  const parts: Uint8Array[] = [];
  let likely: readonly Maker[] = MAKERS;
  let from = 0;
  let gap = 0;
  for (const member of findMembers(target, RUN_BYTES_MAX)) {
    const deflated = target.subarray(member.dataStart, member.dataEnd);
    const maker = likely.find((candidate) => deflater.makes(member.content, candidate, deflated));
    if (maker === undefined) continue;
    likely = [maker, ...MAKERS.filter((other) => other !== maker)];
    parts.push(target.subarray(from, member.dataStart), member.content);
    gap = member.dataStart - from;
    members.push({ gap, contentBytes: member.content.byteLength, maker });
    from = member.dataEnd + TRAILER_BYTES;
  }
  if (members.length === 0) return undefined;
  parts.push(target.subarray(from));
  return { bytes: concatBytes(parts), members };
}

/** `base` with every right member inflated and without trailers: a function of the base alone, so that both ends have the same. */
export function openBase(base: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const member of findMembers(base, BASE_BYTES_MAX)) {
    parts.push(base.subarray(from, member.dataStart), member.content);
    from = member.dataEnd + TRAILER_BYTES;
  }
  parts.push(base.subarray(from));
  return parts.length === 1 ? base : concatBytes(parts);
}

export function packOpened(opened: OpenedContent, codec: number, payload: Uint8Array): Uint8Array {
  const writer = createByteWriter(payload.byteLength + opened.members.length * 8 + 16);
  writer.byte(codec);
  writer.varint(opened.bytes.byteLength);
  writer.varint(opened.members.length);
  for (const { gap, contentBytes, maker } of opened.members) {
    writer.varint(gap);
    writer.varint(contentBytes);
    writer.byte(maker);
  }
  writer.bytes(payload);
  return writer.finish();
}

export interface PackedOpened {
  readonly codec: number;
  readonly openedBytes: number;
  readonly members: readonly OpenMember[];
  readonly payload: Uint8Array;
}

/** PROTOCOL_VIOLATION, LIMIT_EXCEEDED. */
export function unpackOpened(packed: Uint8Array, targetBytes: number): PackedOpened {
  const reader = createByteReader(packed);
  const codec = reader.byte('codec');
  const openedBytes = reader.varint('opened content', RUN_BYTES_MAX);
  const count = reader.varint('members', Math.floor(targetBytes / MEMBER_BYTES_MIN));
  const members: OpenMember[] = [];
  let left = openedBytes;
  for (let i = 0; i < count; i++) {
    const gap = reader.varint('gap', left);
    const contentBytes = reader.varint('content', left - gap);
    const maker = reader.byte('maker');
    if (!isMaker(maker)) throw new TransferError('PROTOCOL_VIOLATION', `${maker} is no maker of deflated data`);
    left -= gap + contentBytes;
    members.push({ gap, contentBytes, maker });
  }
  return { codec, openedBytes, members, payload: reader.rest() };
}

/** The opposite of `openTarget`: exactly `targetBytes`. INTEGRITY. */
export function closeTarget({ bytes, members }: OpenedContent, targetBytes: number): Uint8Array {
  const target = new Uint8Array(targetBytes);
  const deflater = createDeflater();
  let at = 0;
  let from = 0;
  const put = (part: Uint8Array): void => {
    if (part.byteLength > targetBytes - at) throw new TransferError('INTEGRITY', 'opened content closes to more than it should');
    target.set(part, at);
    at += part.byteLength;
  };
  for (const { gap, contentBytes, maker } of members) {
    put(bytes.subarray(from, from + gap));
    from += gap + contentBytes;
    const content = bytes.subarray(from - contentBytes, from);
    const deflated = deflater.deflate(content, maker, targetBytes - at);
    if (deflated === undefined) throw new TransferError('INTEGRITY', 'a member of opened content does not close');
    put(deflated);
    put(trailerOf(content));
  }
  put(bytes.subarray(from));
  if (at !== targetBytes) throw new TransferError('INTEGRITY', `opened content closes to ${at} bytes, not ${targetBytes}`);
  return target;
}
