/**
 * A channel for `--dry-run`: questions cross, content and commits do not. What they would cost is counted as if they had crossed, and the
 * receiver's acknowledgements are made up here, so that the rest of the sender need not know. What a commit leads to, progress and a receipt,
 * depends on the delivery and is not counted.
 */
import type { Channel } from '../../shared/channel/port.ts';
import { createAsyncQueue } from '../../shared/channel/queue.ts';
import { TransferError } from '../../shared/errors.ts';
import { decodeSegmentFrame } from '../../shared/wire/bulk.ts';
import { frameName } from '../../shared/wire/frames.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';
import { receivedBytesOf, sentBytesOf } from '../account/frame-bytes.ts';

export function createDryRunChannel(channel: Channel): Channel {
  const incoming = createAsyncQueue<Uint8Array>();
  let sentBytes = 0;
  let receivedBytes = 0;
  void (async () => {
    try {
      for await (const frame of channel.frames) incoming.push(frame);
      incoming.end();
    } catch (error) {
      incoming.fail(TransferError.from(error));
    }
  })();
  const answer = (frame: Uint8Array): void => {
    receivedBytes += receivedBytesOf(frame);
    incoming.push(frame);
  };
  return {
    name: channel.name,
    send(frame) {
      const name = frameName(frame);
      if (name !== 'segment' && name !== 'commit') return channel.send(frame);
      sentBytes += sentBytesOf(frame);
      if (name === 'segment') answer(encodeMessage('stored', [decodeSegmentFrame(frame).segment, 0]));
      return Promise.resolve();
    },
    frames: incoming,
    get counters() {
      return { sentBytes: channel.counters.sentBytes + sentBytes, receivedBytes: channel.counters.receivedBytes + receivedBytes };
    },
    close: () => channel.close(),
    abort: () => channel.abort(),
  };
}
