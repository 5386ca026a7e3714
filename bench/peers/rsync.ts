/** `rsync -z` of the new archive over the old one that lies at the receiver. */
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer, PeerBench, PeerSession } from './peer.ts';
import { RSYNC, startRsyncDaemon } from './rsync-daemon.ts';

const ARCHIVE = 'image.tar';

export const rsync: Peer = {
  name: 'rsync',
  title: 'rsync -z over the old archive',
  tools: [RSYNC],
  needs: { sender: 'rsync', receiver: 'rsync, the old archive' },
  keeps: 'the newest version',
  flow: 'overlapped',
  isSlow: false,
  deliversToEngine: false,
  open,
};

async function open({ sender, receiver, receiverDirectory, deliveryDirectory }: PeerBench): Promise<PeerSession> {
  const daemon = await startRsyncDaemon(receiver, receiverDirectory, deliveryDirectory);
  const delivered = join(receiverDirectory, ARCHIVE);
  return {
    prepare: (archive) => copyFile(archive, delivered),
    async ship({ archive, dial }) {
      const port = await dial(daemon.port);
      const target = `rsync://127.0.0.1:${port}/${daemon.module}/${ARCHIVE}`;
      // Times differ always, so rsync looks inside; without the option it would take an equal size and time for an equal file.
      await sender.run({ script: 'exec rsync -z --ignore-times "$1" "$2"', args: [archive, target] });
      return { path: delivered };
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
