import { describe, expect, it } from 'vitest';
import { createSession, type Session, type SessionEvents } from '../../sender/link/session.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import type { Channel } from '../../shared/channel/port.ts';
import { SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';
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
