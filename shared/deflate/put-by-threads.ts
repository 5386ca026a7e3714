/** Makes a compressed stream again whose reconstruction has marks: its parts by several threads, given out in their order. */
import { availableParallelism } from 'node:os';
import { copyBytes } from '../bytes.ts';
import { ownBuffers, createWorkerPool, type WorkerPool } from '../workers/worker-pool.ts';
import { workerUrl } from '../workers/worker-url.ts';
import { impossible } from '../wrapped/section.ts';
import { createCheck } from './frame.ts';
import type { Mark, Marks } from './marks.ts';
import { PART_AHEAD_BYTES, PART_KNOWN_BYTES, type PartReply, type PartRequest } from './part-rebuild.ts';
import { readReconstruction, type Member, type ReconstructionReader } from './reconstruction.ts';

/** Each takes some 40 MB, with its part and the one that waits. */
const THREADS_MAX = 2;
/** Threads of the process, for all streams: they are started when they are needed, and end when they no longer are. */
let pool: WorkerPool<PartRequest, PartReply> | undefined;

function threads(): PartRunner {
  pool ??= createWorkerPool(workerUrl('part-worker', import.meta.url), Math.min(availableParallelism(), THREADS_MAX));
  return pool;
}

/** What comes next in the stream: bytes as they are, or a part that begins behind so many bits of the byte before. */
interface Piece extends PartReply {
  readonly phase: number;
}

/** Makes parts, some at a time. */
export type PartRunner = Pick<WorkerPool<PartRequest, PartReply>, 'threads' | 'run'>;

/**
 * @param marks those of the reconstruction
 * @throws TransferError as `PutTogether.push` does; what `plain` throws
 */
export async function* putByThreads(
  reconstruction: Uint8Array,
  marks: Marks,
  plain: AsyncIterable<Uint8Array>,
  runner: PartRunner = threads(),
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = readReconstruction(reconstruction);
  await using source = createSource(plain);
  const underWay: Promise<Piece>[] = [];
  const joiner = createJoiner(reader.compressedBytes);
  for await (const piece of begin(reader, marks, source, runner)) {
    // Heard when its turn comes, if it ever does.
    piece.made.catch(() => undefined);
    underWay.push(piece.made);
    if (underWay.length > runner.threads) yield* joiner.join(await (underWay.shift() as Promise<Piece>));
  }
  for (const piece of underWay) yield* joiner.join(await piece);
  if (!(await source.isOver())) throw impossible('more plain bytes than it announces');
  yield* joiner.join(asIs(reader.tail()));
  joiner.end();
}

/** A piece that is being made; wrapped, for nobody is to wait for it where it is given out. */
interface Begun {
  readonly made: Promise<Piece>;
}

/** Begins one piece of the stream after the other, in their order. */
async function* begin(
  reader: ReconstructionReader,
  marks: Marks,
  source: Source,
  runner: PartRunner,
): AsyncGenerator<Begun, void, undefined> {
  let number = 0;
  for (let member = reader.nextMember(); member !== undefined; member = reader.nextMember()) {
    yield { made: Promise.resolve(asIs(member.header)) };
    const check = createCheck(member.frame);
    const take = async (into: Uint8Array): Promise<void> => {
      await source.fill(into);
      check.add(into);
    };
    for await (const part of parts(member, marks.get(number) ?? [], reader, take)) {
      yield { made: runner.run(part, ownBuffers(part.plain)).then((reply) => ({ ...reply, phase: part.phase })) };
    }
    yield { made: Promise.resolve(asIs(member.trailer ?? check.trailer())) };
    number++;
  }
}

const START: Mark = { position: 0, phase: 0, correctionsBytes: 0, steps: 0 };

/** @param take gives the next plain bytes */
async function* parts(
  member: Member,
  marks: readonly Mark[],
  reader: ReconstructionReader,
  take: (into: Uint8Array) => Promise<void>,
): AsyncGenerator<PartRequest, void, undefined> {
  const { maker, segmentPower, plainBytes } = member;
  /** What is there of the next part: from `PART_KNOWN_BYTES` before it on. */
  let ahead = new Uint8Array(0);
  const places = [START, ...marks];
  for (const [index, mark] of places.entries()) {
    const next = places[index + 1];
    const end = next?.position ?? plainBytes;
    const from = Math.max(0, mark.position - PART_KNOWN_BYTES);
    const to = Math.min(end + PART_AHEAD_BYTES, plainBytes);
    const plain = new Uint8Array(to - from);
    plain.set(ahead);
    await take(plain.subarray(ahead.byteLength));
    ahead = plain.slice(Math.max(0, end - PART_KNOWN_BYTES) - from);
    yield {
      ...mark,
      maker,
      segmentPower,
      plain,
      known: mark.position - from,
      bytes: next === undefined ? undefined : end - mark.position,
      isEnd: to === plainBytes,
      corrections: takeCorrections(reader, (next?.correctionsBytes ?? member.correctionsBytes) - mark.correctionsBytes),
      madeMax: reader.compressedBytes,
    };
  }
}

function takeCorrections(reader: ReconstructionReader, bytes: number): Uint8Array {
  const all = new Uint8Array(bytes);
  for (let at = 0; at < bytes;) {
    const part = reader.corrections(bytes - at);
    if (part.byteLength === 0) throw impossible('corrections are missing');
    all.set(part, at);
    at += part.byteLength;
  }
  return all;
}

function asIs(bytes: Uint8Array): Piece {
  return { made: copyBytes(bytes), bits: 0, phase: 0 };
}

interface Joiner {
  /** The whole bytes that are certain with this piece. */
  join(piece: Piece): Iterable<Uint8Array>;
  /** All is joined. */
  end(): void;
}

/** Puts pieces together of which one may begin within a byte that the one before began. */
function createJoiner(bytesMax: number): Joiner {
  let given = 0;
  let openBits = 0;
  let openByte = 0;
  return {
    *join({ made, bits, phase }) {
      if (phase !== openBits) throw impossible('a mark');
      if (phase > 0) made[0] = (made[0] as number) | openByte;
      const whole = bits === 0 ? made : made.subarray(0, -1);
      openBits = bits;
      openByte = made.at(-1) ?? 0;
      given += whole.byteLength;
      if (given > bytesMax) throw impossible('it makes more than it announces');
      if (whole.byteLength > 0) yield whole;
    },
    end() {
      if (given !== bytesMax || openBits !== 0) throw impossible('it makes less than it announces');
    },
  };
}

interface Source extends AsyncDisposable {
  /** Fills it with what comes next. */
  fill(into: Uint8Array): Promise<void>;
  isOver(): Promise<boolean>;
}

function createSource(pieces: AsyncIterable<Uint8Array>): Source {
  const iterator = pieces[Symbol.asyncIterator]();
  let piece: Uint8Array = new Uint8Array(0);
  const next = async (): Promise<boolean> => {
    while (piece.byteLength === 0) {
      const { value, done } = await iterator.next();
      if (done === true) return false;
      piece = value;
    }
    return true;
  };
  return {
    async fill(into) {
      for (let at = 0; at < into.byteLength;) {
        if (!(await next())) throw impossible('plain bytes are missing');
        const part = piece.subarray(0, into.byteLength - at);
        into.set(part, at);
        piece = piece.subarray(part.byteLength);
        at += part.byteLength;
      }
    },
    isOver: async () => !(await next()),
    async [Symbol.asyncDispose]() {
      await iterator.return?.();
    },
  };
}
