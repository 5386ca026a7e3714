/** casync as it is meant to be used: chunks and index on the sender's web server, the receiver takes what its old archive does not give. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peer, PeerBench, PeerSession } from './peer.ts';
import { freePort } from './rsync-daemon.ts';

const WEB_SERVER = fileURLToPath(new URL('web-server.ts', import.meta.url));

export const casync: Peer = {
  name: 'casync',
  title: 'casync over HTTP',
  tools: [{ command: 'casync', aptPackage: 'casync', version: ['--version'] }],
  needs: { sender: 'casync, a chunk store, a web server', receiver: 'casync, the old archive' },
  keeps: 'the newest version',
  flow: 'staged',
  isSlow: true,
  deliversToEngine: false,
  open,
};

async function open({ sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory }: PeerBench): Promise<PeerSession> {
  const port = await freePort();
  const server = await sender.start({
    script: 'exec "$1" "$2" "$3" "$4"',
    args: [process.execPath, WEB_SERVER, senderDirectory, String(port)],
  });
  const store = join(senderDirectory, 'store.castr');
  const base = join(receiverDirectory, 'base.tar');
  const add = async (archive: string): Promise<string> => {
    const index = `${randomUUID()}.caibx`;
    await sender.run({
      script: 'exec casync make --store="$1" "$2" "$3" > /dev/null',
      args: [store, join(senderDirectory, index), archive],
    });
    return index;
  };
  return {
    async prepare(archive) {
      await add(archive);
      await copyFile(archive, base);
    },
    async ship({ archive, dial }) {
      const index = await add(archive);
      const linkPort = await dial(port, { from: 'receiver' });
      const delivered = join(deliveryDirectory, randomUUID());
      const address = `http://127.0.0.1:${linkPort}`;
      const seed = existsSync(base) ? [`--seed=${base}`] : [];
      await receiver.run({
        script: 'exec casync extract "$@"',
        args: [`--store=${address}/store.castr`, ...seed, `${address}/${index}`, delivered],
      });
      await rm(base, { force: true });
      await link(delivered, base);
      return { path: delivered };
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
