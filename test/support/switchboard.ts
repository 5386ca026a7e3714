/** Real etcd and nginx on loopback ports, with storage and configuration of their own: what a key in etcd switches traffic with. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';
import { startService } from './process.ts';
import { freePort } from './registry.ts';

const START_TIMEOUT_MS = 60_000;

export interface Etcd extends AsyncDisposable {
  readonly url: string;
  /** Undefined where there is no such key. */
  get(key: string): Promise<string | undefined>;
}

export async function startEtcd(): Promise<Etcd> {
  const directory = await mkdtemp(join(tmpdir(), 'lme-'));
  const url = `http://127.0.0.1:${await freePort()}`;
  const peers = `http://127.0.0.1:${await freePort()}`;
  const service = await startService({
    file: '/usr/bin/etcd',
    args: ['--data-dir', join(directory, 'data'), '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`], // prettier-ignore
    logPath: join(directory, 'log'),
    ready: () => fetch(`${url}/health`).then((answer) => answer.ok, () => false), // prettier-ignore
    readyTimeoutMs: START_TIMEOUT_MS,
  });
  return {
    url,
    async get(key) {
      const body = JSON.stringify({ key: Buffer.from(key).toString('base64') });
      const answer = (await (await fetch(`${url}/v3/kv/range`, { method: 'POST', body })).json()) as { kvs?: { value: string }[] };
      const value = answer.kvs?.[0]?.value;
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString();
    },
    async [Symbol.asyncDispose]() {
      await service.stop('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export interface Nginx extends AsyncDisposable {
  readonly url: string;
  /** Sends what comes from now on to this port; resolves when nginx was told. */
  switchTo(port: number): Promise<void>;
}

/** @param port of the first backend. */
export async function startNginx(port: number): Promise<Nginx> {
  const directory = await mkdtemp(join(tmpdir(), 'lmn-'));
  const listen = await freePort();
  const file = join(directory, 'nginx.conf');
  const configure = (backend: number): Promise<void> =>
    writeFile(
      file,
      `daemon off; pid ${directory}/pid; error_log ${directory}/error; worker_processes 1; events {}
       http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
         uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
         server { listen 127.0.0.1:${listen}; location / { proxy_pass http://127.0.0.1:${backend}; } } }`,
    );
  await mkdir(join(directory, 'logs'), { recursive: true });
  await configure(port);
  const url = `http://127.0.0.1:${listen}/`;
  const service = await startService({
    file: '/usr/sbin/nginx',
    args: ['-p', directory, '-c', file],
    logPath: join(directory, 'log'),
    ready: () => fetch(url).then(() => true, () => false), // prettier-ignore
    readyTimeoutMs: START_TIMEOUT_MS,
  });
  return {
    url,
    async switchTo(backend) {
      await configure(backend);
      await runCommand('/usr/sbin/nginx', ['-p', directory, '-c', file, '-s', 'reload']);
    },
    async [Symbol.asyncDispose]() {
      await service.stop('SIGTERM');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
