/** What the conversations of one receiver know of each other, and of those that broke off. */
import type { Clock } from '../../shared/clock.ts';
import type { Id } from '../../shared/hash.ts';
import { BEGUN_BYTES_MAX } from '../../shared/limits.ts';
import { createClaims, type Claims } from './claims.ts';
import type { Delivery } from '../deliver/port.ts';
import type { FreshIds } from './fresh-ids.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { createSerial, type Serial } from '../../shared/serial.ts';
import { createSlots, type Slots } from './slots.ts';
import type { Unfinished } from './unfinished.ts';

/** A stream that was announced on a connection that broke: enough to go on with it. */
export interface BegunStream {
  readonly id: Id;
  /** Its recipe is in the store: then of what follows only the bases are told. */
  readonly isKept: boolean;
  /** Its difference, the bases that it leans on, and the streams that it may nest. */
  readonly recipe: Uint8Array;
  readonly bases: readonly Id[];
  readonly nestable: readonly Id[];
  /** Its fresh chunks as far as they are in the store; empty where nothing came and nothing was asked. */
  readonly ids: FreshIds;
}

/** A conversation as others see it. */
export interface Participant {
  /** Drops its connection. */
  end(): void;
  /** Resolves when all that arrived whole is in the store, and images that were committed are recorded. Never rejects. */
  readonly settled: Promise<void>;
}

export interface UnderWay {
  readonly unfinished: Unfinished;
  readonly claims: Claims;
  readonly deliveries: Jobs<Delivery>;
  /** Runs one change of what names mean at a time. */
  readonly activations: Serial;
  /** Runs that may be decoded and stored at the same time, by all conversations together. */
  readonly slots: Slots;
  /** True where anybody but `self` is in conversation. */
  hasOthers(self: Participant): boolean;
  /**
   * A shipment begins or, on another connection, goes on: an earlier conversation about it is ended.
   * @returns what was begun there, when all that arrived there is in the store.
   */
  enter(shipment: string, self: Participant): Promise<readonly BegunStream[]>;
  /** The conversation has ended. @param begun to be remembered for another connection of the same shipment; within limits. */
  leave(shipment: string, self: Participant, begun: readonly BegunStream[]): void;
  /** The connection has ended, but what came over it is not yet all in the store. */
  breakingOff(self: Participant): void;
  /** Resolves when what arrived over connections that have ended is in the store. */
  settled(): Promise<void>;
}

/** @param threads as those of the decoders. */
export function createUnderWay(unfinished: Unfinished, clock: Clock, threads: number): UnderWay {
  const participants = new Map<string, Participant>();
  const remembered = new Map<string, readonly BegunStream[]>();
  const settling = new Set<Promise<void>>();
  return {
    unfinished,
    claims: createClaims(clock),
    deliveries: createJobs(),
    activations: createSerial(),
    slots: createSlots(threads + 1),
    hasOthers: (self) => [...participants.values()].some((participant) => participant !== self),
    async enter(shipment, self) {
      const before = participants.get(shipment);
      participants.set(shipment, self);
      if (before !== undefined) {
        before.end();
        await before.settled;
      }
      const begun = remembered.get(shipment) ?? [];
      remembered.delete(shipment);
      return begun;
    },
    leave(shipment, self, begun) {
      if (participants.get(shipment) === self) participants.delete(shipment);
      if (begun.length === 0) return;
      remembered.set(shipment, begun);
      let bytes = [...remembered.values()].flat().reduce((sum, stream) => sum + weightOf(stream), 0);
      for (const [oldest, streams] of remembered) {
        if (bytes <= BEGUN_BYTES_MAX) break;
        remembered.delete(oldest);
        bytes -= streams.reduce((sum, stream) => sum + weightOf(stream), 0);
      }
    },
    breakingOff({ settled }) {
      settling.add(settled);
      void settled.then(() => settling.delete(settled));
    },
    async settled() {
      await Promise.all(settling);
    },
  };
}

/** Bytes that it takes in memory, about. */
function weightOf({ recipe, ids, nestable }: BegunStream): number {
  return recipe.buffer.byteLength + 33 * ids.length + 128 * nestable.length + 1024;
}
