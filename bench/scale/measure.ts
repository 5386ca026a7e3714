/** One case: its archive is made, shipped to a receiver that has nothing, shipped again, and removed with all that came of it. */
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import type { Effort } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Programs } from '../built.ts';
import { fileSha256 } from '../corpora/file-digest.ts';
import { startSide, type Side, type Usage } from '../measure/side.ts';
import { readShippedEvent, startReceiver } from '../peers/lighterman.ts';
import { within, type ArchiveFile } from '../workplace.ts';
import { makeArchive } from './archive.ts';
import type { ScaleCase } from './cases.ts';

/** After this a shipment hangs, whatever its size. */
const SECONDS_MAX = 6 * 3600;

export interface ScalePlan {
  readonly programs: Programs;
  readonly effort: Effort;
  /** Where archives, stores and deliveries are while they are needed. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Is told what begins. */
  readonly announce: (line: string) => void;
}

export interface Shipped {
  /** From the command to its end, when the archive is delivered. */
  readonly seconds: number;
  /** Both directions, handshake and framing included. */
  readonly wireBytes: number;
  readonly sender: Usage;
  readonly receiver: Usage;
}

export interface CaseResult {
  readonly title: string;
  readonly archiveBytes: number;
  readonly first: Shipped;
  /** Nothing was missing. */
  readonly again: Shipped;
}

/** @throws TransferError INTEGRITY when what arrived is not what was sent, INTERRUPTED, and what made a program fail. */
export async function measureCase(scaleCase: ScaleCase, plan: ScalePlan): Promise<CaseResult> {
  const { title } = scaleCase;
  const directory = await mkdtemp(join(plan.directory, 'scale-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  plan.announce(`${title}: making the archive`);
  const archive = await makeArchive(directory, scaleCase, plan.signal);
  const sender = undo.use(await startSide());
  const receiver = undo.use(await startSide());
  const delivered = join(directory, 'delivered');
  await mkdir(delivered);
  const { port, service } = await startReceiver(receiver, join(directory, 'store'), [`archive:${delivered}`], plan.programs.receiver);
  undo.defer(() => service.stop());
  const ends = { sender, receiver, port, pool: join(directory, 'pool'), delivered };
  plan.announce(`${title}: shipping`);
  const first = await ship(archive, ends, plan);
  plan.announce(`${title}: shipping again`);
  const again = await ship(archive, ends, plan);
  return { title, archiveBytes: archive.bytes, first, again };
}

interface Ends {
  readonly sender: Side;
  readonly receiver: Side;
  readonly port: number;
  readonly pool: string;
  /** Where the receiver puts archives. */
  readonly delivered: string;
}

async function ship(archive: ArchiveFile, { sender, receiver, port, pool, delivered }: Ends, plan: ScalePlan): Promise<Shipped> {
  const words = ['ship', archive.path, '--to', `ws://127.0.0.1:${port}`, '--store', pool, '--effort', plan.effort, '--json', '--quiet'];
  await Promise.all([sender.resetUsage(), receiver.resetUsage()]);
  const startedMs = systemClock.monotonic();
  const run = sender.run({ script: 'exec "$@"', args: [process.execPath, plan.programs.sender, ...words] });
  const output = await within(run, { secondsMax: SECONDS_MAX, signal: plan.signal });
  const seconds = (systemClock.monotonic() - startedMs) / 1000;
  const [senderUsage, receiverUsage] = await Promise.all([sender.usage(), receiver.usage()]);
  const { wire } = readShippedEvent(output);
  await takeDelivery(delivered, archive);
  return { seconds, wireBytes: wire.sentBytes + wire.receivedBytes, sender: senderUsage, receiver: receiverUsage };
}

/** Compares what arrived with what was sent, and removes it. */
async function takeDelivery(directory: string, archive: ArchiveFile): Promise<void> {
  const [name, ...others] = await readdir(directory);
  if (name === undefined || others.length > 0) throw new TransferError('INTEGRITY', 'not one archive arrived');
  const path = join(directory, name);
  if ((await fileSha256(path)) !== archive.sha256) throw new TransferError('INTEGRITY', 'what arrived is not what was sent');
  await rm(path);
}
