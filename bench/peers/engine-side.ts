/** Engines and registries on a side of a shipment. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { startEngine, type Engine } from '../../test/support/engine.ts';
import type { Side } from '../measure/side.ts';
import type { Tool } from './peer.ts';
import { freePort } from './rsync-daemon.ts';

export const ENGINE: Tool = { command: 'dockerd', aptPackage: 'docker.io', version: ['--version'] };
export const REGISTRY: Tool = { command: 'docker-registry', aptPackage: 'docker-registry', version: ['--version'] };

const START_ATTEMPTS = 1000;
const ATTEMPT_MS = 10;

/** Loads the archive "$1", gives its image the name "$2" and prints its id. */
export const LOAD_AND_TAG = `
loaded=$(docker load -q -i "$1")
docker tag "\${loaded#*: }" "$2"
docker inspect --format '{{.Id}}' "$2"`;

/** An engine of its own, with its data in `dataRoot`, whose processes are counted to the side. The caller disposes it. */
export async function startEngineOf(side: Side, dataRoot: string): Promise<Engine> {
  const engine = await startEngine({ kind: '20', dataRoot });
  // Engines of the test bench leave their pid beside their socket.
  await side.watch(Number(await readFile(join(dirname(engine.socket), 'pid'), 'utf8')));
  return engine;
}

/** Debian's registry, with its storage in `directory`; gives its port. Ends with its side. */
export async function startRegistryOf(side: Side, directory: string, configDirectory: string): Promise<number> {
  const port = await freePort();
  const config = join(configDirectory, 'registry.json');
  const settings = {
    version: 0.1,
    log: { level: 'warn' },
    storage: { filesystem: { rootdirectory: directory } },
    http: { addr: `127.0.0.1:${port}` },
  };
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings));
  await side.start({ script: 'exec docker-registry serve "$1"', args: [config], env: { OTEL_TRACES_EXPORTER: 'none' } });
  for (let attempt = 0; attempt < START_ATTEMPTS; attempt++) {
    const isUp = await fetch(`http://127.0.0.1:${port}/v2/`)
      .then(({ ok }) => ok)
      .catch(() => false);
    if (isUp) return port;
    await systemClock.sleep(ATTEMPT_MS);
  }
  throw new TransferError('INTERNAL', `the registry on port ${port} did not come up`);
}
