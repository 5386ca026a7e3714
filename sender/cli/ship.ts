/** `lighterman ship` and `seed`: images read into the pool, and what a receiver lacks of them sent. */
import { existsSync } from 'node:fs';
import { systemClock } from '../../shared/clock.ts';
import type { Effort } from '../../shared/delta/content.ts';
import { chooseEngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { createProgressLine, silentProgress, type ProgressLine } from '../../shared/terminal/progress-line.ts';
import { parseDuration, parseRate } from '../../shared/terminal/quantities.ts';
import { VERSION } from '../../shared/version.ts';
import { activateNames } from '../link/command.ts';
import type { SenderEnvironment } from '../config.ts';
import type { ImageSource } from '../image/port.ts';
import { recallRate, rememberRate } from '../link/link-rate.ts';
import { seedPool, type SeedContext } from '../seed-pool.ts';
import type { ReceiptImage } from '../link/answers.ts';
import { shipImages, type ShippedImage } from '../ship-image.ts';
import type { Source } from '../source.ts';
import { connect, parseAddress, type ConnectSecurity } from '../transport/connect.ts';
import { readComposition } from './composition.ts';
import { openEngine } from './engine.ts';
import { prepareEstimate } from './estimate.ts';
import { keepPoolQuota, parsePoolQuota } from './pool.ts';
import { recordShipment } from './receipts.ts';
import { printResult, seededLine } from './report.ts';
import { readSecurity, type SecurityFlags } from './security.ts';
import { resolveSources } from './sources.ts';

/** What every command takes that reads images. */
export interface ReadFlags {
  readonly engine?: string;
  readonly store: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly poolQuota?: string;
}

export interface ShipFlags extends ReadFlags, SecurityFlags {
  readonly to: string;
  readonly as?: string;
  readonly stage?: boolean;
  readonly composition?: string;
  readonly wait: 'delivered' | 'pushed';
  readonly seedPool?: readonly string[];
  readonly effort: Effort;
  readonly dryRun?: boolean;
  readonly rate?: string;
  readonly explain?: boolean;
  readonly retry: string;
}

export async function ship(given: readonly string[], flags: ShipFlags, environment: SenderEnvironment, signal: AbortSignal): Promise<void> {
  if (flags.stage === true && flags.wait === 'pushed')
    throw new TransferError('USAGE', 'what is staged is not pushed: --stage and --wait pushed do not go together', {
      hint: 'push it with `lighterman activate`',
    });
  const release = flags.composition === undefined ? undefined : await readComposition(flags.composition);
  if ((release === undefined) === (given.length === 0)) throw new TransferError('USAGE', 'name sources, or a --composition');
  const names = release?.images.map(({ source }) => source) ?? given;
  if (flags.as !== undefined) {
    parseReference(flags.as);
    if (release !== undefined || names.length > 1) throw new TransferError('USAGE', '--as names one image, but several sources are given');
  }
  if (flags.rate !== undefined) {
    parseRate(flags.rate);
    if (flags.dryRun !== true) throw new TransferError('USAGE', '--rate is for --dry-run');
  }
  const security = readSecurity(flags, environment.token);
  parseAddress(flags.to, security);
  const retryMs = flags.retry === '0' ? 0 : parseDuration(flags.retry);
  const seeds = flags.seedPool ?? [];
  await withPool([...names, ...seeds], flags, environment, signal, async (sources, context, progress) => {
    const seeded = await seedPool(sources.slice(names.length), context);
    const bytesPerSecond = await recallRate(flags.store, flags.to);
    const estimate = flags.dryRun === true ? prepareEstimate(flags.effort, flags.rate, bytesPerSecond) : undefined;
    const effort = estimate?.effort ?? flags.effort;
    const result = await shipImages(
      {
        sources: sources.slice(0, names.length).map((source, i) => ({ ...source, as: release?.images[i]?.as })),
        as: flags.as,
        effort,
        bytesPerSecond,
        dryRun: estimate !== undefined,
        stage: flags.stage === true || release !== undefined,
        retryMs,
      },
      {
        ...context,
        connect: (abort) => connect(flags.to, abort, security),
        agent: `lighterman ${VERSION}`,
        clock: systemClock,
        random: Math.random,
        onNote: (text) => (flags.quiet === true ? process.stderr.write(`${text}\n`) : progress.note(text)),
      },
    );
    progress.stop();
    await recordShipment(flags.store, result, flags.to, () => systemClock.now(), process.stderr);
    for (const image of seeded) process.stderr.write(`${seededLine(image)}\n`);
    // Only for the next dry run to know: that it cannot be written down must not make a ship fail that succeeded.
    if (result.bytesPerSecond !== undefined) await rememberRate(flags.store, flags.to, result.bytesPerSecond).catch(() => {});
    const { stdout, stderr } = process;
    const isActivated = release !== undefined && flags.stage !== true && estimate === undefined;
    const activated = isActivated ? await activateAll(result.images, flags, security, signal) : undefined;
    printResult({ ...result, ...activated }, { json: flags.json === true, explain: flags.explain === true, estimate, stdout, stderr });
    if (flags.wait === 'pushed' && estimate === undefined) demandPushed(activated?.images ?? result.images);
  });
}

/** A release has arrived, and waits under its names: they are given to it as a unit. */
async function activateAll(
  images: readonly ShippedImage[],
  { to }: ShipFlags,
  security: ConnectSecurity,
  signal: AbortSignal,
): Promise<{ images: ShippedImage[] }> {
  const { images: activated } = await activateNames(
    images.map(({ ref }) => ref),
    'activate',
    { agent: `lighterman ${VERSION}`, connect: () => connect(to, signal, security), onProgress: () => {} },
  );
  const found = (ref: string): ReceiptImage | undefined => activated.find(({ refs }) => refs.includes(ref));
  return {
    images: images.map((image) => ({
      ...image,
      imageId: found(image.ref)?.imageId ?? image.imageId,
      pushed: found(image.ref)?.pushed ?? [],
    })),
  };
}

/** @throws TransferError REGISTRY_REFUSED */
function demandPushed(images: readonly ShippedImage[]): void {
  const missing = images.find(({ pushed }) => pushed.length === 0);
  if (missing === undefined) return;
  throw new TransferError('REGISTRY_REFUSED', `${missing.ref} was delivered, but not pushed`, {
    hint: 'is the receiver started with --push, and may this sender push?',
  });
}

export async function seed(names: readonly string[], flags: ReadFlags, environment: SenderEnvironment, signal: AbortSignal): Promise<void> {
  await withPool(names, flags, environment, signal, async (sources, context, progress) => {
    const images = await seedPool(sources, context);
    progress.stop();
    if (flags.json === true) process.stdout.write(`${JSON.stringify({ event: 'seeded', images })}\n`);
    else for (const image of images) process.stdout.write(`${seededLine(image)}\n`);
  });
}

/** Opens what the words on the command line name, and the pool, for as long as `work` takes. */
async function withPool(
  names: readonly string[],
  flags: ReadFlags,
  environment: SenderEnvironment,
  signal: AbortSignal,
  work: (sources: readonly Source[], context: SeedContext, progress: ProgressLine) => Promise<void>,
): Promise<void> {
  parsePoolQuota(flags.poolQuota);
  const progress = flags.quiet === true ? silentProgress : createProgressLine(process.stderr, systemClock);
  try {
    const engine = (): Promise<ImageSource> => openEngine(chooseEngineAddress(flags.engine, environment, existsSync));
    const sources = await resolveSources(names, engine, process.stdin, signal);
    await using pool = await openStore(flags.store);
    await work(
      sources,
      {
        pool,
        clock: systemClock,
        spoolDirectory: flags.store,
        signal,
        onProgress: (phase, done, total) => progress.update(phase, done, total),
      },
      progress,
    );
    await keepPoolQuota(pool, flags.poolQuota, signal, process.stderr);
  } finally {
    progress.stop();
  }
}
