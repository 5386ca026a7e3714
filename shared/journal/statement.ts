/** What a receiver signs of a delivery: both sides can write it down, so that only time and signature need to cross. Form: RECEIPTS.md. */
import { utf8 } from '../bytes.ts';

export interface StatedImage {
  readonly names: readonly string[];
  readonly configDigest: string;
  /** In the engine. */
  readonly imageId: string;
  /** `ref@digest` */
  readonly pushed: readonly string[];
}

export interface Statement {
  /** Id of the transfer (transfer-id.ts). */
  readonly transfer: string;
  /** Seconds since the epoch. */
  readonly time: number;
  /** `archive ID` where it was committed or offered by its archive, `image ID` where it was offered by its image id; in hex. */
  readonly subject: string;
  readonly images: readonly StatedImage[];
}

/** What the signature covers. */
export function statementBytes({ transfer, time, subject, images }: Statement): Uint8Array {
  const stated = images.map(({ names, configDigest, imageId, pushed }) => [names, configDigest, imageId, pushed]);
  return utf8(`lighterman receipt 1\n${JSON.stringify([transfer, time, subject, stated])}`);
}
