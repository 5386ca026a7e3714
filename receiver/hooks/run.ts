/**
 * Runs hooks: in the background, one after the other for each hook, tried again where that may help. A hook that fails is logged; it changes
 * nothing about the delivery, which has happened.
 */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.ts';
import { HOOK_OUTPUT_BYTES_MAX, HOOKS_WAITING_MAX } from '../../shared/limits.ts';
import { matchesPattern } from '../../shared/image/name-pattern.ts';
import type { HookConfig, HookEvent } from './config.ts';

/** What a hook is told, as JSON. */
export interface HookReport {
  readonly event: HookEvent;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Names that the image has from now on, or was to get. */
  readonly refs: readonly string[];
  readonly images: readonly { readonly configDigest: string; readonly imageId: string; readonly pushed: readonly string[] }[];
  /** Who asked for it. */
  readonly by: string;
  readonly error?: { readonly code: string; readonly message: string };
}

export interface Hooks extends AsyncDisposable {
  /** Never throws, and waits for nothing. */
  fire(report: HookReport): void;
}

export interface HooksContext {
  readonly clock: Clock;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  readonly fetch?: typeof fetch;
}

const BACKOFF_MS = 1000;
const BACKOFF_MS_MAX = 60_000;

export function createHooks(configs: readonly HookConfig[], context: HooksContext): Hooks {
  const end = new AbortController();
  const queues = configs.map((config) => ({ config, waiting: 0, tail: Promise.resolve() }));
  return {
    fire(report) {
      for (const queue of queues) {
        if (!isMeant(queue.config, report)) continue;
        const what = describe(queue.config);
        if (queue.waiting >= HOOKS_WAITING_MAX) {
          context.log.warn({ hook: what, event: report.event, refs: report.refs }, 'hook left out: too many are waiting');
          continue;
        }
        queue.waiting++;
        queue.tail = queue.tail.then(async () => {
          await runWithRetries(queue.config, report, context, end.signal);
          queue.waiting--;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the receiver stops'));
      await Promise.all(queues.map(({ tail }) => tail));
    },
  };
}

function isMeant({ on, names }: HookConfig, { event, refs }: HookReport): boolean {
  return on.includes(event) && (names === undefined || refs.some((ref) => names.some((pattern) => matchesPattern(pattern, ref))));
}

/** Never rejects. */
async function runWithRetries(config: HookConfig, report: HookReport, context: HooksContext, signal: AbortSignal): Promise<void> {
  const { clock, log } = context;
  const fields = { hook: describe(config), event: report.event, refs: report.refs };
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const timeout = AbortSignal.any([signal, AbortSignal.timeout(config['timeout-seconds'] * 1000)]);
      await runOnce(config, report, context, timeout);
      log.info(fields, 'hook done');
      return;
    } catch (error) {
      const isLate = !signal.aborted && error instanceof Error && error.name === 'TimeoutError';
      const why = isLate ? `it took longer than ${config['timeout-seconds']} s` : reasonOf(error);
      if (attempt >= config.retries || signal.aborted) return log.warn({ ...fields, attempt, why }, 'hook failed');
      log.info({ ...fields, attempt, why }, 'hook failed, to be tried again');
      await clock.sleep(Math.min(BACKOFF_MS * 2 ** attempt, BACKOFF_MS_MAX), signal).catch(() => {});
    }
  }
}

async function runOnce(config: HookConfig, report: HookReport, context: HooksContext, signal: AbortSignal): Promise<void> {
  const body = JSON.stringify({ ...report, at: new Date(report.at).toISOString() });
  const send = (url: string, init: RequestInit): Promise<void> => request(context.fetch ?? fetch, url, { ...init, signal });
  if ('run' in config) return runCommand(config.run, report, body, signal);
  if ('post' in config) {
    const secret = config['secret-file'] === undefined ? undefined : await readSecret(config['secret-file']);
    const headers = { 'content-type': 'application/json', 'x-lighterman-event': report.event, ...signatureOf(body, secret) };
    return send(config.post, { method: 'POST', headers, body });
  }
  const key = filled(config.key, report);
  const value = config.value === undefined ? body : filled(config.value, report);
  if ('etcd' in config) {
    const put = JSON.stringify({ key: base64(key), value: base64(value) });
    return send(new URL('/v3/kv/put', config.etcd).href, { method: 'POST', headers: { 'content-type': 'application/json' }, body: put });
  }
  const token = config['token-file'] === undefined ? undefined : await readSecret(config['token-file']);
  const path = key.split('/').map((part) => encodeURIComponent(part)).join('/'); // prettier-ignore
  return send(new URL(`/v1/kv/${path}`, config.consul).href, {
    method: 'PUT',
    headers: token === undefined ? {} : { 'x-consul-token': token },
    body: value,
  });
}

/** HMAC with SHA-256 (RFC 2104) over the body, in hex. */
function signatureOf(body: string, secret: string | undefined): Record<string, string> {
  return secret === undefined ? {} : { 'x-lighterman-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` };
}

async function request(send: typeof fetch, url: string, init: RequestInit): Promise<void> {
  const answer = await send(url, { ...init, redirect: 'error' });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`${new URL(url).host} answered ${answer.status}`);
}

/** No shell: the words are the program and its arguments. The report comes on stdin, and in short in the environment. */
async function runCommand(words: readonly string[], report: HookReport, body: string, signal: AbortSignal): Promise<void> {
  const [file = '', ...args] = words.map((word) => filled(word, report));
  const env = {
    LIGHTERMAN_EVENT: report.event,
    LIGHTERMAN_REF: report.refs[0] ?? '',
    LIGHTERMAN_IMAGE_ID: report.images[0]?.imageId ?? '',
  };
  const child = spawn(file, args, {
    // oxlint-disable-next-line node/no-process-env -- a command expects the environment of who runs it
    env: { ...process.env, ...env },
    stdio: ['pipe', 'ignore', 'pipe'],
    // A group of its own: what it has started goes with it.
    detached: true,
  });
  const end = (): void => {
    killGroup(child.pid);
    // What left the group may hold it open.
    child.stderr.destroy();
  };
  const complaints: Buffer[] = [];
  let kept = 0;
  child.stderr.on('data', (bytes: Buffer) => {
    if (kept < HOOK_OUTPUT_BYTES_MAX) complaints.push(bytes.subarray(0, HOOK_OUTPUT_BYTES_MAX - kept));
    kept += bytes.byteLength;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(body);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => signal.removeEventListener('abort', end));
  signal.throwIfAborted();
  if (status !== 0) throw new Error(`${file} ended with ${status ?? 'a signal'}: ${Buffer.concat(complaints).toString().trim()}`);
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** What went wrong, as far down as is told: `fetch` hides it in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? `${error.message}: ${error.cause.message}` : error.message;
}

/** `{ref}`, `{repository}`, `{tag}`, `{image}`, `{digest}` and `{event}` stand for what the report says of the first image. */
function filled(template: string, { event, refs, images }: HookReport): string {
  const ref = refs[0] ?? '';
  const colon = ref.lastIndexOf(':');
  const pushed = images[0]?.pushed[0] ?? '';
  const values: Readonly<Record<string, string>> = {
    event,
    ref,
    repository: colon < 0 ? ref : ref.slice(0, colon),
    tag: colon < 0 ? '' : ref.slice(colon + 1),
    image: images[0]?.imageId ?? '',
    digest: pushed.slice(pushed.indexOf('@') + 1),
  };
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] as string) : whole));
}

async function readSecret(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).trim();
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** For the log: what it is and where it goes, without secrets that a URL may hold. */
function describe(config: HookConfig): string {
  if ('run' in config) return `run ${config.run[0]}`;
  const [kind, url] = 'post' in config ? ['post', config.post] : 'etcd' in config ? ['etcd', config.etcd] : ['consul', config.consul];
  return `${kind} ${new URL(url).host}`;
}
