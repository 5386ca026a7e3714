/** How long a delivery waits for an engine or a registry that says nothing, and how often it tries one that has no time. */
import { systemClock, type Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { PUSH_DELAY_FIRST_MS, PUSH_DELAY_MAX_MS, PUSH_TRIES_MAX } from '../../shared/limits.ts';

export interface Patience {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
}

export const usualPatience: Patience = { clock: systemClock, random: Math.random };

export interface Watchdog extends Disposable {
  /** Aborts with the error when nothing was heard for too long. */
  readonly signal: AbortSignal;
  /** Something was heard. */
  touch(): void;
}

export function createWatchdog(silentMs: number, clock: Clock, tooLong: () => TransferError): Watchdog {
  const barking = new AbortController();
  const over = new AbortController();
  let heardAt = clock.monotonic();
  const watch = async (): Promise<void> => {
    for (let leftMs = silentMs; leftMs > 0; leftMs = heardAt + silentMs - clock.monotonic()) await clock.sleep(leftMs, over.signal);
    barking.abort(tooLong());
  };
  watch().catch(() => {});
  return {
    signal: barking.signal,
    touch: () => void (heardAt = clock.monotonic()),
    [Symbol.dispose]: () => over.abort(),
  };
}

/** What no waiting changes, although the registry was not reached: how it is spoken to, and who it says it is. */
const PERMANENT = /x509|HTTP response to HTTPS client|no such host/i;
/** How registries (`Retry-After` of RFC 9110, 10.2.3) and engines that pass their words on say when to come back. */
const RETRY_AFTER = /retry[- ]?after["':=\s]*(\d{1,9}(?:\.\d+)?)\s*(ms|s|m)?\b/i;
const UNITS_MS = { ms: 1, s: 1000, m: 60_000 } as const;

/** Tries a push again that failed because the registry was not reached, or had no time. @throws what the last try threw. */
export async function pushPatiently<T>(push: () => Promise<T>, { clock, random }: Patience, signal: AbortSignal | undefined): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await push();
    } catch (error) {
      const { code, message } = TransferError.from(error);
      if (code !== 'REGISTRY_UNREACHABLE' || PERMANENT.test(message)) throw error;
      if (tries === PUSH_TRIES_MAX) throw new TransferError(code, `${message}; tried ${tries} times`, { cause: error });
      await clock.sleep(delayMs(tries, message, random), signal);
    }
  }
}

function delayMs(tries: number, message: string, random: () => number): number {
  const [, number, unit] = RETRY_AFTER.exec(message) ?? [];
  const asked = number === undefined ? 0 : Number(number) * UNITS_MS[(unit?.toLowerCase() ?? 's') as keyof typeof UNITS_MS];
  const own = PUSH_DELAY_FIRST_MS * 2 ** (tries - 1) * (0.5 + random() / 2);
  return Math.min(Math.max(asked, own), PUSH_DELAY_MAX_MS);
}
