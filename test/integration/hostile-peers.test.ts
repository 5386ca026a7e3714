/** Senders that break the protocol on purpose: each is told so and shut out, in one line of the log, and the others go on. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../sender/transport/connect.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import { hashBytes } from '../../shared/hash.ts';
import { STREAM_BYTES_PER_SESSION_MAX } from '../../shared/limits.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { encodeSegmentFrame, encodeStreamFrame, NO_BASE, type Run, type StreamFrame } from '../../shared/wire/bulk.ts';
import { frameName, PROTOCOL_VERSION } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage } from '../../shared/wire/messages.ts';
import { ship, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { smallArchive } from '../support/archives.ts';
import { ingest, type Ingested } from '../support/ingested.ts';
import { waitUntil } from '../support/process.ts';

const NOTHING = new Uint8Array(0);
const hello = encodeMessage('hello', [[PROTOCOL_VERSION], 'hostile']);
const offer = (image: number): Uint8Array => encodeMessage('offer', [image, 'evil:1', NOTHING, NOTHING, NOTHING, 1]);
const commit = (image: number, stream: number): Uint8Array => encodeMessage('commit', [image, stream, 'evil:1']);

describe('a receiver among hostile senders', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let receiver: Receiver;
  let victim: string;
  let known: Ingested;
  /** The announcement of the first layer of an archive, and its one run. */
  let announced: StreamFrame;
  let run: Run;
  /** As that, but of zeros that expand to more than was announced; of other content; and of what the archive has beside the layer. */
  let bomb: Run;
  let wrong: Run;
  let rest: Run;
  let lie: (number: number) => Uint8Array;
  let shipped = 0;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    receiver = await startReceiver(['--deliver', 'none']);
    victim = join(directory.path, 'victim.tar');
    known = await ingest(await smallArchive({ seed: 5, layerBytes: [3000] }));
    const [layer] = known.streams;
    if (layer === undefined) throw new TypeError('no layer');
    const { bytes, fresh } = encodeDifference(layer.recipe, [], []);
    announced = { stream: 0, image: 0, id: layer.id, skeleton: undefined, bases: [], askBytes: 0, asked: NOTHING, recipe: bytes };
    const payload = Buffer.concat(await known.store.getMany('chunk', Array.from(fresh, ({ id }) => id))); // prettier-ignore
    run = { codec: CODEC.raw, chunkCount: fresh.length, base: NO_BASE, payload };
    bomb = { ...run, codec: CODEC.zstd, payload: new Uint8Array(zstdCompressSync(new Uint8Array(1 << 28)).subarray(0, 2000)) };
    wrong = { ...run, payload: Buffer.alloc(payload.byteLength, 7) };
    const { recipe } = known.result.archive;
    const archive = encodeDifference(recipe, [], [layer.id]);
    const ids = Array.from(archive.fresh, ({ id }) => id);
    rest = { ...run, chunkCount: ids.length, payload: Buffer.concat(await known.store.getMany('chunk', ids)) };
    lie = (number) => stream({ stream: number, id: recipe.id, skeleton: hashBytes(NOTHING), recipe: archive.bytes });
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const stream = (more: Partial<StreamFrame> = {}): Uint8Array => encodeStreamFrame({ ...announced, ...more });
  const segment = (number: number, runs: readonly Run[] = [run], of = 0): Uint8Array =>
    encodeSegmentFrame({ segment: number, stream: of, runs });

  /** Says it all, `again` when it is asked for something once more, and gives the code of the error that is answered, once the connection is closed. */
  const attack = async (
    frames: readonly Uint8Array[],
    again: readonly Uint8Array[] = [],
  ): Promise<{ readonly code: string; readonly lines: readonly string[] }> => {
    const logged = receiver.log().length;
    const channel: Channel = await connect(receiver.address);
    let code = 'closed';
    const listening = (async () => {
      for await (const frame of channel.frames) {
        const name = frameName(frame);
        // Asked for the stream once more, it sends that too.
        if (name === 'need') for (const next of again) await channel.send(next).catch(() => {});
        if (name === 'error') [code] = decodeMessage('error', frame);
        if (name === 'failed') [, code] = decodeMessage('failed', frame);
        if (name === 'error' || name === 'failed') break;
      }
    })().catch(() => {});
    for (const frame of frames) await channel.send(frame).catch(() => {});
    await listening;
    await channel.close();
    const lines = (): string[] => receiver.log().slice(logged).split('\n').filter((line) => line.includes('WARN')); // prettier-ignore
    await waitUntil(() => lines().length > 0, 60_000);
    return { code, lines: lines() };
  };
  const expectOthersGoOn = async (): Promise<void> => {
    await writeFile(victim, await smallArchive({ seed: 50 + shipped++, layerBytes: [500] }));
    expect((await ship([victim, '--to', receiver.address, '--store', join(directory.path, 'pool')])).images).toHaveLength(1);
  };

  test.each<[string, ErrorCode, () => readonly Uint8Array[], (() => readonly Uint8Array[])?]>([
    ['an offer before the hello', 'PROTOCOL_VIOLATION', () => [offer(0)]],
    ['a second hello', 'PROTOCOL_VIOLATION', () => [hello, hello]],
    ['no version in common', 'PROTOCOL_VERSION', () => [encodeMessage('hello', [[99], 'hostile'])]],
    ['an empty frame', 'PROTOCOL_VIOLATION', () => [NOTHING]],
    ['a type that nobody knows', 'PROTOCOL_VIOLATION', () => [hello, Uint8Array.of(200, 1, 2)]],
    ['a frame that only receivers send', 'PROTOCOL_VIOLATION', () => [hello, encodeMessage('stored', [0, 0])]],
    ['MessagePack that is none', 'PROTOCOL_VIOLATION', () => [hello, Uint8Array.of(3, 0xc1)]],
    ['an array that claims to be huge', 'PROTOCOL_VIOLATION', () => [hello, Uint8Array.of(3, 0xdd, 0xff, 0xff, 0xff, 0xff)]],
    ['a name that is too long', 'PROTOCOL_VIOLATION', () => [hello, encodeMessage('offer', [0, 'a'.repeat(600), NOTHING, NOTHING, NOTHING, 1])]],
    ['an offer that comes again', 'PROTOCOL_VIOLATION', () => [hello, offer(0), offer(0)]],
    ['an offer that leaves one out', 'PROTOCOL_VIOLATION', () => [hello, offer(1)]],
    ['a commit of what was not offered', 'PROTOCOL_VIOLATION', () => [hello, commit(3, 0)]],
    ['a commit of a stream that is not there', 'PROTOCOL_VIOLATION', () => [hello, offer(0), commit(0, 9)]],
    ['a stream that leaves one out', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream({ stream: 1 })]],
    ['a base that was not in the answer', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream({ bases: [{ kind: 'held', index: 200 }] })]],
    ['a base that is the stream itself', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream({ bases: [{ kind: 'sent', stream: 0 }] }), segment(0)]],
    ['content before its stream', 'PROTOCOL_VIOLATION', () => [hello, offer(0), segment(0)]],
    ['a segment that comes again', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream(), segment(0), segment(0)]],
    ['more content than is needed', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream(), segment(0), segment(1)]],
    ['a run without chunks', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream(), segment(0, [{ ...run, chunkCount: 0 }])]],
    ['a codec that nobody knows', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream(), segment(0, [{ ...run, codec: 250 }])]],
    ['a bomb: zeros without end in a few bytes', 'INTEGRITY', () => [hello, offer(0), stream(), segment(0, [bomb])], () => [stream({ stream: 1 }), segment(1, [bomb], 1)]],
    ['content that is not what was announced', 'INTEGRITY', () => [hello, offer(0), stream(), segment(0, [wrong])], () => [stream({ stream: 1 }), segment(1, [wrong], 1), commit(0, 1)]],
    ['a layer as an image', 'ARCHIVE_INVALID', () => [hello, offer(0), stream(), segment(0), commit(0, 0)]],
    ['a recipe that is noise', 'PROTOCOL_VIOLATION', () => [hello, offer(0), stream({ recipe: Buffer.alloc(300, 0xa5) }), segment(0)]],
    ['a skeleton that is not the announced one', 'INTEGRITY', () => [hello, offer(0), stream(), segment(0), lie(1), segment(1, [rest], 1)], () => [lie(2), segment(2, [rest], 2), commit(0, 2)]],
  ])('%s: %s', async (_what, code, frames, again) => {
    const told = await attack(frames(), again?.());
    expect(told.code).toBe(code);
    // A stream that is asked for once more is a line of its own.
    expect(told.lines.filter((line) => !line.includes('asking for the stream'))).toEqual([expect.stringContaining(code)]);
  }); // prettier-ignore

  test('announcements without end are ended', async () => {
    const recipe = new Uint8Array(15 << 20);
    const count = Math.ceil(STREAM_BYTES_PER_SESSION_MAX / recipe.byteLength) + 1;
    const frames = Array.from({ length: count }, (_, number) => stream({ stream: number, recipe }));
    expect((await attack([hello, offer(0), ...frames])).code).toBe('LIMIT_EXCEEDED');
  });

  test('the others go on, also beside a crowd of them', async () => {
    const crowd = Array.from({ length: 20 }, (_, i) => attack([hello, offer(i % 2), Uint8Array.of(200, i)]));
    await expectOthersGoOn();
    expect((await Promise.all(crowd)).map(({ code }) => code)).toEqual(crowd.map(() => 'PROTOCOL_VIOLATION'));
    await expectOthersGoOn();
  });
});
