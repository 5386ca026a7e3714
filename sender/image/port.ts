/** Where images come from. */
import type { StoreKind } from '../../shared/engine/image-facts.ts';

export interface ImageInspection {
  /** As the engine names it: the config's digest in a graph store, the manifest's or index's in a containerd store. */
  readonly imageId: string;
  /** `sha256:...` of the config, where the engine tells: graph stores only. */
  readonly configDigest: string | undefined;
  /** `sha256:...` of each layer's tar, lowest first. */
  readonly diffIds: readonly string[];
  /** Every name that the image has there, in short form (`app:1`). */
  readonly refs: readonly string[];
  readonly storeKind: StoreKind;
}

/** A name of an image. */
export interface ListedImage {
  /** In short form. */
  readonly ref: string;
  /** When the image was made, in milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface SourceOptions {
  readonly signal?: AbortSignal;
}

export interface ImageSource {
  /**
   * What the source knows of an image without reading it: a name, or an id or the beginning of one.
   * @throws TransferError IMAGE_NOT_FOUND (with near names), ENGINE_UNREACHABLE, ENGINE_PERMISSION, ENGINE_FAILED, INTERRUPTED.
   */
  inspect(name: string, options?: SourceOptions): Promise<ImageInspection>;

  /**
   * The image as `docker save` writes it. Nothing is asked of the source before the first read, and nothing is read ahead of the
   * consumer beyond a socket's buffer. The arrays belong to the consumer. Stopping early ends the save at the source.
   * @throws TransferError as `inspect`; ENGINE_FAILED also where the stream ends before the archive is complete.
   */
  save(name: string, options?: SourceOptions): AsyncIterable<Uint8Array>;

  /** Has the source get an image from its registry. @throws TransferError as `inspect`. */
  pull(name: string, options?: SourceOptions): Promise<void>;

  /** Every name that the source has, in its own order. */
  list(options?: SourceOptions): Promise<readonly ListedImage[]>;
}
