/** Two real engines of different ages, the second with a registry beside it; on sockets, ports and data of their own. */
import { rm } from 'node:fs/promises';
import { createEngineSource } from '../../sender/image/engine-source.ts';
import { parseEngineAddress } from '../../shared/engine/address.ts';
import { dockerCli } from '../../test/support/docker-cli.ts';
import { startEngine } from '../../test/support/engine.ts';
import { startRegistry } from '../../test/support/registry.ts';
import type { Hosts } from './hosts.ts';

export async function openEngineHosts(): Promise<Hosts> {
  await using undo = new AsyncDisposableStack();
  const near = undo.use(await startEngine({ kind: '20' }));
  const far = undo.use(await startEngine({ kind: '26' }));
  const registry = undo.use(await startRegistry());
  const stack = undo.move();
  return {
    title: 'Docker Engine 20.10 -> Docker Engine 26 and the registry beside it',
    serveOptions: ['--deliver', 'engine', '--engine', far.address, '--push', registry.host],
    async place({ archive }) {
      await dockerCli(near.socket, 'load', '--quiet', '--input', archive);
      await rm(archive);
    },
    shipOptions: ({ ref }) => [ref, '--engine', near.address],
    save: ({ ref }, signal) => createEngineSource(parseEngineAddress(near.address)).save(ref, { signal }),
    identify: async ({ ref }) => ({ here: await idAt(near.socket, ref), there: await idAt(far.socket, ref) }),
    run: ({ ref }, command) => dockerCli(far.socket, 'run', '--rm', '--pull', 'never', '--network', 'none', ref, ...command),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function idAt(socket: string, ref: string): Promise<string> {
  return dockerCli(socket, 'inspect', '--format', '{{.Id}}', ref);
}
