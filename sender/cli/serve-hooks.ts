/** `lighterman serve-hooks FILE`: what a registry says was pushed is shipped, by the rules of the file. */
import { TransferError } from '../../shared/errors.ts';
import { demandGuarded } from '../../shared/http-listener.ts';
import { tlsFilesOf } from '../../shared/tls-files.ts';
import { readTokenFile } from '../../shared/token-file.ts';
import { parseNotification, selectPushed } from '../sync/notification.ts';
import type { SelectedImage } from '../sync/selection.ts';
import type { StateFile } from '../sync/state.ts';
import { listenNotifications, NOTIFICATION_DARE } from '../transport/notifications.ts';
import { prepare, run, type Sync, type SyncFlags, type SyncWorld } from './sync-run.ts';

export interface ServeHooksFlags extends SyncFlags {
  readonly listen: string;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure?: boolean;
}

/** Serves until the signal aborts. */
export async function serveHooks(path: string, flags: ServeHooksFlags, world: SyncWorld, signal: AbortSignal): Promise<void> {
  const { listen, tokenFile, insecure } = flags;
  const tls = tlsFilesOf(flags.tlsCert, flags.tlsKey, NOTIFICATION_DARE.tls);
  demandGuarded(listen, { hasToken: tokenFile !== undefined, hasTls: tls !== undefined, insecure }, NOTIFICATION_DARE);
  const { job, state } = await prepare(path, flags, world, signal);
  const waiting = new Map<string, SelectedImage>();
  let awake = Promise.withResolvers<void>();
  await using server = await listenNotifications({
    address: listen,
    token: tokenFile === undefined ? undefined : await readTokenFile(tokenFile),
    tls,
    log: { warn: (_fields, message) => void world.stderr.write(`${message}\n`) },
    onNotification(body) {
      const pushed = parseNotification(body);
      // A tag that was pushed again while it waits is shipped once, as it is then.
      for (const image of pushed?.flatMap((one) => selectPushed(job.config, one)) ?? []) waiting.set(`${image.source} ${image.as}`, image);
      awake.resolve();
      return pushed !== undefined;
    },
  });
  world.stderr.write(`listening on ${server.url}\n`);
  signal.addEventListener('abort', () => awake.resolve(), { once: true });
  for (;;) {
    signal.throwIfAborted();
    const images = [...waiting.values()];
    waiting.clear();
    if (images.length > 0) await runAnyway(job, state, images);
    else await awake.promise;
    if (waiting.size === 0) awake = Promise.withResolvers();
  }
}

/** A run whose failure is said, and ends nothing: the next sync ships what is missing. */
async function runAnyway(job: Sync, state: StateFile, images: readonly SelectedImage[]): Promise<void> {
  try {
    await run(job, state, { pushed: images, waits: true });
  } catch (error) {
    job.signal.throwIfAborted();
    const { message, hint } = TransferError.from(error);
    job.world.stderr.write(`this run failed: ${message} (${hint})\n`);
  }
}
