/** `lightermand serve`: one store, one way to deliver, any number of senders. */
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { STORE_RESERVE_BYTES } from '../../shared/limits.ts';
import { readJournal, type JournalEntry } from '../../shared/journal/journal.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { parseDuration, parseSize } from '../../shared/terminal/quantities.ts';
import { followTlsFiles, type TlsFiles } from '../../shared/tls-files.ts';
import { transferId } from '../../shared/transfer-id.ts';
import { VERSION } from '../../shared/version.ts';
import { createGatekeeper, type Gatekeeper } from '../access/gatekeeper.ts';
import { openGrantFiles } from '../access/grant-files.ts';
import { watchDirectory } from '../access/watch-directory.ts';
import { openCatalog } from '../catalog/catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { createDecodePool } from '../conversation/decode-pool.ts';
import type { Deliver } from '../deliver/port.ts';
import { createKeepAsAsked } from '../catalog/keep-as-asked.ts';
import { openDoubts } from '../catalog/doubts.ts';
import { estimateGzip, rememberEstimates } from '../witness/gzip-estimate.ts';
import { openHistory, type History } from '../witness/history.ts';
import { readHooks } from '../hooks/config.ts';
import { reportOf } from '../hooks/report.ts';
import { createHooks, type Hooks } from '../hooks/run.ts';
import { createLive, type Live } from '../witness/live.ts';
import { openSyncs } from '../witness/syncs.ts';
import { limitWarnings, type Log } from '../log.ts';
import { receiveImages } from '../receive-image.ts';
import { listenControl } from '../transport/control.ts';
import { listen, type Listener } from '../transport/listen.ts';
import { startUpkeep, type UpkeepOptions } from '../catalog/upkeep.ts';
import { createUses } from '../catalog/uses.ts';
import type { AdminContext } from './admin-port.ts';
import { runAdminCommand } from './admin.ts';
import { toCollectFlags, type KeepOptions } from './collect-flags.ts';
import { createUnderWay } from '../conversation/under-way.ts';
import { openUnfinished } from '../conversation/unfinished.ts';
import { smallFile } from '../small-file.ts';
import { createDelivery } from './delivery.ts';
import { planExposure, type ExposureFlags } from './exposure.ts';
import { WASTE_MAX } from './keep.ts';
import { planStatus, startStatus, type StatusFlags } from './status.ts';

export interface ServeFlags extends ExposureFlags, KeepOptions, StatusFlags {
  readonly store: string;
  readonly deliver: string;
  readonly engine?: string;
  readonly push?: string;
  readonly hooks?: string;
  readonly gcEvery: string;
  readonly low?: string;
  readonly keepAsAsked?: boolean;
}

/** Of the quota, where `--low` is not given. */
const LOW_SHARE = 0.8;
const EVERY_MS_MIN = 60_000;

/** Serves until the signal aborts; conversations then end as if the link had dropped. */
export async function serve(flags: ServeFlags, environment: ReceiverEnvironment, log: Log, signal: AbortSignal): Promise<void> {
  const upkeepOptions = toUpkeepOptions(flags);
  const files = openGrantFiles(flags.store);
  const { tls, mustAsk } = planExposure(flags, (await files.read()) !== undefined);
  const statusPlan = await planStatus(flags, tls);
  await using store = await openStore(flags.store, { reserveBytes: STORE_RESERVE_BYTES });
  const catalog = await openCatalog(store, await openDoubts(flags.store));
  for (const key of catalog.unreadable) log.warn({ key }, 'an image record is damaged: the image is not known until it is shipped again');
  const uses = createUses();
  await using upkeep = startUpkeep(upkeepOptions, { store, catalog, uses, clock: systemClock, log });
  const toTarget = createDelivery(flags, environment, store, catalog);
  const deliver: Deliver = async (record, options) => {
    const delivery = await toTarget(record, options);
    upkeep.nudge();
    return delivery;
  };
  await using decoders = createDecodePool();
  const limited = limitWarnings(log, systemClock);
  const gatekeeper = await createGatekeeper({ files, clock: systemClock, mustAsk, log });
  const unfinished = await openUnfinished(() => systemClock.now(), smallFile(join(flags.store, 'unfinished.json')));
  const underWay = createUnderWay(unfinished, systemClock, decoders.threads);
  await using history = await openHistory(flags.store, () => systemClock.now());
  const past = await Array.fromAsync(readJournal(history.file));
  await using hooks = createHooks(flags.hooks === undefined ? [] : await readHooks(flags.hooks), { clock: systemClock, log });
  const live = await openLive(history, past, store, hooks, flags.store, log);
  const context = {
    store,
    decoders,
    catalog,
    uses,
    deliver,
    clock: systemClock,
    agent: `lightermand ${VERSION}`,
    log: limited,
    witness: live,
    underWay,
    signal,
    ...(flags.keepAsAsked === true && {
      keepAsAsked: createKeepAsAsked(upkeepOptions, () => ({ store, catalog, uses, now: systemClock.now() })),
    }),
  };
  const conversations = new Set<Promise<void>>();
  {
    await using listener = await listen(
      flags.listen,
      (channel, peer, access) => {
        log.info({ transfer: transferId(channel.name), peer, who: access.who }, 'connected');
        const conversation = receiveImages(channel, peer, context, access).finally(() => {
          conversations.delete(conversation);
          // What it used may go now.
          upkeep.nudge();
        });
        conversations.add(conversation);
      },
      {
        tls,
        admit: (credentials) => gatekeeper.admit(credentials),
        onRefused: (peer, why) => limited.warn({ peer }, `connection refused: ${why}`),
      },
    );
    await using stack = new AsyncDisposableStack();
    stack.use(
      await openControl(
        flags.store,
        {
          directory: flags.store,
          store,
          catalog,
          uses,
          clock: systemClock,
          environment,
          record: (event, facts) => history.record(event, facts),
        },
        log,
      ),
    );
    stack.use(followChanges(listener, gatekeeper, tls, files.directory, log));
    const { deliver: where } = flags;
    if (statusPlan !== undefined) {
      const quotaBytes = upkeepOptions.quota?.high;
      const since = systemClock.now();
      const sources = { store, directory: flags.store, catalog, live, past, clock: systemClock, deliver: where, quotaBytes, since, signal };
      stack.use(await startStatus(statusPlan, sources, log));
    }
    log.info(
      {
        address: listener.address,
        tls: tls !== undefined,
        asks: gatekeeper.asks,
        store: flags.store,
        deliver: where,
        images: catalog.records().length,
      },
      'listening',
    );
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }
  await Promise.all(conversations);
  log.info({}, 'stopped');
}

