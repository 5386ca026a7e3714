/** What a sender asks of a receiver without shipping anything: that names mean another image, what they meant before, and what is to stay after a sync. */
import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { frameName, PROTOCOL_VERSIONS, type FrameName } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, unexpectedFrame, type Message } from '../../shared/wire/messages.ts';
import { peerError, receiptOf, type Receipt } from './answers.ts';

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
  return converse([asked], commander, {
    progress(frame) {
      const [, phase, done, total] = decodeMessage('progress', frame);
      commander.onProgress(phase, done, total);
      return undefined;
    },
    receipt: (frame) => ({ value: receiptOf(decodeMessage('receipt', frame), '') }),
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

/**
 * What a sync says when it is over: how it went, and which images are to stay. Where the latter, has the receiver let go of what no rule keeps.
 * @returns what went, where rules were given.
 * @throws TransferError FORBIDDEN where it does not do so for senders.
 */
export async function conclude(
  { ran, keep }: { readonly ran: Message<'ran'> | undefined; readonly keep: KeepRequest | undefined },
  commander: Commander,
): Promise<{ readonly images: number; readonly freedBytes: number } | undefined> {
  const told = ran === undefined ? [] : [encodeMessage('ran', ran)];
  // That needs no answer: it is taken before the connection ends.
  if (keep === undefined) return converse(told, commander, { welcome: () => ({ value: undefined }) });
  const { repositories, last = 0, withinMs = 0, tags = [] } = keep;
  const asked = encodeMessage('keep', [0, [...repositories], last, Math.ceil(withinMs / 1000), [...tags]]);
  return converse([...told, asked], commander, {
    kept(frame) {
      const [, images, freedBytes] = decodeMessage('kept', frame);
      return { value: { images, freedBytes } };
    },
  });
}

/** What a name came to mean over there, oldest first. */
export async function askHistory(name: string, commander: Commander): Promise<PastEntry[]> {
  return converse([encodeMessage('history', [0, name])], commander, {
    past: (frame) => ({ value: decodeMessage('past', frame)[1].map(([at, how, by, imageId]) => ({ at, how, by, imageId })) }),
  });
}

/** One question, and frames until one of them is the answer. Others that may come before it give undefined. */
async function converse<T>(
  asked: readonly Uint8Array[],
  { agent, connect }: Commander,
  answers: Partial<Record<FrameName, (frame: Uint8Array) => { readonly value: T } | undefined>>,
): Promise<T> {
  const channel = await connect();
  try {
    await channel.send(encodeMessage('hello', [[...PROTOCOL_VERSIONS], agent]));
    for (const frame of asked) await channel.send(frame);
    for await (const frame of channel.frames) {
      const name = frameName(frame);
      if (name === 'welcome' && answers.welcome === undefined) continue;
      if (name === 'failed') throw peerError(decodeMessage('failed', frame).slice(1) as [string, string, string]);
      if (name === 'error') throw peerError(decodeMessage('error', frame));
      const answer = name === undefined ? undefined : answers[name];
      if (answer === undefined) throw unexpectedFrame(name, 'an answer');
      const found = answer(frame);
      if (found !== undefined) return found.value;
    }
    throw new TransferError('PEER_LOST', 'the receiver closed the connection');
  } finally {
    await channel.close().catch(() => {});
  }
}
