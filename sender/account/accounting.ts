/**
 * Where the bytes of a shipment went: every byte that crossed is counted once, by what it was for. What the frames do not explain is
 * the WebSocket's own: handshake and frame headers.
 */
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import { hex, ID_BYTES } from '../../shared/hash.ts';
import { frameName, type FrameName } from '../../shared/wire/frames.ts';
import { decodeMessage } from '../../shared/wire/messages.ts';
import { createByteReader } from '../../shared/wire/varint.ts';
import { receivedBytesOf, sentBytesOf } from './frame-bytes.ts';

export interface Part {
  readonly name: string;
  readonly bytes: number;
}

export interface Breakdown {
  /** Adds up to everything sent and received. */
  readonly parts: readonly Part[];
  /** Content by kind of file, dearest first. */
  readonly kinds: readonly Part[];
  /** The dearest files, of many those that cost something at once; runs of several files are shared out by size. */
  readonly files: readonly Part[];
}

/** What one stream cost, the headers of its WebSocket messages included. */
export interface StreamBytes {
  /** Sent: its recipe, and the question. */
  readonly announcement: number;
  /** Sent: its segments. */
  readonly content: number;
  /** Received: what the receiver needs of it, and acknowledgements. */
  readonly answers: number;
}

export interface Accounting {
  /** The same channel, with its frames counted. For each connection of a shipment once. */
  watch(channel: Channel): Channel;
  /** Parts of a frame that is about to be sent: taken out of what the frame's type stands for. */
  detail(part: string, bytes: number): void;
  file(name: string, bytes: number): void;
  breakdown(wire: WireCounters): Breakdown;
  /** What streams (ids in hex) cost together, however often and over however many connections they were announced; undefined for none. */
  total(ids: readonly string[]): StreamBytes | undefined;
}

const FILES_MAX = 20;
/** Files that are counted at a time; of more only the dearest go on being counted. */
const FILES_COUNTED_MAX = 8192;
const FILES_KEPT = 1024;

/** What each frame is for; the parts of `stream` and `segment` are told one by one, the rest of them is their own framing. */
const PURPOSES: Readonly<Record<FrameName, string>> = {
  hello: 'hello and offers',
  offer: 'hello and offers',
  welcome: 'answers',
  answer: 'answers',
  stream: 'headers of recipes and segments',
  segment: 'headers of recipes and segments',
  need: 'need lists',
  stored: 'acknowledgements',
  commit: 'commits, progress, receipts',
  progress: 'commits, progress, receipts',
  receipt: 'commits, progress, receipts',
  activate: 'commits, progress, receipts',
  history: 'commits, progress, receipts',
  past: 'commits, progress, receipts',
  keep: 'commits, progress, receipts',
  kept: 'commits, progress, receipts',
  ran: 'commits, progress, receipts',
  failed: 'commits, progress, receipts',
  error: 'commits, progress, receipts',
};

export function createAccounting(): Accounting {
  const parts = new Map<string, number>();
  let files = new Map<string, number>();
  const kinds = new Map<string, number>();
  const streams = new Map<string, StreamBytes>();
  const detail = (part: string, bytes: number): void => {
    add(parts, part, bytes);
    add(parts, PURPOSES.segment, -bytes);
  };
  return {
    watch(channel) {
      const countStreams = createStreamCounter(streams);
      const count = (frame: Uint8Array): void => {
        const name = frameName(frame);
        if (name === undefined) return;
        add(parts, PURPOSES[name], frame.byteLength);
        countStreams(name, frame);
      };
      return {
        name: channel.name,
        async send(frame) {
          count(frame);
          try {
            await channel.send(frame);
          } catch (error) {
            // It was not handed over, and stands in no counter of the channel.
            add(parts, PURPOSES[frameName(frame) as FrameName], -frame.byteLength);
            throw error;
          }
        },
        frames: counted(channel.frames, count),
        get counters() {
          return channel.counters;
        },
        close: () => channel.close(),
        abort: () => channel.abort(),
      };
    },
    detail,
    file(name, bytes) {
      add(kinds, kindOfFile(name), bytes);
      add(files, name, bytes);
      if (files.size > FILES_COUNTED_MAX) files = new Map([...files].toSorted(([, a], [, b]) => b - a).slice(0, FILES_KEPT));
    },
    total: (ids) => (ids.length === 0 ? undefined : ids.map((id) => streams.get(id) ?? NO_BYTES).reduce(sumOf)),
    breakdown(wire) {
      const explained = [...parts.values()].reduce((sum, bytes) => sum + bytes, 0);
      const all = new Map(parts).set('WebSocket handshake and frame headers', wire.sentBytes + wire.receivedBytes - explained);
      return { parts: dearest(all), kinds: dearest(kinds), files: dearest(files).slice(0, FILES_MAX) };
    },
  };
}

