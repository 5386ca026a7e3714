/** What a `serve` does by itself: collects by its keep rules now and then, and whenever its store has passed the quota. */
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog } from './catalog.ts';
import { collectImages, type CollectRequest } from './collect-images.ts';
import { imageName } from './damaged-images.ts';
import { isEmpty, type KeepRules } from './keep-rules.ts';
import type { Uses } from './uses.ts';

export interface UpkeepOptions {
  readonly rules: KeepRules;
  /** Bytes on disk at which images begin to go, and at which no more go. */
  readonly quota: { readonly high: number; readonly low: number } | undefined;
  /** Between two collections by the rules. */
  readonly everyMs: number;
  readonly keepUnfinishedMs: number;
  readonly wasteMax: number;
}

export interface UpkeepContext {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly uses: Uses;
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

/** Ends when it is disposed of. */
export interface Upkeep extends AsyncDisposable {
  /** Something was delivered, or is no longer used: looks whether the store has passed the quota. */
  nudge(): void;
}

export function startUpkeep(options: UpkeepOptions, context: UpkeepContext): Upkeep {
  const ending = new AbortController();
  const { signal } = ending;
  const { rules, quota, everyMs } = options;
  let running: Promise<void> = Promise.resolve();
  const run = (work: () => Promise<void>): Promise<void> =>
    (running = running.then(work).catch((error: unknown) => {
      const { code, message } = TransferError.from(error);
      if (!signal.aborted) context.log.warn({ code }, `collecting: ${message}`);
    }));
  const checkQuota = async (): Promise<void> => {
    if (quota === undefined || signal.aborted) return;
    const { diskBytes } = await context.store.stats();
    if (diskBytes > quota.high) await collect({ rules, diskBytesMax: quota.low }, options, context, signal);
  };
  const byTime = async (): Promise<void> => {
    while (!isEmpty(rules)) {
      await run(() => collect({ rules }, options, context, signal));
      await context.clock.sleep(everyMs, signal);
    }
  };
  const timed = byTime().catch(() => undefined);
  void run(checkQuota);
  return {
    nudge: () => void run(checkQuota),
    async [Symbol.asyncDispose]() {
      ending.abort(new TransferError('INTERRUPTED', 'the receiver stops'));
      await timed;
      await running;
    },
  };
}

async function collect(
  what: Pick<CollectRequest, 'rules' | 'diskBytesMax'>,
  { keepUnfinishedMs, wasteMax }: UpkeepOptions,
  { log, clock, ...context }: UpkeepContext,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const request = { ...what, forget: [], dryRun: false, wipe: false, wasteMax, keepUnfinishedMs, signal };
  const { images, freedBytes, diskBytes, left } = await collectImages(request, { ...context, now: clock.now() });
  for (const record of images) log.info({ image: imageName(record), archive: record.archive }, 'image gone from the store');
  if (images.length > 0 || freedBytes > 0) log.info({ images: images.length, freedBytes, diskBytes }, 'collected');
  for (const why of left) log.warn({}, `collecting: ${why}`);
}
