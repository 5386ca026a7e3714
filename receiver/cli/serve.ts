/** `lightermand serve`: one store, one way to deliver, any number of senders. */
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { VERSION } from '../../shared/version.ts';
import { createGatekeeper, type Gatekeeper } from '../access/gatekeeper.ts';
import { openGrantFiles } from '../access/grant-files.ts';
import { watchDirectory, watchFiles } from '../access/watch-files.ts';
import { openCatalog } from '../catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { createDecodePool } from '../decode-pool.ts';
import { limitWarnings, type Log } from '../log.ts';
import { receiveImages } from '../receive-image.ts';
import { listen, type Listener } from '../transport/listen.ts';
import type { TlsFiles } from '../transport/tls.ts';
import { createDelivery } from './delivery.ts';
import { planExposure, type ExposureFlags } from './exposure.ts';

export interface ServeFlags extends ExposureFlags {
  readonly store: string;
  readonly deliver: string;
  readonly engine?: string;
  readonly push?: string;
}

/** Serves until the signal aborts; conversations then end as if the link had dropped. */
export async function serve(flags: ServeFlags, environment: ReceiverEnvironment, log: Log, signal: AbortSignal): Promise<void> {
  const files = openGrantFiles(flags.store);
  const { tls, mustAsk } = planExposure(flags, (await files.read()) !== undefined);
  await using store = await openStore(flags.store);
  const catalog = await openCatalog(store);
  const deliver = createDelivery(flags, environment, store, catalog);
  await using decoders = createDecodePool();
  const limited = limitWarnings(log, systemClock);
  const gatekeeper = await createGatekeeper({ files, clock: systemClock, mustAsk, log });
  const context = { store, decoders, catalog, deliver, clock: systemClock, agent: `lightermand ${VERSION}`, log: limited };
  const conversations = new Set<Promise<void>>();
  {
    await using listener = await listen(
      flags.listen,
      (channel, peer, access) => {
        log.info({ peer, who: access.who }, 'connected');
        const conversation = receiveImages(channel, peer, context, access).finally(() => conversations.delete(conversation));
        conversations.add(conversation);
      },
      {
        tls,
        admit: (credentials) => gatekeeper.admit(credentials),
        onRefused: (peer, why) => limited.warn({ peer }, `connection refused: ${why}`),
      },
    );
    await using stack = new AsyncDisposableStack();
    stack.use(followChanges(listener, gatekeeper, tls, files.directory, log));
    const { deliver: where } = flags;
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

/** Certificates and grants that change are taken over while conversations go on: when their files change, and at SIGHUP. */
function followChanges(listener: Listener, gatekeeper: Gatekeeper, tls: TlsFiles | undefined, grants: string, log: Log): Disposable {
  const refresh = (anyway: boolean): void =>
    void gatekeeper
      .refresh(anyway)
      .catch((error: unknown) => log.warn({ code: TransferError.from(error).code }, TransferError.from(error).message));
  const reloadTls = (): void => {
    if (tls === undefined) return;
    try {
      listener.reloadTls();
      log.info({ cert: tls.cert }, 'certificate read again');
    } catch (error) {
      // One of two files may have been replaced so far: the next change tells of the other.
      log.warn({ cert: tls.cert }, `${TransferError.from(error).message}; the one before stays in use`);
    }
  };
  const onHangup = (): void => {
    refresh(true);
    reloadTls();
  };
  process.on('SIGHUP', onHangup);
  const stack = new DisposableStack();
  stack.defer(() => process.off('SIGHUP', onHangup));
  stack.use(watchDirectory(grants, () => refresh(false)));
  if (tls !== undefined) stack.use(watchFiles([tls.cert, tls.key, ...(tls.clientCa === undefined ? [] : [tls.clientCa])], reloadTls));
  return stack;
}
