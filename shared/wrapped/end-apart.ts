/** The end of taking a stream apart, whatever the method. */
import type { TakenApart } from '../deflate/port.ts';

/** What has become of a stream. */
export interface Apart {
  readonly place: string;
  /** Bytes that were pushed and belong to no part. */
  readonly held: Uint8Array;
  isHopeless: boolean;
  readonly compressedBytes: number;
  readonly plainBytes: number;
  readonly writer: { finish(compressedBytes: number, plainBytes: number, tail: Uint8Array): Uint8Array };
  /** Plain bytes that are not given out. */
  plain: Uint8Array[];
}

/** What of the compressed bytes a reconstruction may take: more is not worth the work. */
const WORTH_SHARE = 1 / 3;
const WORTH_BYTES = 4096;

export function takePlain(stream: Apart): Uint8Array[] {
  const { plain } = stream;
  stream.plain = [];
  return plain;
}

/** All was pushed, and is taken apart where that went well: the stream is in its tail. */
export function endApart(stream: Apart): TakenApart {
  const { held, compressedBytes, plainBytes, writer } = stream;
  const isWhole = !stream.isHopeless && stream.place === 'tail';
  const reconstruction = isWhole ? writer.finish(compressedBytes, plainBytes, held) : undefined;
  const isWorth = reconstruction !== undefined && reconstruction.byteLength <= compressedBytes * WORTH_SHARE + WORTH_BYTES;
  stream.isHopeless = !isWorth;
  return { plain: takePlain(stream), reconstruction: isWorth ? reconstruction : undefined };
}
