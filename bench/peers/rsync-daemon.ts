/** An rsync daemon at the receiver: the far end of every technique that ends in rsync (rsyncd.conf(5)). */
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Service, Side } from '../measure/side.ts';
import type { Tool } from './peer.ts';

export const RSYNC: Tool = { command: 'rsync', aptPackage: 'rsync', version: ['--version'] };
/** Name of the one module that the daemon offers. */
export const RSYNC_MODULE = 'receiver';

const START_ATTEMPTS = 100;
const ATTEMPT_MS = 50;

export interface RsyncDaemon extends AsyncDisposable {
  readonly port: number;
}

/** Serves `directory` for reading and writing; its configuration goes into `configDirectory`. */
export async function startRsyncDaemon(side: Side, directory: string, configDirectory: string): Promise<RsyncDaemon> {
  const port = await freePort();
  const config = join(configDirectory, 'rsyncd.conf');
  const settings = ['use chroot = no', 'uid = root', 'gid = root', `[${RSYNC_MODULE}]`, `path = ${directory}`, 'read only = no'];
  const isRoot = process.getuid?.() === 0;
  await writeFile(config, `${settings.filter((line) => isRoot || !/^[ug]id/.test(line)).join('\n')}\n`);
  const service: Service = await side.start({
    script: 'exec rsync --daemon --no-detach --address=127.0.0.1 --port="$1" --config="$2" --log-file=/dev/null',
    args: [String(port), config],
  });
  await untilListed(side, port);
  return { port, [Symbol.asyncDispose]: () => service.stop() };
}

/** A loopback port that nothing listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilListed(side: Side, port: number): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const modules = await side.run({ script: 'rsync "rsync://127.0.0.1:$1/" || true', args: [String(port)] });
    if (modules.includes(RSYNC_MODULE)) return;
    await systemClock.sleep(ATTEMPT_MS);
  }
  throw new TransferError('INTERNAL', `the rsync daemon on port ${port} did not come up`);
}
