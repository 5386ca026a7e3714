/** A shipment over as many connections as it takes: each does what is left, and one that breaks is followed by another. */
import type { Channel, WireCounters } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { formatSeconds } from '../../shared/terminal/units.ts';
import { transferId } from '../../shared/transfer-id.ts';
import { createDryRunChannel } from './dry-run-channel.ts';
import { createRetry } from './retry.ts';
import type { ShipContext, ShipRequest } from '../ship-image.ts';
import { createVoyage, type Voyage, type VoyageOptions } from './voyage.ts';

export interface Crossing {
  /**
   * Does `work` with a connection, and again with another one when that broke, until it is done.
   * @throws TransferError what `work` throws where the link is whole; PEER_UNREACHABLE for the first connection; PEER_LOST after the time
   * that is given to trying again; INTERRUPTED.
   */
  run(work: (voyage: Voyage) => Promise<void>): Promise<void>;
  /** What all connections cost together. */
  readonly wire: WireCounters;
  /** Connections beyond the first. */
  readonly reconnections: number;
  /** Id of the transfer; '' before there was a connection. */
  readonly transfer: string;
}

type Tools = Pick<VoyageOptions, 'accounting' | 'announcements' | 'effort' | 'meter' | 'encoders' | 'amount'>;

export function createCrossing(request: ShipRequest, context: ShipContext, tools: Tools): Crossing {
  const { clock, signal } = context;
  const retry = createRetry(request.dryRun ? 0 : request.retryMs, clock, context.random);
  const wire = { sentBytes: 0, receivedBytes: 0 };
  let connections = 0;
  let shipment: Uint8Array | undefined;

  const connect = async (): Promise<Channel> => {
    const channel = await context.connect(signal);
    connections++;
    return request.dryRun ? createDryRunChannel(channel) : channel;
  };
  /** @returns the reason why the link broke, or undefined where the work is done. */
  const sail = async (channel: Channel, work: (voyage: Voyage) => Promise<void>): Promise<TransferError | undefined> => {
    const voyage = createVoyage(channel, {
      ...tools,
      pool: context.pool,
      agent: context.agent,
      shipment,
      onProgress: (phase, done, total) => context.onProgress(phase, done, total),
      onAnswered: () => retry.answered(),
      onProgressed: () => retry.progressed(),
    });
    shipment ??= channel.name;
    const onAbort = (): void => voyage.callOff();
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await work(voyage);
      return undefined;
    } catch (error) {
      signal.throwIfAborted();
      if (!voyage.isLost) throw error;
      return voyage.signal.reason as TransferError;
    } finally {
      signal.removeEventListener('abort', onAbort);
      const { sentBytes, receivedBytes } = await voyage.end();
      wire.sentBytes += sentBytes;
      wire.receivedBytes += receivedBytes;
    }
  };
  /** Waits and connects until there is a connection again. @throws TransferError PEER_LOST when the time is over. */
  const reconnect = async (why: TransferError): Promise<Channel> => {
    for (let last = why; ;) {
      const delayMs = retry.next();
      if (delayMs === undefined) throw gaveUp(last, retry.tries, request);
      if (retry.tries === 1)
        context.onNote(`${why.message}; connecting again, for up to ${formatSeconds(request.retryMs / 1000)} without progress`);
      await clock.sleep(delayMs, signal);
      try {
        return await connect();
      } catch (error) {
        signal.throwIfAborted();
        last = TransferError.from(error);
        if (last.code !== 'PEER_UNREACHABLE' && last.code !== 'PEER_LOST') throw last;
      }
    }
  };

  const runOn = async (work: (voyage: Voyage) => Promise<void>): Promise<void> => {
    // Connected at once, so that a wrong address shows before gigabytes are read.
    let channel = await connect().catch((error: unknown) => {
      if (TransferError.from(error).code !== 'PEER_LOST') throw error;
      return reconnect(TransferError.from(error));
    });
    for (;;) {
      const lost = await sail(channel, work);
      if (lost === undefined) return;
      tools.effort.broke();
      tools.meter.broke();
      channel = await reconnect(lost);
    }
  };

  return {
    async run(work) {
      try {
        await runOn(work);
      } catch (error) {
        const failure = TransferError.from(error);
        if (shipment !== undefined) failure.transfer = transferId(shipment);
        throw failure;
      }
    },
    wire,
    get reconnections() {
      return connections - 1;
    },
    get transfer() {
      return shipment === undefined ? '' : transferId(shipment);
    },
  };
}

function gaveUp(last: TransferError, tries: number, { dryRun, retryMs }: ShipRequest): TransferError {
  if (dryRun || retryMs === 0) return last;
  return new TransferError('PEER_LOST', `${last.message}; gave up after ${tries} tries in ${formatSeconds(retryMs / 1000)}`, {
    cause: last,
  });
}
