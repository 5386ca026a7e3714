/** What most people do: `docker push` to a registry at the receiver that holds the old image. The unit of change is the layer. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { readImageName, registryConfigDigest, type ImageName } from '../far-end.ts';
import { UNLIMITED } from '../links/link.ts';
import { createShaper } from '../links/shaper.ts';
import { ENGINE, LOAD_AND_TAG, REGISTRY, startEngineOf, startRegistryOf } from './engine-side.ts';
import type { Peer, PeerBench, PeerSession } from './peer.ts';
import { freeSteadyPort } from './rsync-daemon.ts';

export const push: Peer = {
  name: 'push',
  title: 'docker push',
  tools: [ENGINE, REGISTRY],
  needs: { sender: 'an engine that has the image', receiver: 'a registry that has the old image' },
  keeps: 'every version',
  flow: 'overlapped',
  isSlow: false,
  deliversToEngine: true,
  open,
};

async function open({ sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory, far }: PeerBench): Promise<PeerSession> {
  await using undo = new AsyncDisposableStack();
  const engine = undo.use(await startEngineOf(sender, join(senderDirectory, 'engine')));
  const registryPort = await startRegistryOf(receiver, join(receiverDirectory, 'registry'), deliveryDirectory);
  const port = await registryPortOf(senderDirectory);
  const env = { DOCKER_HOST: engine.address };
  let staged: ImageName | undefined;
  const stage = async (archive: string): Promise<ImageName> => {
    const image = await readImageName(sender, archive);
    await sender.run({ script: LOAD_AND_TAG, args: [archive, `127.0.0.1:${port}/${image.ref}`], env });
    return image;
  };
  const deliver = async ({ ref, configDigest }: ImageName): Promise<void> => {
    await sender.run({ script: 'exec docker push "$1" > /dev/null', args: [`127.0.0.1:${port}/${ref}`], env });
    if (far === undefined) {
      const found = await registryConfigDigest(`127.0.0.1:${registryPort}`, ref);
      if (found !== configDigest) throw new TransferError('INTEGRITY', `the registry has ${found ?? 'nothing'} as ${ref}`);
    } else {
      const args = [`127.0.0.1:${registryPort}/${ref}`, ref];
      await receiver.run({
        script: 'docker pull -q "$1" > /dev/null; docker tag "$1" "$2"',
        args,
        env: { DOCKER_HOST: far.engineAddress },
      });
    }
  };
  const owned = undo.move();
  return {
    async prepare(archive) {
      const older = await stage(archive);
      await using _ = await createShaper({ link: UNLIMITED, targetPort: registryPort, port });
      await deliver(older);
    },
    async stage(archive) {
      staged = await stage(archive);
    },
    async ship({ dial }) {
      if (staged === undefined) throw new TransferError('INTERNAL', 'nothing is staged');
      await dial(registryPort, { port });
      await deliver(staged);
      return { path: undefined, registry: `127.0.0.1:${registryPort}` };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * The port that a sender's engine knows the registry by. An engine remembers what a registry has by the registry's address: every push has to
 * go to the same one, over whatever link, and from every copy of the engine.
 */
async function registryPortOf(directory: string): Promise<number> {
  const file = join(directory, 'registry-port');
  const known = await readFile(file, 'utf8').catch(() => undefined);
  const port = known === undefined ? await freeSteadyPort() : Number(known);
  await writeFile(file, String(port));
  return port;
}
