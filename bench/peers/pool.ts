/**
 * Techniques that keep a pool of chunks on both sides and let rsync carry what the receiver's lacks: `dbup` (I. Miell and A. H. Sayers, "Docker
 * in Practice", technique 72: bup split, rsync of the pool, bup join), and restic used the same way.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Peer, PeerBench, PeerSession } from './peer.ts';
import { RSYNC, startRsyncDaemon } from './rsync-daemon.ts';

/** Scripts; each finds its pool's folder as "$1". */
interface PoolPlan {
  readonly create: string;
  /** Takes the archive "$2" in. */
  readonly add: string;
  /** Writes the newest archive to "$2". */
  readonly extract: string;
}

export const dbup: Peer = poolPeer(
  {
    name: 'dbup',
    title: 'dbup: bup split, rsync of the pool',
    tools: [{ command: 'bup', aptPackage: 'bup', version: ['--version'] }, RSYNC],
    needs: { sender: 'bup, rsync, a pool', receiver: 'bup, rsync, a pool' },
    isSlow: false,
  },
  {
    create: 'exec bup -d "$1" init',
    add: 'exec bup -d "$1" split -q -n image < "$2"',
    extract: 'exec bup -d "$1" join image > "$2"',
  },
);

export const restic: Peer = poolPeer(
  {
    name: 'restic',
    title: 'restic backup, rsync of the repository',
    tools: [{ command: 'restic', aptPackage: 'restic', version: ['version'] }, RSYNC],
    needs: { sender: 'restic, rsync, a repository', receiver: 'restic, rsync, a repository' },
    isSlow: true,
  },
  {
    create: 'RESTIC_PASSWORD=bench exec restic -q --no-cache -r "$1" init --repository-version 2',
    add: 'RESTIC_PASSWORD=bench exec restic -q --no-cache -r "$1" backup --stdin --stdin-filename image.tar < "$2"',
    extract: 'RESTIC_PASSWORD=bench exec restic -q --no-cache --no-lock -r "$1" dump latest image.tar > "$2"',
  },
);

function poolPeer(traits: Pick<Peer, 'name' | 'title' | 'tools' | 'needs' | 'isSlow'>, plan: PoolPlan): Peer {
  return { ...traits, keeps: 'every version', flow: 'staged', deliversToEngine: false, open: (bench) => open(bench, plan) };
}

async function open(bench: PeerBench, plan: PoolPlan): Promise<PeerSession> {
  const { sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory } = bench;
  const [senderPool, receiverPool] = [join(senderDirectory, 'pool'), join(receiverDirectory, 'pool')];
  if (!existsSync(senderPool)) await sender.run({ script: plan.create, args: [senderPool] });
  const daemon = await startRsyncDaemon(receiver, receiverDirectory, deliveryDirectory);
  return {
    async prepare(archive) {
      await sender.run({ script: plan.add, args: [senderPool, archive] });
      await receiver.run({ script: 'exec cp -a "$1" "$2"', args: [senderPool, receiverPool] });
    },
    async ship({ archive, dial }) {
      await sender.run({ script: plan.add, args: [senderPool, archive] });
      const port = await dial(daemon.port);
      const target = `rsync://127.0.0.1:${port}/${daemon.module}/pool/`;
      // Two shipments within a second are usual here and nowhere else: times are compared to the nanosecond.
      await sender.run({ script: 'exec rsync -a --modify-window=-1 "$1/" "$2"', args: [senderPool, target] });
      const delivered = join(deliveryDirectory, randomUUID());
      await receiver.run({ script: plan.extract, args: [receiverPool, delivered] });
      return { path: delivered };
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}
