/** The product itself, from this checkout's sources: `lightermand serve` at the receiver, `lighterman ship` at the sender. */
import { connect } from 'node:net';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../shared/clock.ts';
import type { Effort } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Service, Side } from '../measure/side.ts';
import type { Breakdown } from '../../sender/account/accounting.ts';
import { OWN_PEER } from '../report/report.ts';
import type { Delivery, Peer, PeerBench, PeerSession } from './peer.ts';
import { freePort } from './rsync-daemon.ts';

const SENDER = fileURLToPath(new URL('../../sender/main.ts', import.meta.url));
const RECEIVER = fileURLToPath(new URL('../../receiver/main.ts', import.meta.url));
const START_ATTEMPTS = 2000;
const ATTEMPT_MS = 10;

/** The last line of `ship --json`, as far as it is read here. */
export interface ShippedEvent {
  readonly event: 'shipped';
  readonly wire: { readonly sentBytes: number; readonly receivedBytes: number };
  /** Because of `--explain`. */
  readonly breakdown: Breakdown;
}

export const lighterman = lightermanPeer({ name: OWN_PEER, title: 'lighterman', effort: 'auto', isSlow: false });
export const lightermanMax = lightermanPeer({ name: 'lighterman-max', title: 'lighterman --effort max', effort: 'max', isSlow: true });
/** For the regression guard: with `auto` the bytes follow the link and the machine, with a level of its own they are the same everywhere. */
export const lightermanSteady = lightermanPeer({ name: OWN_PEER, title: 'lighterman --effort high', effort: 'high', isSlow: false });

function lightermanPeer({ effort, ...traits }: Pick<Peer, 'name' | 'title' | 'isSlow'> & { readonly effort: Effort }): Peer {
  return {
    ...traits,
    tools: [],
    needs: { sender: 'lighterman, a store', receiver: 'lightermand, a store' },
    keeps: 'every version',
    flow: 'overlapped',
    deliversToEngine: true,
    open: (bench) => open(bench, effort),
  };
}

async function open(bench: PeerBench, effort: Effort): Promise<PeerSession> {
  const { sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory, far } = bench;
  const images = join(deliveryDirectory, 'images');
  await mkdir(images);
  const delivery = far === undefined ? [`archive:${images}`] : ['engine', '--engine', far.engineAddress, '--push', far.registryHost];
  const { port, service } = await startReceiver(receiver, join(receiverDirectory, 'store'), delivery);
  const shipThrough = async (archive: string, throughPort: number): Promise<Delivery> => {
    const { breakdown } = readShippedEvent(
      await runShip(sender, { archive, port: throughPort, store: join(senderDirectory, 'store'), effort }),
    );
    const [name] = await readdir(images);
    return { path: name === undefined ? undefined : join(images, name), breakdown };
  };
  return {
    async prepare(archive) {
      const { path } = await shipThrough(archive, port);
      if (path !== undefined) await rm(path);
    },
    ship: async ({ archive, dial }) => shipThrough(archive, await dial(port)),
    [Symbol.asyncDispose]: () => service.stop(),
  };
}

/**
 * `lightermand serve` on a free port. Resolves when it listens.
 * @param delivery what stands behind `--deliver`.
 * @param program the built one where it is not the sources that are to run.
 */
export async function startReceiver(
  side: Side,
  store: string,
  delivery: readonly string[],
  program = RECEIVER,
): Promise<{ port: number; service: Service }> {
  const port = await freePort();
  const serve = ['serve', '--listen', `127.0.0.1:${port}`, '--store', store, '--deliver', ...delivery];
  const service = await side.start({ script: 'exec "$@"', args: [process.execPath, program, ...serve] });
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    if (await accepts(port)) return { port, service };
    // Throws where the program has ended.
    await service.output();
    await systemClock.sleep(ATTEMPT_MS);
  }
  throw new TransferError('INTERNAL', `lightermand does not listen on port ${port}`);
}

interface ShipCommand {
  readonly archive: string;
  readonly port: number;
  readonly store: string;
  readonly effort: Effort;
}

function runShip(sender: Side, { archive, port, store, effort }: ShipCommand): Promise<string> {
  const ship = ['ship', archive, '--to', `ws://127.0.0.1:${port}`, '--store', store, '--effort', effort];
  return sender.run({ script: 'exec "$@"', args: [process.execPath, SENDER, ...ship, '--json', '--quiet', '--explain'] });
}

/** @throws TransferError INTERNAL where the output does not end in the event. */
export function readShippedEvent(output: string): ShippedEvent {
  const line = output.trimEnd().split('\n').at(-1) ?? '';
  const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
  const isShipped = typeof value === 'object' && value !== null && 'event' in value && value.event === 'shipped';
  if (!isShipped) throw new TransferError('INTERNAL', `ship --json ended with: ${line}`);
  return value as unknown as ShippedEvent;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