/** What is told of as it happens: to the history, the status, and the hooks. */
async function openLive(
  history: History,
  past: readonly JournalEntry[],
  store: Store,
  hooks: Hooks,
  directory: string,
  log: Log,
): Promise<Live> {
  const live = createLive({
    history,
    clock: systemClock,
    log,
    syncs: await openSyncs(() => systemClock.now(), smallFile(join(directory, 'syncs.json'))),
    estimateGzip: rememberEstimates(past, (record) => estimateGzip(record, store)),
  });
  live.listen({
    onEntry(entry) {
      const report = reportOf(entry);
      if (report !== undefined) hooks.fire(report);
    },
    onEnd: () => {},
  });
  return live;
}

/** Certificates and grants that change are taken over while conversations go on: when their files change, and at SIGHUP. */
function followChanges(listener: Listener, gatekeeper: Gatekeeper, tls: TlsFiles | undefined, grants: string, log: Log): Disposable {
  const refresh = (anyway: boolean): void =>
    void gatekeeper
      .refresh(anyway)
      .catch((error: unknown) => log.warn({ code: TransferError.from(error).code }, TransferError.from(error).message));
  const onHangup = (): void => refresh(true);
  const reloadTls = ({ cert }: TlsFiles): void => {
    listener.reloadTls();
    log.info({ cert }, 'certificate read again');
  };
  process.on('SIGHUP', onHangup);
  const stack = new DisposableStack();
  stack.defer(() => process.off('SIGHUP', onHangup));
  stack.use(watchDirectory(grants, () => refresh(false)));
  if (tls !== undefined) stack.use(followTlsFiles(tls, () => reloadTls(tls), log));
  return stack;
}

/** Commands for this store are run here while it is open. Without a socket they have to wait until it is not. */
async function openControl(directory: string, context: AdminContext, log: Log): Promise<AsyncDisposable> {
  try {
    return await listenControl(directory, ({ command, flags }, terminal, signal) => {
      log.info({ command }, 'command');
      return runAdminCommand(command, flags, context, terminal, signal);
    });
  } catch (error) {
    log.warn({}, `no control socket: ${TransferError.from(error).message}`);
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  }
}

/** @throws TransferError USAGE */
function toUpkeepOptions(flags: ServeFlags): UpkeepOptions {
  const { keepLast, keepWithinMs, keepTags, keepUnfinishedMs, diskBytesMax: high } = toCollectFlags(flags, false);
  const low = flags.low === undefined ? undefined : parseSize(flags.low);
  if (low !== undefined && (high === undefined || low > high)) throw new TransferError('USAGE', '--low goes with a larger --quota');
  return {
    rules: { last: keepLast, withinMs: keepWithinMs, tags: keepTags },
    quota: high === undefined ? undefined : { high, low: low ?? high * LOW_SHARE },
    everyMs: Math.max(parseDuration(flags.gcEvery), EVERY_MS_MIN),
    keepUnfinishedMs,
    wasteMax: WASTE_MAX,
  };
}
