/** Techniques that are one stream: a command at the sender writes it to the connection, a command at the receiver reads it. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, link, realpath, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer, PeerBench, PeerSession, Shipment } from './peer.ts';

export interface StreamPlan {
  /** Writes the stream to stdout. "$1" is the archive; "$2" the one before it. */
  readonly send: string;
  /** Reads the stream from stdin. "$1" is where the archive goes, "$2" the one before it, "$3" a file for those that keep the stream. */
  readonly receive: string;
  /** What is done where there is no archive before: for techniques that work from one. */
  readonly first?: { readonly send: string; readonly receive: string };
}

/** A peer that runs the plan; `open` is all that it adds to `traits`. */
export function streamPeer(traits: Omit<Peer, 'open' | 'flow' | 'deliversToEngine'>, plan: StreamPlan): Peer {
  return { ...traits, flow: 'overlapped', deliversToEngine: false, open: async (bench) => openStream(bench, plan) };
}

function openStream({ sender, receiver, senderDirectory, receiverDirectory, deliveryDirectory }: PeerBench, plan: StreamPlan): PeerSession {
  const senderBase = join(senderDirectory, 'base.tar');
  const receiverBase = join(receiverDirectory, 'base.tar');
  const needsBase = plan.first !== undefined;
  return {
    async prepare(archive) {
      if (needsBase) {
        await copyFile(archive, senderBase);
        await copyFile(archive, receiverBase);
        return;
      }
      // The stream may be what the receiver keeps: it takes it in as it would from a connection.
      const name = randomUUID();
      const [stream, delivered] = [join(deliveryDirectory, `${name}.stream`), join(deliveryDirectory, name)];
      await sender.run({ script: `{ ${plan.send}; } > "$2"`, args: [archive, stream] });
      await receiver.run({ script: `{ ${plan.receive}; } < "$4"`, args: [delivered, receiverBase, join(receiverDirectory, name), stream] });
      await Promise.all([rm(stream), rm(delivered)]);
    },
    async stage(archive) {
      if (!existsSync(senderBase) || (await realpath(senderBase)) !== archive) return;
      // A copy, not a link: zstd refuses to take one and the same file as base and as input.
      await rm(senderBase);
      await copyFile(archive, senderBase);
    },
    async ship({ archive, dial }: Shipment) {
      const { send, receive } = existsSync(receiverBase) ? plan : (plan.first ?? plan);
      const name = randomUUID();
      const delivered = join(deliveryDirectory, name);
      const inbound = await receiver.accept({ script: receive, args: [delivered, receiverBase, join(receiverDirectory, name)] });
      const port = await dial(inbound.port);
      await sender.run({ script: `{ ${send}; } > "/dev/tcp/127.0.0.1/$3"`, args: [archive, senderBase, String(port)] });
      await inbound.done;
      if (needsBase) {
        await rm(senderBase, { force: true });
        await symlink(archive, senderBase);
        await rm(receiverBase, { force: true });
        await link(delivered, receiverBase);
      }
      return { path: delivered };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}
