/** What a sender asks of a receiver without shipping anything: that names mean another image, and what they meant before. */
import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { frameName, PROTOCOL_VERSION, type FrameName } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, unexpectedFrame } from '../../shared/wire/messages.ts';
import { peerError, receiptOf, type Receipt } from './session.ts';

export interface PastEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** delivered, activated, rolled-back; empty: staged, and not activated yet. */
  readonly how: string;
  readonly by: string;
  readonly imageId: string;
}

export interface Commander {
  readonly agent: string;
  readonly connect: () => Promise<Channel>;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

/**
 * Has names mean what was staged under them, or what they meant before; all of them or none.
 * @throws TransferError with the receiver's code: IMAGE_NOT_FOUND where there is nothing of that kind.
 */
export async function activateNames(names: readonly string[], action: 'activate' | 'roll-back', commander: Commander): Promise<Receipt> {
  const asked = encodeMessage('activate', [0, [...names], action === 'activate' ? 0 : 1]);
  return converse(asked, commander, {
    progress(frame) {
      const [, phase, done, total] = decodeMessage('progress', frame);
      commander.onProgress(phase, done, total);
      return undefined;
    },
    receipt: (frame) => receiptOf(decodeMessage('receipt', frame), ''),
  });
}

/** Which images of some repositories are to stay. */
export interface KeepRequest {
  /** `[registry/]repository` each. */
  readonly repositories: readonly string[];
  readonly last?: number | undefined;
  readonly withinMs?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** Has the receiver let go of what no rule keeps. @throws TransferError FORBIDDEN where it does not do so for senders. */
export async function askKeep(
  { repositories, last = 0, withinMs = 0, tags = [] }: KeepRequest,
  commander: Commander,
): Promise<{ readonly images: number; readonly freedBytes: number }> {
  return converse(encodeMessage('keep', [0, [...repositories], last, Math.ceil(withinMs / 1000), [...tags]]), commander, {
    kept(frame) {
      const [, images, freedBytes] = decodeMessage('kept', frame);
      return { images, freedBytes };
    },
  });
}

/** What a name came to mean over there, oldest first. */
export async function askHistory(name: string, commander: Commander): Promise<PastEntry[]> {
  return converse(encodeMessage('history', [0, name]), commander, {
    past: (frame) => decodeMessage('past', frame)[1].map(([at, how, by, imageId]) => ({ at, how, by, imageId })),
  });
}

/** One question, and frames until one of them is the answer. */
async function converse<T>(
  asked: Uint8Array,
  { agent, connect }: Commander,
  answers: Partial<Record<FrameName, (frame: Uint8Array) => T | undefined>>,
): Promise<T> {
  const channel = await connect();
  try {
    await channel.send(encodeMessage('hello', [[PROTOCOL_VERSION], agent]));
    await channel.send(asked);
    for await (const frame of channel.frames) {
      const name = frameName(frame);
      if (name === 'welcome') continue;
      if (name === 'failed') throw peerError(decodeMessage('failed', frame).slice(1) as [string, string, string]);
      if (name === 'error') throw peerError(decodeMessage('error', frame));
      const answer = name === undefined ? undefined : answers[name];
      if (answer === undefined) throw unexpectedFrame(name, 'an answer');
      const value = answer(frame);
      if (value !== undefined) return value;
    }
    throw new TransferError('PEER_LOST', 'the receiver closed the connection');
  } finally {
    await channel.close().catch(() => {});
  }
}
