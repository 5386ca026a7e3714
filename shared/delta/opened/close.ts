/** Opened content closed again: what a receiver does with a target. */
import { concatBytes } from '../../bytes.ts';
import { giveKernelBack, takeKernel, type Kernel } from '../../deflate/kernel.ts';
import { putMemberTogether, type MemberForm } from '../../deflate/member.ts';
import { TransferError } from '../../errors.ts';
import { RUN_BYTES_MAX } from '../../limits.ts';
import type { TargetDecisions } from './decisions.ts';
import { bufferOf } from './family.ts';
import { DEPTH_MAX, LENGTH_BYTES, type Place } from './places.ts';
import { turnContent } from './turn.ts';
import { createDirectoryOffsets } from './zip.ts';

/** Places looked at for matches in all members together, and for each byte that they hold: little enough to wait for. */
export const LOOKS_FIRST = 1 << 25;
export const LOOKS_PER_BYTE = 128;

interface Closer {
  readonly kernel: Kernel;
  readonly decisions: TargetDecisions;
  /** Places that may be looked at in the members to come. */
  looks: number;
  /** Bytes that members of members may still come to. */
  innerBytes: number;
}

/**
 * Exactly `targetBytes`.
 * @throws TransferError INTEGRITY, or LIMIT_EXCEEDED where it takes too much work.
 */
export function closeTarget(opened: Uint8Array, decisions: TargetDecisions, targetBytes: number): Uint8Array {
  const kernel = takeKernel();
  const closer: Closer = { kernel, decisions, looks: LOOKS_FIRST, innerBytes: RUN_BYTES_MAX };
  const target = closeLevel(closer, opened, targetBytes, 1);
  giveKernelBack(kernel);
  if (!decisions.isUsedUp()) throw wrong('more members than it has');
  if (target.byteLength !== targetBytes) throw wrong(`${target.byteLength} bytes, not ${targetBytes}`);
  return target;
}

function wrong(what: string): TransferError {
  return new TransferError('INTEGRITY', `opened content closes to ${what}`);
}

function closeLevel(closer: Closer, opened: Uint8Array, bytesMax: number, depth: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let made = 0;
  const put = (part: Uint8Array): void => {
    made += part.byteLength;
    if (made > bytesMax) throw wrong('more than it should');
    parts.push(part);
  };
  const offsets = createDirectoryOffsets();
  turnContent(opened, {
    put,
    record: (record) => offsets.close(record),
    member(place) {
      const form = closer.decisions.next();
      return form === undefined ? undefined : () => closeMember(closer, place, opened, form, depth, bytesMax - made, put);
    },
  });
  if (depth > 1) closer.innerBytes -= made;
  return concatBytes(parts);
}

/** @returns where the member ends in the opened content */
function closeMember(
  closer: Closer,
  { family, start }: Place,
  opened: Uint8Array,
  form: MemberForm,
  depth: number,
  bytesMax: number,
  put: (part: Uint8Array) => void,
): number {
  const bytes = bufferOf(opened);
  const headerBytes = family?.headerBytes(bytes, start);
  if (family === undefined || headerBytes === undefined) throw wrong('a member without a header');
  const insideAt = start + headerBytes + LENGTH_BYTES;
  if (insideAt > bytes.byteLength) throw wrong('a member without its length');
  const end = insideAt + bytes.readUInt32LE(insideAt - LENGTH_BYTES);
  if (end > bytes.byteLength) throw wrong('a member that does not end');
  const inside = bytes.subarray(insideAt, end);
  const content = depth < DEPTH_MAX ? closeLevel(closer, inside, closer.innerBytes, depth + 1) : inside;
  const { kernel } = closer;
  kernel.run.start();
  kernel.run.limitLooks(Math.max(0, closer.looks), LOOKS_PER_BYTE);
  const deflated = putMemberTogether(kernel, content, form, bytesMax);
  closer.looks = kernel.run.leftLooks();
  const parts = family.close(bytes.subarray(start, insideAt - LENGTH_BYTES), content, deflated);
  if (parts === undefined) throw wrong('a member whose header does not fit');
  for (const part of parts) put(part);
  return end;
}
