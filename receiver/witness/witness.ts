/** Whoever looks on while the receiver works: the history, the metrics, the status page. It changes nothing of what happens. */
import type { Channel } from '../../shared/channel/port.ts';
import type { TransferError } from '../../shared/errors.ts';
import type { ImageRecord } from '../catalog/catalog.ts';
import type { Message } from '../../shared/wire/messages.ts';
import type { Delivery } from '../deliver/port.ts';

/** An image on its way out. */
export interface WitnessedImage {
  readonly record: ImageRecord;
  /** For each image of the record the names that it is to get. */
  readonly names: readonly (readonly string[])[];
  /** It was in the store under these names before. */
  readonly wasKnown: boolean;
}

/** What a conversation tells of itself. Images have the numbers that they have in it. */
export interface ConversationWitness {
  /** @param transfer id of the transfer, also where it goes on from an earlier conversation. */
  greeted(agent: string, transfer: string): void;
  /** @param layers 0 where it is not known. @param asked `image ID` or `archive ID`, as it was asked for; '' where it was not. */
  offered(image: number, ref: string, layers: number, asked: string): void;
  /** Its content crossed. */
  committed(image: number): void;
  /** It is whole and in the store, its delivery begins. */
  recorded(image: number, witnessed: WitnessedImage): void;
  progress(image: number, phase: string, done: number, total: number): void;
  /**
   * Resolves when that is written down, with what the sender is to be given to show for it: nothing where all of it was there already.
   * Never rejects.
   */
  delivered(image: number, delivery: Delivery): Promise<Proof | undefined>;
  /** Resolves when that is written down: it is whole and in the store, and waits. Never rejects. */
  staged(image: number, witnessed: WitnessedImage): Promise<void>;
  /** Likewise: names mean other images from now on. */
  activated(image: number, how: 'activated' | 'rolled-back', delivery: Pick<Delivery, 'images' | 'notes'>): Promise<void>;
  /** Likewise. */
  failed(image: number, error: TransferError): Promise<void>;
  /** The sender told how a sync went. */
  ran(told: Message<'ran'>): void;
  /** @param error what ended it, where that was not its end. */
  ended(error?: TransferError): void;
}

/** The receiver's word that an image was delivered (shared/journal/statement.ts). */
export interface Proof {
  /** Seconds since the epoch. */
  readonly time: number;
  readonly signature: Uint8Array;
}

export interface Witness {
  begin(channel: Channel, peer: string, who: string): ConversationWitness;
}

const nobody: ConversationWitness = {
  greeted: () => {},
  offered: () => {},
  committed: () => {},
  recorded: () => {},
  progress: () => {},
  delivered: () => Promise.resolve(undefined),
  staged: () => Promise.resolve(),
  activated: () => Promise.resolve(),
  failed: () => Promise.resolve(),
  ran: () => {},
  ended: () => {},
};

/** Where nobody looks on. */
export const noWitness: Witness = { begin: () => nobody };
