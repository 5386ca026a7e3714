/** The numbers that a sender gives follow each other: what comes again, or is left out, ends the conversation. */
import { TransferError } from '../../shared/errors.ts';
import { STREAM_BYTES_PER_SESSION_MAX, STREAMS_PER_SESSION_MAX } from '../../shared/limits.ts';

export interface FrameOrder {
  offer(image: number): void;
  /** @param bytes of the frame: what a session may announce is bounded, since recipes stay in memory until its end. */
  stream(bytes: number): void;
  segment(segment: number): void;
  /** An image is delivered once, by a commit or because it is held. */
  deliver(image: number): void;
}

/** Each method throws TransferError PROTOCOL_VIOLATION or LIMIT_EXCEEDED. */
export function createFrameOrder(): FrameOrder {
  let images = 0;
  let segments = 0;
  let streamBytes = 0;
  const delivered = new Set<number>();
  return {
    offer(image) {
      demandNext('image', image, images++);
      if (images > STREAMS_PER_SESSION_MAX) throw tooMany('images in a session', images, STREAMS_PER_SESSION_MAX);
    },
    stream(bytes) {
      streamBytes += bytes;
      if (streamBytes > STREAM_BYTES_PER_SESSION_MAX)
        throw tooMany('bytes of announcements in a session', streamBytes, STREAM_BYTES_PER_SESSION_MAX);
    },
    segment: (segment) => demandNext('segment', segment, segments++),
    deliver(image) {
      if (image >= images) throw new TransferError('PROTOCOL_VIOLATION', `image ${image} was never offered`);
      if (delivered.has(image)) throw new TransferError('PROTOCOL_VIOLATION', `image ${image} is delivered already`);
      delivered.add(image);
    },
  };
}

function demandNext(what: string, number: number, expected: number): void {
  if (number !== expected) throw new TransferError('PROTOCOL_VIOLATION', `${what} ${number} comes where ${what} ${expected} was expected`);
}

function tooMany(what: string, count: number, max: number): TransferError {
  return new TransferError('LIMIT_EXCEEDED', `${count} ${what}, the limit is ${max}`);
}
