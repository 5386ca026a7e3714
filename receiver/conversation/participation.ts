/** One conversation among the others of its receiver: what it goes on with, and what its sender may lean on. */
import { concatBytes } from '../../shared/bytes.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { hex, type Id } from '../../shared/hash.ts';
import { BASES_MAX, PREFIX_BYTES } from '../../shared/wire/messages.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Access } from '../access/access.ts';
import type { BegunStream, Participant, UnderWay } from './under-way.ts';

export interface Participation {
  /** The sender is greeted. @param former name of the first connection of its shipment, where this is a later one. */
  enter(former: Uint8Array | undefined): Promise<void>;
  /** Streams that were announced on an earlier connection. */
  begun(): readonly BegunStream[];
  /** The beginnings of their ids, one after the other. */
  begunPrefixes(): Uint8Array;
  /** A stream was announced. */
  add(stream: Id): void;
  /** Streams that came whole and belong to no image yet, of those that the sender may lean on. */
  wholeStreams(): Promise<Id[]>;
  /** Whether there is, or comes, content that belongs to no image and that the sender may know of, from others or from before. */
  hasUnfinished(): boolean;
  /** No more frames come, but what came is still to be worked off. */
  breakOff(): void;
  /** All is in the store. @param begun what another connection can go on with. */
  leave(begun: readonly BegunStream[]): void;
}

/** Streams that belong to no image yet, of those that a sender may lean on. */
const UNFINISHED_BASES_MAX = 64;

export function createParticipation(channel: Channel, access: Access, store: Store, underWay: UnderWay): Participation {
  const settled = Promise.withResolvers<void>();
  const self: Participant = { end: () => channel.abort(), settled: settled.promise };
  const own = new Set<string>();
  let shipment: string | undefined;
  let begun: readonly BegunStream[] = [];
  return {
    async enter(former) {
      // A name is of use only to who has the same grant.
      shipment = `${access.who} ${hex(former ?? channel.name)}`;
      begun = await underWay.enter(shipment, self);
    },
    begun: () => begun,
    begunPrefixes: () => concatBytes(begun.slice(0, BASES_MAX).map(({ id }) => id.subarray(0, PREFIX_BYTES))),
    add: (stream) => void own.add(hex(stream)),
    async wholeStreams() {
      if (access.isLimited) return [];
      const ids = underWay.unfinished.wholeStreams().slice(0, UNFINISHED_BASES_MAX);
      // They may have been collected meanwhile.
      const there = await store.hasMany('recipe', ids);
      return ids.filter((_, i) => there[i]);
    },
    hasUnfinished: () => !access.isLimited && (underWay.unfinished.hasOthers(own) || underWay.hasOthers(self)),
    breakOff: () => underWay.breakingOff(self),
    leave(left) {
      if (shipment !== undefined) underWay.leave(shipment, self, left);
      settled.resolve();
    },
  };
}
