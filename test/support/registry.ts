/** Debian's docker-registry on a free loopback port, with storage of its own. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { startService } from './process.ts';

/** Who may use a registry that was started with `htpasswd`. */
export const REGISTRY_USER = 'bargee';
export const REGISTRY_PASSWORD = 'steer-small??>>';
/** bcrypt of REGISTRY_PASSWORD: the registry accepts no other hash. */
const HTPASSWD_LINE = 'bargee:$2y$04$xu9dKTHqwdwR6lVqYDPQfusCaU1uyGh2XdqKdesRSqLLiUdBAKDqS';
const START_TIMEOUT_MS = 60_000;

export interface Registry extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as it stands before the first slash of a reference. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** What the registry wrote so far is in this file. */
  readonly logPath: string;
}

export interface RegistryOptions {
  /** Only REGISTRY_USER may read and write. */
  readonly htpasswd?: boolean;
  /** Where it tells of pushes. */
  readonly notify?: { readonly url: string; readonly token: string };
}

export async function startRegistry(options: RegistryOptions = {}): Promise<Registry> {
  const directory = await mkdtemp(join(tmpdir(), 'lmr-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logPath = join(directory, 'log');
  const configuration = {
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: join(directory, 'storage') }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
    ...(options.notify === undefined
      ? {}
      : {
          notifications: {
            endpoints: [
              {
                name: 'test',
                url: options.notify.url,
                headers: { Authorization: [`Bearer ${options.notify.token}`] },
                timeout: '2s',
                threshold: 5,
                backoff: '1s',
              },
            ],
          },
        }),
    ...(options.htpasswd === true ? { auth: { htpasswd: { realm: 'test', path: join(directory, 'htpasswd') } } } : {}),
  };
  await writeFile(join(directory, 'htpasswd'), `${HTPASSWD_LINE}\n`);
  // JSON is YAML.
  await writeFile(join(directory, 'config.yml'), JSON.stringify(configuration));
  try {
    const service = await startService({
      file: '/usr/bin/docker-registry',
      args: ['serve', join(directory, 'config.yml')],
      env: { OTEL_TRACES_EXPORTER: 'none' },
      logPath,
      ready: () =>
        fetch(`${url}/v2/`).then(
          (response) => response.status === 200 || response.status === 401,
          () => false,
        ),
      readyTimeoutMs: START_TIMEOUT_MS,
    });
    return {
      host: `127.0.0.1:${port}`,
      port,
      url,
      logPath,
      [Symbol.asyncDispose]: async () => {
        await service.stop('SIGTERM');
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A loopback port on which nothing listens at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new TransferError('INTERNAL', 'no free port');
  return address.port;
}
