/** Two sides with folders of their own and a technique set up on them: where shipments are made and measured. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import type { Breakdown } from '../sender/account/accounting.ts';
import { TransferError } from '../shared/errors.ts';
import { fileSha256 } from './corpora/file-digest.ts';
import type { Link } from './links/link.ts';
import type { LaidLink } from './links/shaper-process.ts';
import type { WireCount } from './links/shaper.ts';
import { readImageName, startFarEnd } from './far-end.ts';
import { diskBytes } from './measure/disk.ts';
import type { Instruments } from './measure/instruments.ts';
import type { Usage } from './measure/side.ts';
import type { Delivery, Peer, Shipment } from './peers/peer.ts';

/** The folder of a workplace that holds what arrived last. */
const DELIVERED = 'delivered';

export interface Shipped {
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly seconds: number;
  readonly sender: Usage;
  readonly receiver: Usage;
  readonly roundTripsMax: number;
  readonly receiverDiskBytesBefore: number;
  readonly receiverDiskBytes: number;
  readonly breakdown: Breakdown | undefined;
}

export interface ArchiveFile {
  readonly path: string;
  /** In hex. */
  readonly sha256: string;
}

export interface ShipLimits {
  readonly secondsMax: number;
  readonly signal: AbortSignal;
}

export interface Workplace extends AsyncDisposable {
  /** Makes both sides hold the archive, unmeasured. */
  prepare(archive: ArchiveFile): Promise<void>;
  /** Puts there what is there before the command is given, unmeasured. `ship` does it where it was not done. */
  stage(archive: ArchiveFile): Promise<void>;
  /**
   * Ships over the link and measures it.
   * @throws TransferError INTEGRITY when what arrived is not what was sent, PEER_LOST after `secondsMax`, INTERRUPTED.
   */
  ship(archive: ArchiveFile, link: Link, limits: ShipLimits): Promise<Shipped>;
  /** Disposes of it, but for the folder with what both sides hold now, which becomes the caller's: `WorkplaceOptions.folder` of others. */
  leave(): Promise<string>;
}

export interface WorkplaceOptions {
  /** Default `archive`. */
  readonly deliverTo?: DeliverTo;
  /** What another workplace of this technique left, or a copy of it, to start from; the workplace takes it over. Default: nothing. */
  readonly folder?: string | undefined;
}

/** Where a shipment is over: an archive at the receiver, or the image in the receiver's engine and its registry. */
export type DeliverTo = 'archive' | 'engine';

/** Opens a workplace in a temporary folder, which goes when it is disposed of. */
export async function openWorkplace(
  instruments: Instruments,
  peer: Peer,
  { deliverTo = 'archive', folder: found }: WorkplaceOptions = {},
): Promise<Workplace> {
  const root = found ?? (await mkdtemp(join(tmpdir(), `bench-${peer.name}-`)));
  await using undo = new AsyncDisposableStack();
  let isLeft = false;
  undo.defer(() => rm(isLeft ? join(root, DELIVERED) : root, { recursive: true, force: true }));
  const folder = async (name: string): Promise<string> => {
    await mkdir(join(root, name), { recursive: true });
    return join(root, name);
  };
  const sides = undo.use(await instruments.takeSides());
  const { sender, receiver } = sides;
  const receiverDirectory = await folder('receiver');
  const deliveryDirectory = await folder(DELIVERED);
  const senderDirectory = await folder('sender');
  const far = deliverTo === 'engine' ? undo.use(await startFarEnd(receiver, join(root, 'far'))) : undefined;
  const session = undo.use(await peer.open({ sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory, far }));
  const owned = undo.move();
  let staged: string | undefined;
  const stage = async ({ path }: ArchiveFile): Promise<void> => {
    if (staged !== path) await session.stage?.(path);
    staged = path;
  };

  return {
    stage,
    async prepare({ path }) {
      await session.prepare(path);
      if (!peer.deliversToEngine) await far?.take(path, await readImageName(sender, path));
    },
    async ship(archive, link, limits) {
      await using line = await instruments.shaper.lay(link);
      await stage(archive);
      staged = undefined;
      const image = far === undefined ? undefined : await readImageName(sender, archive.path);
      const shipAll = async (): Promise<Delivery> => {
        const delivery = await session.ship({ archive: archive.path, dial });
        if (delivery.path !== undefined && image !== undefined) await far?.take(delivery.path, image);
        return delivery;
      };
      const receiverDiskBytesBefore = await diskBytes(receiverDirectory);
      let connectsFrom: 'sender' | 'receiver' = 'sender';
      const dial: Shipment['dial'] = (targetPort, { from = 'sender', port } = {}) => {
        connectsFrom = from;
        return line.open(targetPort, port);
      };
      await Promise.all([sender.resetUsage(), receiver.resetUsage()]);
      const startedMs = systemClock.monotonic();
      // What is given up may go on until its processes end.
      sides.isSpoilt = true;
      const delivery = await within(shipAll(), limits);
      sides.isSpoilt = false;
      const seconds = (systemClock.monotonic() - startedMs) / 1000;
      const [senderUsage, receiverUsage, count] = await Promise.all([sender.usage(), receiver.usage(), countOf(line, connectsFrom)]);
      const receiverDiskBytes = await diskBytes(receiverDirectory);
      await verify(delivery, archive);
      if (image !== undefined) await far?.verify(image, delivery.registry);
      if (delivery.path?.startsWith(`${deliveryDirectory}/`) === true) await rm(delivery.path);
      return {
        ...count,
        seconds,
        sender: senderUsage,
        receiver: receiverUsage,
        receiverDiskBytesBefore,
        receiverDiskBytes,
        breakdown: delivery.breakdown,
      };
    },
    async leave() {
      isLeft = true;
      await owned.disposeAsync();
      return root;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function countOf(
  line: LaidLink,
  connectsFrom: 'sender' | 'receiver',
): Promise<Pick<Shipped, 'sentBytes' | 'receivedBytes' | 'roundTripsMax'>> {
  const { upBytes, downBytes, turns }: WireCount = await line.count();
  const [sentBytes, receivedBytes] = connectsFrom === 'sender' ? [upBytes, downBytes] : [downBytes, upBytes];
  return { sentBytes, receivedBytes, roundTripsMax: Math.ceil(turns / 2) };
}

async function verify(delivery: Delivery, archive: ArchiveFile): Promise<void> {
  if (delivery.path === undefined) return;
  const sha256 = await fileSha256(delivery.path);
  if (sha256 !== archive.sha256) throw new TransferError('INTEGRITY', 'what arrived is not what was sent');
}

/**
 * Gives up on time-out or signal; the shipment itself goes on until its sides are disposed of.
 * @throws TransferError PEER_LOST after `secondsMax`, INTERRUPTED.
 */
export async function within<T>(work: Promise<T>, { secondsMax, signal }: ShipLimits): Promise<T> {
  // Whoever loses the race below must not end the process with a rejection that nobody takes.
  work.catch(() => undefined);
  const done = new AbortController();
  const late = systemClock.sleep(secondsMax * 1000, AbortSignal.any([done.signal, signal])).then(() => {
    throw new TransferError('PEER_LOST', `not done after ${secondsMax} s`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => undefined);
    done.abort();
  }
}
