/**
 * Control messages: MessagePack arrays (https://github.com/msgpack/msgpack/blob/master/spec.md) behind the type byte. Arrays, not
 * maps, because names would cost more than values. Every message is validated here; what passes is typed and within limits.
 */
import { decode, encode } from '@msgpack/msgpack';
import { z } from 'zod';
import { TransferError } from '../errors.ts';
import {
  ACTIVATED_NAMES_MAX,
  HISTORY_TOLD_MAX,
  IMAGES_PER_ARCHIVE_MAX,
  LAYERS_MAX,
  REF_LENGTH_MAX,
  SYNC_NEXT_SECONDS_MAX,
} from '../limits.ts';
import { FRAME, frameName, type FrameName } from './frames.ts';

const bytes = (max: number): z.ZodType<Uint8Array> =>
  z.instanceof(Uint8Array).refine((value) => value.byteLength <= max, `at most ${max} bytes`);
const id = z.instanceof(Uint8Array).refine((value) => value.byteLength === 32, 'an id of 32 bytes');
const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const text = (max: number): z.ZodString => z.string().max(max);
const ref = text(REF_LENGTH_MAX);

/** First bytes of an id or digest: enough to find it among what a store holds. */
export const PREFIX_BYTES = 8;
export const BASES_MAX = 256;
/** Ed25519 (RFC 8032). */
export const SIGNATURE_BYTES = 64;

const SCHEMAS = {
  /** versions that the sender speaks, best first; its name and version for the log; where the shipment goes on, the name of its first
   *  connection. */
  hello: z.tuple([z.array(count).min(1).max(16), text(100), bytes(16).optional()]),
  /** the version chosen; the receiver's name and version; first 8 bytes of its store's id. */
  welcome: z.tuple([count, text(100), bytes(16)]),
  /** number of the image in this session; name it is to get; image id (engine sources) or archive id (archives), or empty;
   *  prefixes of its layers' diffIDs where they are known, concatenated; 1 where an image that is held is to be delivered at once, 2
   *  where it is to be staged, 0 for an answer only. */
  offer: z.tuple([count, ref, z.union([id, bytes(0)]), z.union([id, bytes(0)]), bytes(LAYERS_MAX * PREFIX_BYTES), count.max(2)]),
  /** image number; 1 where the whole image is held (delivery begins, a receipt follows) else 0; prefixes of streams that the store
   *  holds and can serve as bases, best first, those of the offered layers before all; 1 where those are all streams of the store; where there are any, prefixes of streams
   *  that were announced on an earlier connection of the shipment and can go on. */
  answer: z.tuple([count, count.max(1), bytes(BASES_MAX * PREFIX_BYTES), count.max(1), bytes(BASES_MAX * PREFIX_BYTES).optional()]),
  /** stream number; 0 = bits follow, one for each asked chunk, set where it is needed, 1 = the stream is held, 2 = a base is gone. */
  need: z.tuple([count, count.max(2), bytes(1 << 22)]),
  /** highest segment number such that it and all before it are durable; how much of the time since the last such message the
   *  receiver was waiting for frames, in per cent: whether link or receiver sets the pace. */
  stored: z.tuple([count, count.max(100)]),
  /** image number; stream number of the archive; name it is to get, empty for the names in the archive; 1 where it is to be staged. */
  commit: z.tuple([count, count, ref, count.max(1).optional()]),
  /** image number; what is going on; done and total (bytes, 0 where not known). */
  progress: z.tuple([count, text(32), count, count]),
  /** image number; for each image of the archive: names, config digest, engine image id, registry references with digest; notes; where
   *  something was delivered newly, the time in seconds since the epoch and the receiver's signature (RECEIPTS.md). */
  receipt: z.tuple([
    count,
    z
      .array(z.tuple([z.array(ref).max(1024), text(80), text(80), z.array(text(REF_LENGTH_MAX + 80)).max(1024)]))
      .max(IMAGES_PER_ARCHIVE_MAX),
    z.array(text(1000)).max(64),
    count.optional(),
    bytes(SIGNATURE_BYTES).optional(),
  ]),
  /** image number; code of the error table; message; hint: this image was not delivered, the others go on. */
  failed: z.tuple([count, text(40), text(2000), text(1000)]),
  /** code of the error table; message; hint: the session ends. */
  error: z.tuple([text(40), text(2000), text(1000)]),
  /** image number; names that are to mean another image, as a unit; 0 = what was staged under them, 1 = what they meant before. */
  activate: z.tuple([count, z.array(ref).min(1).max(ACTIVATED_NAMES_MAX), count.max(1)]),
  /** image number; repositories, each `[registry/]repository`; of each so many images delivered last are kept, and those delivered in the last so many seconds,
   *  and those whose tags match a pattern: 0 and none where a rule is not given. */
  keep: z.tuple([count, z.array(ref).min(1).max(ACTIVATED_NAMES_MAX), count, count, z.array(ref).max(ACTIVATED_NAMES_MAX)]),
  /** image number; images that went; bytes freed. */
  kept: z.tuple([count, count, count]),
  /** image number; a name. */
  history: z.tuple([count, ref]),
  /** image number; what the name came to mean, oldest first: milliseconds since the epoch, how, who had it do so, id of the image; how is empty for an image
   *  that is staged. */
  past: z.tuple([count, z.array(z.tuple([count, text(20), text(100), text(80)])).max(HISTORY_TOLD_MAX)]),
  /** name of a sync; seconds from now until its next run begins at the latest, 0 where none is known; of the run that has ended: images delivered, unchanged, paused,
   *  failed, bytes that crossed, both ways, seconds that it took, and the code of its first failure, or empty. */
  ran: z.tuple([
    z.string().regex(/^[\x21-\x7e]{1,64}$/, 'a name of a sync'),
    count.max(SYNC_NEXT_SECONDS_MAX),
    count,
    count,
    count,
    count,
    count,
    count,
    text(40),
  ]),
} as const;

export type MessageName = keyof typeof SCHEMAS;
export type Message<N extends MessageName> = z.output<(typeof SCHEMAS)[N]>;

/** One whole frame. */
export function encodeMessage<N extends MessageName>(name: N, message: Message<N>): Uint8Array {
  const body = encode(message);
  const frame = new Uint8Array(body.byteLength + 1);
  frame[0] = FRAME[name];
  frame.set(body, 1);
  return frame;
}

/**
 * The message of a frame of that type.
 * @throws TransferError PROTOCOL_VIOLATION for anything but a valid body; an `error` frame of the peer is thrown as the error it is.
 */
export function decodeMessage<N extends MessageName>(name: N, frame: Uint8Array): Message<N> {
  const actual = frameName(frame);
  if (actual !== name) throw unexpectedFrame(actual, name);
  let value: unknown;
  try {
    value = decode(frame.subarray(1), { maxArrayLength: 1 << 16, maxStrLength: 1 << 16, maxMapLength: 0, maxExtLength: 0 });
  } catch (error) {
    throw new TransferError('PROTOCOL_VIOLATION', `a ${name} frame does not decode: ${(error as Error).message}`);
  }
  const result = SCHEMAS[name].safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw new TransferError(
      'PROTOCOL_VIOLATION',
      `a ${name} frame is malformed at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? ''}`,
    );
  }
  return result.data as Message<N>;
}

export function unexpectedFrame(actual: FrameName | undefined, expected: string): TransferError {
  return new TransferError('PROTOCOL_VIOLATION', `expected ${expected}, the peer sent ${actual ?? 'a frame of unknown type'}`);
}
