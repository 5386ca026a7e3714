/**
 * Signs of life of a connection: one on which nothing passes is closed by proxies, and one whose other end went away without a word stays open
 * for hours. So the peer is asked for a sign of life (ping, RFC 6455, 5.5.2) when nothing passed in one of the directions for a while, and
 * the connection is given up when nothing came for longer.
 */
import type { Clock } from '../clock.ts';
import { KEEPALIVE_INTERVAL_MS, KEEPALIVE_SILENT_INTERVALS_MAX } from '../limits.ts';
import type { WireCounters } from './port.ts';

export interface KeepAliveOptions {
  /** Of the socket: a large message counts as it comes. */
  readonly counters: () => WireCounters;
  /** False while nothing is taken from the socket, because what came is still to be worked off: then it is nobody's fault that nothing comes. */
  readonly isReading: () => boolean;
  readonly ping: () => void;
  /** Nothing came for so many milliseconds: called once, and that is the end. */
  readonly onSilent: (ms: number) => void;
  readonly clock: Clock;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** Resolves after `onSilent`; rejects when the signal aborts. */
export async function keepAlive({ counters, isReading, ping, onSilent, clock, signal }: KeepAliveOptions): Promise<void> {
  let before = counters();
  for (let silent = 0; silent < KEEPALIVE_SILENT_INTERVALS_MAX;) {
    await clock.sleep(KEEPALIVE_INTERVAL_MS, signal);
    const now = counters();
    const hasCome = now.receivedBytes !== before.receivedBytes;
    silent = hasCome || !isReading() ? 0 : silent + 1;
    if (!hasCome || now.sentBytes === before.sentBytes) ping();
    before = counters();
  }
  onSilent(KEEPALIVE_INTERVAL_MS * KEEPALIVE_SILENT_INTERVALS_MAX);
}
