import { describe, expect, it } from 'vitest';
import { createSession, type Session, type SessionEvents } from '../../sender/link/session.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import { SEGMENT_BYTES_IN_FLIGHT_MAX, SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
import { NO_BASE } from '../../shared/wire/bulk.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';

function begin(events: Partial<SessionEvents> = {}): { session: Session; theirs: Channel } {
  const [ours, theirs] = createMemoryChannelPair();
  const quiet: SessionEvents = {
    onProgress: () => {},
    onSent: () => {},
    onStored: () => {},
    window: () => SEGMENTS_IN_FLIGHT_MAX,
    onBaseGone: () => {},
  };
  return { session: createSession(ours, 'test', { ...quiet, ...events }), theirs };
}

describe('a sender that hears of a void stream', () => {
  it('refuses one that it did not announce', async () => {
    const gone: number[] = [];
    const { session, theirs } = begin({ onBaseGone: (stream) => void gone.push(stream) });
    const { answer } = session.offer({ ref: 'a:1', imageId: undefined, archiveId: undefined, diffIds: [], wish: 'deliver' as const });
    await theirs.send(encodeMessage('need', [0, 2, new Uint8Array(0)]));
    await expect(answer).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(gone).toEqual([]);
  });
});

describe('segments on their way', () => {
  /** Sends segments of `bytes` until one waits; `stored` lets the other side say that a segment is durable. */
  async function fill(bytes: number) {
    let sent = 0;
    const { session, theirs } = begin({ onSent: () => void sent++ });
    const payload = new Uint8Array(bytes);
    // The other side takes every frame, and says nothing by itself.
    void (async () => {
      for await (const frame of theirs.frames) void frame;
    })();
    const sending = (async () => {
      for (;;) await session.segment(0, [{ chunkCount: 1, codec: CODEC.raw, base: NO_BASE, payload }]);
    })().catch(() => {});
    const settled = async (): Promise<number> => {
      for (let before = -1; before !== sent;) {
        before = sent;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return sent;
    };
    return {
      settled,
      stored: (segment: number) => theirs.send(encodeMessage('stored', [segment, 0])),
      async end() {
        session.fail(new Error('over'));
        await sending;
      },
    };
  }

  it('are so many at most', async () => {
    const link = await fill(10);
    expect(await link.settled()).toBe(SEGMENTS_IN_FLIGHT_MAX);
    await link.stored(0);
    expect(await link.settled()).toBe(SEGMENTS_IN_FLIGHT_MAX + 1);
    await link.stored(SEGMENTS_IN_FLIGHT_MAX - 1);
    expect(await link.settled()).toBe(2 * SEGMENTS_IN_FLIGHT_MAX);
    await link.end();
  });

  it('have so many bytes at most, and the one that goes beyond', async () => {
    const bytes = SEGMENT_BYTES_IN_FLIGHT_MAX / 4;
    const link = await fill(bytes);
    expect(await link.settled()).toBe(4);
    await link.stored(1);
    expect(await link.settled()).toBe(6);
    await link.stored(0);
    expect(await link.settled()).toBe(6);
    await link.stored(5);
    expect(await link.settled()).toBe(10);
    await link.end();
  });
});
