/** Where images go. */
import type { StoreKind } from '../../shared/engine/image-facts.ts';
import type { Descriptor } from '../../shared/image/oci-layout.ts';

export interface Blob {
  /** `sha256:...` of the bytes. */
  readonly digest: string;
  readonly bytes: number;
  /** The content, from its beginning; may be called more than once. The arrays belong to the sink. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface LayerBlob extends Blob {
  /** `sha256:...` of the layer's tar; the same as `digest` where the blob is not compressed. */
  readonly diffId: string;
  /** Undefined where the source archive named none: then a blob that is not the tar itself is taken for gzip. */
  readonly mediaType: string | undefined;
}

/** An image whose content was verified against its digests; a sink looks at completeness and at what the engine makes of it. */
export interface LoadableImage {
  /** The names that it gets, in short form. Without any it is kept by its id alone. */
  readonly refs: readonly string[];
  readonly config: Uint8Array;
  readonly configDigest: string;
  /** Lowest first, with one entry for each diffID of the config. */
  readonly layers: readonly LayerBlob[];
  /** The OCI layout that the source archive had, kept so that a containerd store gives the image the id that it had there. */
  readonly original?: {
    /** The entry of index.json that leads to the image. */
    readonly descriptor: Descriptor;
    /** Everything that the descriptor reaches: indexes, manifests, attestations. Config and layers may be among them. */
    readonly blobs: readonly Blob[];
  };
}

/** An earlier delivery to the same engine, as its `Delivery` told. */
export interface DeliveredImage {
  readonly imageId: string;
  readonly blobDigests: readonly string[];
}

export interface DeliveryProgress {
  readonly phase: 'load' | 'tag' | 'push';
  /** So far and in all, of this phase; both 0 at a beginning and where a phase moves no bytes. What a push has to move is known bit by bit. */
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface DeliverOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DeliveryProgress) => void;
  /** `REGISTRY[/PREFIX]`: each name is also pushed as `REGISTRY[/PREFIX]/repository:tag`. */
  readonly pushTo?: string;
  /** Loads what is missing under a name of the sink's own, and leaves it there: the delivery proper has only to name it. Nothing is named or pushed. */
  readonly onlyLoad?: boolean;
  /** What a containerd store may be believed to hold, as long as it still lists the image. */
  readonly delivered?: readonly DeliveredImage[];
}

export interface Delivery {
  /** As the engine names it. */
  readonly imageId: string;
  readonly storeKind: StoreKind;
  readonly refs: readonly string[];
  /** True where the engine had the very image under the very names. */
  readonly alreadyThere: boolean;
  /** Layers given to the engine, and layers that it had. */
  readonly loadedLayers: number;
  readonly omittedLayers: number;
  /** Size of the archive given to the engine; 0 where nothing was loaded. */
  readonly loadedBytes: number;
  /** Names that meant another image before; the engine keeps it without a name. */
  readonly replaced: readonly { readonly ref: string; readonly imageId: string }[];
  /** Names in the registry, with the digest by which they can be pulled. */
  readonly pushed: readonly { readonly ref: string; readonly digest: string }[];
  /** What the engine holds of the image from now on: goes into `DeliverOptions.delivered` of later deliveries. */
  readonly blobDigests: readonly string[];
}

export interface ImageSink {
  /**
   * Who answers, as a check before work begins.
   * @throws TransferError ENGINE_UNREACHABLE, ENGINE_PERMISSION, ENGINE_FAILED, INTERRUPTED.
   */
  check(options?: { readonly signal?: AbortSignal }): Promise<{ readonly version: string; readonly storeKind: StoreKind }>;

  /**
   * Makes the image be there under its names, given only what is missing. On failure earlier images and names are as before, with
   * one exception: an image that was loaded, but could not be pushed, stays. Deliveries of one sink are loaded one after the other.
   * @throws TransferError ENGINE_UNREACHABLE, ENGINE_PERMISSION, ENGINE_FAILED, NO_SPACE (the engine's disk), INTEGRITY (the engine
   * made something else of it), REGISTRY_UNREACHABLE, REGISTRY_REFUSED, USAGE (`pushTo` or a name), INTERRUPTED, and what `open` throws.
   */
  deliver(image: LoadableImage, options?: DeliverOptions): Promise<Delivery>;
}