const NO_BYTES: StreamBytes = { announcement: 0, content: 0, answers: 0 };

function sumOf(a: StreamBytes, b: StreamBytes): StreamBytes {
  return { announcement: a.announcement + b.announcement, content: a.content + b.content, answers: a.answers + b.answers };
}

/** Counts the frames of one connection for the streams that they are about. @param streams costs by the streams' ids in hex. */
function createStreamCounter(streams: Map<string, StreamBytes>): (name: FrameName, frame: Uint8Array) => void {
  /** Ids by the numbers that streams and segments have on this connection. */
  const ids: string[] = [];
  const idOfSegment = new Map<number, string>();
  const count = (id: string | undefined, part: keyof StreamBytes, bytes: number): void => {
    if (id === undefined) return;
    const before = streams.get(id) ?? NO_BYTES;
    streams.set(id, { ...before, [part]: before[part] + bytes });
  };
  return (name, frame) => {
    if (name === 'need') count(ids[decodeMessage('need', frame)[0]], 'answers', receivedBytesOf(frame));
    else if (name === 'stored') {
      const [segment] = decodeMessage('stored', frame);
      count(idOfSegment.get(segment), 'answers', receivedBytesOf(frame));
      idOfSegment.delete(segment);
    } else if (name === 'stream') {
      const reader = createByteReader(frame, 1);
      const stream = reader.varint('stream number');
      reader.varint('image number');
      const id = hex(reader.bytes(ID_BYTES, 'stream id'));
      ids[stream] = id;
      count(id, 'announcement', sentBytesOf(frame));
    } else if (name === 'segment') {
      const reader = createByteReader(frame, 1);
      const segment = reader.varint('segment number');
      const id = ids[reader.varint('stream number')];
      if (id !== undefined) idOfSegment.set(segment, id);
      count(id, 'content', sentBytesOf(frame));
    }
  };
}

function add(map: Map<string, number>, name: string, bytes: number): void {
  map.set(name, (map.get(name) ?? 0) + bytes);
}

async function* counted(frames: AsyncIterable<Uint8Array>, count: (frame: Uint8Array) => void): AsyncIterable<Uint8Array> {
  for await (const frame of frames) {
    count(frame);
    yield frame;
  }
}

function dearest(map: ReadonlyMap<string, number>): Part[] {
  return [...map]
    .filter(([, bytes]) => bytes !== 0)
    .toSorted(([a, aBytes], [b, bBytes]) => bBytes - aBytes || (a < b ? -1 : 1))
    .map(([name, bytes]) => ({ name, bytes: Math.round(bytes) }));
}

const KINDS: readonly (readonly [kind: string, names: RegExp])[] = [
  ['source maps', /\.map$/],
  ['scripts and declarations', /\.(?:[cm]?[jt]sx?|py|pl|pm|sh|rb|lua)$/],
  ['WebAssembly', /\.wasm$/],
  ['native libraries and programs', /\.(?:so(?:\.[\d.]+)?|node|a|o)$|(?:^|\/)s?bin\/[^/]+$|\/libexec\//],
  ['compressed files', /\.(?:gz|xz|zst|bz2|zip|jar|whl|tgz|br|png|jpe?g|woff2?)$/],
  ['text and data', /\.(?:json|md|txt|css|html?|xml|ya?ml|list|md5sums|dat|mo|po|conf)$/],
];

function kindOfFile(name: string): string {
  return KINDS.find(([, names]) => names.test(name))?.[0] ?? 'other files';
}
