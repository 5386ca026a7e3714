/** A sender and a receiver in this process whose link breaks as a test wants it to: what one of them loses, the other does not know. */
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import type { DecodePool } from '../../receiver/conversation/decode-pool.ts';
import type { Deliver } from '../../receiver/deliver/port.ts';
import type { SmallFile } from '../../receiver/small-file.ts';
import { receiveImages, type ReceiverContext } from '../../receiver/receive-image.ts';
import { createUses } from '../../receiver/catalog/uses.ts';
import type { EncodePool } from '../../sender/content/encode-pool.ts';
import { shipImages, type ShipRequest, type ShipResult } from '../../sender/ship-image.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { decodeContent, encodeContent } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { asId, hex, sha256Digest } from '../../shared/hash.ts';
import { loadRecipe, openStoredArchive } from '../../shared/image/stored-archive.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { RECORD_KINDS, type Store } from '../../shared/store/port.ts';
import { createBreakingLink, type Break, type BreakingLink } from './breaking-link.ts';
import { freshUnderWay } from './fresh-under-way.ts';
import { inPieces } from './ingested.ts';
import { collect } from './tar.ts';

/** Encodes in this thread: for many small shipments. */
export const encodersHere: EncodePool = {
  async *encodeInOrder(items, read, _bytesOf, effort) {
    for (const item of items) {
      const { target, base } = await read(item);
      yield [encodeContent(target, base, effort()), item];
    }
  },
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Decodes in this thread. */
const decodersHere: DecodePool = {
  threads: 1,
  decode: async ({ codec, payload, targetBytes }, base) => decodeContent(codec, payload, await base?.read(), targetBytes),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** Pauses take no time. */
export const hastyClock: Clock = { ...systemClock, sleep: () => new Promise((resolve) => setImmediate(resolve)) };

export interface TestReceiver {
  readonly context: ReceiverContext;
  /** SHA-256 of the archives that were delivered, in order, and of how many deliveries began. */
  readonly delivered: string[];
  readonly log: string[];
  /** Holds the conversation that comes over a channel. */
  receive(channel: Channel): void;
  /** Images whose delivery is waited for. */
  waiting(): number;
  /** Resolves when no conversation is left. */
  idle(): Promise<void>;
}

/**
 * @param deliver by default the archive is rebuilt, and its digest noted.
 * @param unfinished what outlives the receiver beside its store.
 */
export async function createTestReceiver(store: Store, deliver?: Deliver, unfinished?: SmallFile): Promise<TestReceiver> {
  const delivered: string[] = [];
  const log: string[] = [];
  const note = (fields: object, message: string): void => void log.push(`${message} ${JSON.stringify(fields)}`);
  const rebuild: Deliver = async (record, { names, signal }) => {
    const archive = await openStoredArchive(await loadRecipe(store, asId(Buffer.from(record.archive, 'hex'))), store);
    delivered.push(sha256Digest(await collect(archive.openAll(signal))));
    const images = record.images.map(({ configDigest }, i) => ({ refs: names[i] ?? [], configDigest, imageId: configDigest, pushed: [] }));
    return { record, images, notes: [] };
  };
  const context: ReceiverContext = {
    store,
    decoders: decodersHere,
    uses: createUses(),
    catalog: await openCatalog(store),
    deliver: deliver ?? rebuild,
    clock: systemClock,
    agent: 'test receiver',
    underWay: await freshUnderWay(unfinished),
    log: { info: note, warn: note },
  };
  const conversations = new Set<Promise<void>>();
  return {
    context,
    delivered,
    log,
    receive(channel) {
      const conversation = receiveImages(channel, 'test', context).finally(() => conversations.delete(conversation));
      conversations.add(conversation);
    },
    waiting: () => context.underWay.deliveries.waiting,
    async idle() {
      await Promise.all(conversations);
    },
  };
}

export interface BrokenShipment {
  readonly result: ShipResult;
  readonly links: readonly BreakingLink[];
  readonly notes: readonly string[];
}

export interface ShipmentOptions extends Partial<Pick<ShipRequest, 'retryMs' | 'effort'>> {
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** The receiver of the n-th connection; none: nobody answers. */
  readonly receiverOf?: (connection: number) => TestReceiver | undefined;
}

/**
 * Ships an archive that can be read only once, over links of which the n-th breaks as `breaks[n]` says.
 * @throws TransferError as `shipImages`.
 */
export async function shipOverBreakingLinks(
  archives: readonly Uint8Array[],
  pool: Store,
  receiver: TestReceiver,
  breaks: readonly (Break | undefined)[],
  { retryMs = 3_600_000, effort = 'auto', clock = hastyClock, signal, receiverOf = () => receiver }: ShipmentOptions = {},
): Promise<BrokenShipment> {
  const links: BreakingLink[] = [];
  const notes: string[] = [];
  const reads = new Set<number>();
  const sources = archives.map((archive, i) => ({
    name: `archive ${i}`,
    inspection: undefined,
    bytes: archive.byteLength,
    read() {
      if (reads.has(i)) throw new TransferError('INTERNAL', 'a source that cannot be read twice was');
      reads.add(i);
      return inPieces(archive);
    },
  }));
  const connect = (): Promise<Channel> => {
    const there = receiverOf(links.length);
    const link = createBreakingLink(breaks[links.length]);
    links.push(link);
    if (there === undefined) return Promise.reject(new TransferError('PEER_UNREACHABLE', 'nobody answers'));
    there.receive(link.ends[1]);
    return Promise.resolve(link.ends[0]);
  };
  const result = await shipImages(
    { sources, as: undefined, effort, dryRun: false, retryMs },
    {
      pool,
      connect,
      agent: 'test sender',
      clock,
      random: () => 0.5,
      encoders: encodersHere,
      signal: signal ?? new AbortController().signal,
      onProgress: () => {},
      onNote: (text) => void notes.push(text),
    },
  );
  return { result, links, notes };
}

/** A store in memory with everything that another one has. */
export async function copyOf(store: Store): Promise<Store> {
  const copy = createMemoryStore();
  for (const kind of RECORD_KINDS)
    for await (const key of store.keys(kind)) await copy.put([{ kind, key, bytes: (await store.get(kind, key)) as Uint8Array }]);
  return copy;
}

/** The chunks that a store has, and how many images. */
export async function contentsOf(store: Store): Promise<{ readonly chunks: string[]; readonly images: number }> {
  const chunks = (await Array.fromAsync(store.keys('chunk'))).map((id) => hex(id)).toSorted();
  return { chunks, images: (await store.stats()).records.image };
}
