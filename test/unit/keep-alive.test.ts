import { describe, expect, it } from 'vitest';
import { keepAlive } from '../../shared/channel/keep-alive.ts';
import { systemClock } from '../../shared/clock.ts';

/** What a connection does whose counters are as in `ticks`, one every interval; the last stays. */
async function watch(ticks: readonly (readonly [sent: number, received: number])[], isReading = true): Promise<string[]> {
  const told: string[] = [];
  const closing = new AbortController();
  let tick = 0;
  await keepAlive({
    counters() {
      const [sentBytes, receivedBytes] = ticks[Math.min(tick, ticks.length - 1)] ?? [0, 0];
      return { sentBytes, receivedBytes };
    },
    isReading: () => isReading,
    ping: () => void told.push(`ping ${tick}`),
    onSilent: (ms) => void told.push(`silent for ${ms}`),
    clock: {
      ...systemClock,
      sleep() {
        if (++tick > 10) closing.abort();
        return closing.signal.aborted ? Promise.reject(closing.signal.reason as Error) : Promise.resolve();
      },
    },
    signal: closing.signal,
  }).catch(() => told.push('closed'));
  return told;
}

describe('signs of life', () => {
  it('are not asked for while bytes pass both ways', async () => {
    const busy = Array.from({ length: 12 }, (_, i) => [i, i] as const);
    expect(await watch(busy)).toEqual(['closed']);
  });

  it('are asked for where nothing goes, for the sake of proxies', async () => {
    const idle = Array.from({ length: 12 }, (_, i) => [0, i] as const);
    expect((await watch(idle)).slice(0, 2)).toEqual(['ping 1', 'ping 2']);
  });

  it('that do not come mean that the connection is broken', async () => {
    const gone = Array.from({ length: 12 }, (_, i) => [i, Math.min(i, 2)] as const);
    expect(await watch(gone)).toEqual(['ping 3', 'ping 4', 'ping 5', 'silent for 45000']);
  });

  it('are not missed by who does not read', async () => {
    expect((await watch([[0, 0]], false)).at(-1)).toBe('closed');
  });
});
