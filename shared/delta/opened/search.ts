/** Finds the members of a content, and those inside of them: the sender's. Which of them are opened is decided later. */
import { crc32 } from 'node:zlib';
import type { Opening } from './family.ts';
import { DEPTH_MAX, findPlaces, openMember } from './places.ts';
import { DIRECTORY_BYTES } from './zip.ts';

export interface FoundMember {
  readonly opening: Opening;
  /** The same for the same deflated data. */
  readonly key: string;
  /** Members of what it holds. */
  readonly inside: FoundMembers;
}

/** By where they start. */
export type FoundMembers = ReadonlyMap<number, FoundMember>;

/** What looks like a member and is none may be met so often: each costs up to a whole inflation. */
const FAILURES_MAX = 64;

/** @param contentMax bytes of all that members hold */
export function findMembers(content: Uint8Array, contentMax: number): FoundMembers {
  let failures = 0;
  let room = contentMax;
  const search = (bytes: Uint8Array, depth: number): FoundMembers => {
    const members = new Map<number, FoundMember>();
    const next = findPlaces(bytes);
    for (let place = next(0); place !== undefined;) {
      let at = place.start + (place.family === undefined ? DIRECTORY_BYTES : 1);
      if (place.family !== undefined) {
        if (failures === FAILURES_MAX) break;
        const opening = openMember(place, bytes, room);
        const held = (opening?.content.byteLength ?? 0) + (opening?.header.byteLength ?? 0);
        if (opening === undefined || held > room) failures++;
        else {
          at = opening.end;
          room -= held;
          const key = `${opening.deflated.byteLength}:${crc32(opening.deflated)}`;
          members.set(place.start, { opening, key, inside: depth < DEPTH_MAX ? search(opening.content, depth + 1) : new Map() });
        }
      }
      place = next(at);
    }
    return members;
  };
  return search(content, 1);
}

/** The keys of all of them. */
export function keysOf(members: FoundMembers, keys: Set<string> = new Set()): ReadonlySet<string> {
  for (const { key, inside } of members.values()) {
    keys.add(key);
    keysOf(inside, keys);
  }
  return keys;
}
