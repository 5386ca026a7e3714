/** A sender and a receiver in this process, joined by a channel in memory: the real session, without sockets and child processes. */
import type { Channel } from '../../shared/channel/port.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Effort } from '../../shared/delta/content.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Access } from '../../receiver/access/access.ts';
import { openCatalog, type Catalog } from '../../receiver/catalog/catalog.ts';
import type { UnderWay } from '../../receiver/conversation/under-way.ts';
import { createDecodePool } from '../../receiver/conversation/decode-pool.ts';
import { deliverToDirectory } from '../../receiver/deliver/archive.ts';
import { receiveImages } from '../../receiver/receive-image.ts';
import { createUses, type Uses } from '../../receiver/catalog/uses.ts';
import { createEncodePool } from '../../sender/content/encode-pool.ts';
import { shipImages, type ShipResult } from '../../sender/ship-image.ts';
import { frameName } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage } from '../../shared/wire/messages.ts';
import { freshUnderWay } from './fresh-under-way.ts';
import { inPieces } from './ingested.ts';

export interface JoinedAgents {
  readonly pool: Store;
  readonly store: Store;
  /** Where the receiver writes `NAME_TAG.tar`. */
  readonly delivered: string;
  /** The receiver's; by default it is opened for each conversation. */
  readonly catalog?: Catalog;
  /** What the sender may do; by default everything. */
  readonly access?: Access;
  /** The receiver's, where something is collected beside the conversation. */
  readonly uses?: Uses;
  /** What the receiver's conversations know of each other; by default nothing. */
  readonly underWay?: UnderWay;
  /** Versions of the protocol that the sender offers; by default all. */
  readonly versions?: readonly number[];
}

export interface Crossing extends ShipResult {
  /** The conversation in turns, the sender's `>` and the receiver's `<`: one round trip is `><`. */
  readonly turns: string;
}

/** Threads start at the first shipment of a test file and serve the others, too: to start them takes longer than most shipments. */
const encoders = createEncodePool();
const decoders = createDecodePool(1);

/** Ships archives, each under the names in it or the one archive as `as`, in one session. @throws TransferError as `shipImages`. */
export async function shipArchives(
  agents: JoinedAgents,
  archives: readonly Uint8Array[],
  effort: Effort = 'auto',
  as?: string,
): Promise<Crossing> {
  const [senderEnd, receiverEnd] = createMemoryChannelPair();
  const turns: string[] = [];
  const context = {
    store: agents.store,
    decoders,
    catalog: agents.catalog ?? (await openCatalog(agents.store)),
    uses: agents.uses ?? createUses(),
    deliver: deliverToDirectory(agents.store, agents.delivered),
    clock: systemClock,
    agent: 'test receiver',
    underWay: agents.underWay ?? (await freshUnderWay()),
    log: { info: () => {}, warn: () => {} },
  };
  const receiving = receiveImages(receiverEnd, 'memory', context, agents.access);
  const sources = archives.map((archive, i) => ({
    name: `archive ${i}`,
    inspection: undefined,
    bytes: archive.byteLength,
    read: () => inPieces(archive),
  }));
  const result = await shipImages(
    { sources, as, effort, dryRun: false, retryMs: 0 },
    {
      pool: agents.pool,
      connect: () => Promise.resolve(watched(senderEnd, agents.versions, (turn) => turns.at(-1) !== turn && turns.push(turn))),
      agent: 'test sender',
      clock: systemClock,
      random: Math.random,
      encoders,
      onNote: () => {},
      signal: new AbortController().signal,
      onProgress: () => {},
    },
  );
  await receiving;
  return { ...result, turns: turns.join('') };
}

function watched(channel: Channel, versions: readonly number[] | undefined, onFrame: (direction: '>' | '<') => void): Channel {
  return {
    name: channel.name,
    send(frame) {
      onFrame('>');
      return channel.send(versions !== undefined && frameName(frame) === 'hello' ? withVersions(frame, versions) : frame);
    },
    frames: (async function* () {
      for await (const frame of channel.frames) {
        onFrame('<');
        yield frame;
      }
    })(),
    get counters() {
      return channel.counters;
    },
    close: () => channel.close(),
    abort: () => channel.abort(),
  };
}

function withVersions(frame: Uint8Array, versions: readonly number[]): Uint8Array {
  const [, ...rest] = decodeMessage('hello', frame);
  return encodeMessage('hello', [[...versions], ...rest]);
}
