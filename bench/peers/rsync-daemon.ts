/** An rsync daemon at the receiver: the far end of every technique that ends in rsync (rsyncd.conf(5)). */
import { randomBytes, randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Service, Side } from '../measure/side.ts';
import type { Tool } from './peer.ts';

export const RSYNC: Tool = { command: 'rsync', aptPackage: 'rsync', version: ['--version'] };

const START_ATTEMPTS = 500;
const ATTEMPT_MS = 10;
const STEADY_PORT_MIN = 20_000;
const STEADY_PORT_MAX = 29_999;

export interface RsyncDaemon extends AsyncDisposable {
  readonly port: number;
  /** Name of the one module that it offers. */
  readonly module: string;
}

/** Serves `directory` for reading and writing; its configuration goes into `configDirectory`. */
export async function startRsyncDaemon(side: Side, directory: string, configDirectory: string): Promise<RsyncDaemon> {
  const port = await freePort();
  // A name of its own: what answers at this port could be the daemon of another workplace.
  const module = randomBytes(4).toString('hex');
  const config = join(configDirectory, 'rsyncd.conf');
  const settings = ['use chroot = no', 'uid = root', 'gid = root', `[${module}]`, `path = ${directory}`, 'read only = no'];
  const isRoot = process.getuid?.() === 0;
  await writeFile(config, `${settings.filter((line) => isRoot || !/^[ug]id/.test(line)).join('\n')}\n`);
  const service: Service = await side.start({
    script: 'exec rsync --daemon --no-detach --address=127.0.0.1 --port="$1" --config="$2" --log-file=/dev/null',
    args: [String(port), config],
  });
  await untilListed(side, port, module);
  // Nothing goes through it any more, and on SIGTERM it would sleep for 400 ms first.
  return { port, module, [Symbol.asyncDispose]: () => service.stop('SIGKILL') };
}

/** Ports that this process has given away: whoever has one may not listen there yet. */
const given = new Set<number>();

/** A loopback port that nothing listens on at this moment, and that was not given away before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await tryPort(0);
    if (isNew(port)) return port;
  }
}

/** One that stays free: it is not among those that the kernel gives to whoever asks for any (ip(7), `ip_local_port_range`). */
export async function freeSteadyPort(): Promise<number> {
  for (;;) {
    const port = await tryPort(randomInt(STEADY_PORT_MIN, STEADY_PORT_MAX + 1)).catch(() => undefined);
    if (port !== undefined && isNew(port)) return port;
  }
}

function isNew(port: number): boolean {
  if (given.has(port)) return false;
  given.add(port);
  return true;
}

async function tryPort(wanted: number): Promise<number> {
  const server = createServer().listen(wanted, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListed(side: Side, port: number, module: string): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const modules = await side.run({ script: 'rsync "rsync://127.0.0.1:$1/" || true', args: [String(port)] });
    if (modules.includes(module)) return;
    await systemClock.sleep(ATTEMPT_MS);
  }
  throw new TransferError('INTERNAL', `the rsync daemon on port ${port} did not come up`);
}
