/** What happens to an image once it is whole in the store: nothing more, a file, or an engine and a registry. */
import type { ImageRecord } from '../catalog/catalog.ts';

export interface DeliveredImage {
  readonly refs: readonly string[];
  readonly configDigest: string;
  /** Id in the engine, or the config digest where none was involved. */
  readonly imageId: string;
  /** `registry/repository:tag@sha256:...` for each push. */
  readonly pushed: readonly string[];
}

export interface Delivery {
  /** The record with what was learnt: engine ids, digests that were checked. */
  readonly record: ImageRecord;
  readonly images: readonly DeliveredImage[];
  /** One line each, for people: what was replaced, repeated or left out. */
  readonly notes: readonly string[];
  /** False where the destination did not have all of it before; undefined where that is not known. */
  readonly alreadyThere?: boolean;
}

export type Names = readonly (readonly string[] | undefined)[];

export interface DeliverOptions {
  /** For each image of the record the names that it is to get: none, and it is kept by its id alone; undefined, and nothing is done with it. */
  readonly names: Names;
  /** False: not pushed, also where the receiver pushes. */
  readonly mayPush?: boolean;
  /** Only what takes long and nobody sees: what is delivered next is then there in a moment. No name changes its meaning, nothing is pushed. */
  readonly isRehearsal?: boolean;
  /** Notes say nothing of what the engine had before. */
  readonly isDiscreet?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** `done` and `total` in bytes; total 0 where it is not known. */
  onProgress?(phase: 'rebuild' | 'load' | 'tag' | 'push', done: number, total: number): void;
}

/**
 * Delivers every image of a record. Either all of it is done, or what was there before still is.
 * @throws TransferError INTEGRITY, ENGINE_*, REGISTRY_*, NO_SPACE, PERMISSION
 */
export type Deliver = (record: ImageRecord, options: DeliverOptions) => Promise<Delivery>;
