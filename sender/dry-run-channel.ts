/**
 * A channel for `--dry-run`: questions cross, content and commits do not. What they would cost is counted as if they had crossed, and the
 * receiver's answers to them are made up here, so that the rest of the sender need not know.
 */
import type { Channel } from '../shared/channel/port.ts';
import { createAsyncQueue } from '../shared/channel/queue.ts';
import { TransferError } from '../shared/errors.ts';
import { decodeSegmentFrame } from '../shared/wire/bulk.ts';
import { frameName } from '../shared/wire/frames.ts';
import { decodeMessage, encodeMessage } from '../shared/wire/messages.ts';

/** Header of a WebSocket frame (RFC 6455, 5.2): what a client sends is masked. */
const MASK_BYTES = 4;

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
    receivedBytes += frame.byteLength + headerBytes(frame);
    incoming.push(frame);
  };
  return {
    send(frame) {
      const name = frameName(frame);
      if (name !== 'segment' && name !== 'commit') return channel.send(frame);
      sentBytes += frame.byteLength + headerBytes(frame) + MASK_BYTES;
      if (name === 'segment') answer(encodeMessage('stored', [decodeSegmentFrame(frame).segment, 0]));
      else answer(encodeMessage('receipt', [decodeMessage('commit', frame)[0], [], []]));
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

function headerBytes(frame: Uint8Array): number {
  if (frame.byteLength < 126) return 2;
  return frame.byteLength < 65_536 ? 4 : 10;
}
