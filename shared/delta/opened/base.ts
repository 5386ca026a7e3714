/** A base with members opened: of the base and the decisions alone, so that both ends have the same. */
import { concatBytes } from '../../bytes.ts';
import { TransferError } from '../../errors.ts';
import { BASE_BYTES_MAX } from '../../limits.ts';
import type { BaseDecisions } from './decisions.ts';
import { le32, type Opening } from './family.ts';
import { DEPTH_MAX, openMember, type Place } from './places.ts';
import { turnContent } from './turn.ts';
import { createDirectoryOffsets } from './zip.ts';

/**
 * `content` with members opened, and places in directories told by one another.
 * @param open what is to be opened at a place, and what of it stands in the opened content instead of what it holds; undefined: nothing
 */
export function openContent(
  content: Uint8Array,
  open: (place: Place) => { readonly opening: Opening; readonly inside: Uint8Array } | undefined,
): Uint8Array {
  const parts: Uint8Array[] = [];
  const put = (part: Uint8Array): void => void parts.push(part);
  const offsets = createDirectoryOffsets();
  turnContent(content, {
    put,
    record: (record) => offsets.open(record),
    member(place) {
      const found = open(place);
      if (found === undefined) return undefined;
      const { opening, inside } = found;
      return () => {
        for (const part of [opening.header, le32(inside.byteLength), inside]) put(part);
        return opening.end;
      };
    },
  });
  return parts.length === 1 ? content : concatBytes(parts);
}

/** @throws TransferError INTEGRITY where a decision is of no right member, or all hold too much. */
export function openBase(base: Uint8Array, decisions: BaseDecisions): Uint8Array {
  let room = BASE_BYTES_MAX - base.byteLength;
  const openLevel = (content: Uint8Array, depth: number): Uint8Array =>
    openContent(content, (place) => {
      if (decisions.next() === undefined) return undefined;
      const opening = openMember(place, content, room);
      room -= (opening?.content.byteLength ?? 0) + (opening?.header.byteLength ?? 0);
      if (opening === undefined || room < 0)
        throw new TransferError('INTEGRITY', 'a member of a base is to be opened and is none, or holds too much');
      return { opening, inside: depth < DEPTH_MAX ? openLevel(opening.content, depth + 1) : opening.content };
    });
  const opened = openLevel(base, 1);
  if (!decisions.isUsedUp()) throw new TransferError('INTEGRITY', 'more members of a base are to be opened than it has');
  return opened;
}
