/** A registry that has no time, and engines and registries that say nothing any more. */
import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { EngineClient } from '../../receiver/image/engine-client.ts';
import type { EngineLine } from '../../shared/engine/lines.ts';
import { createClientSink } from '../../receiver/image/engine-sink.ts';
import { createWatchdog, pushPatiently } from '../../receiver/image/patience.ts';
import { utf8 } from '../../shared/bytes.ts';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { PUSH_DELAY_MAX_MS, PUSH_TRIES_MAX } from '../../shared/limits.ts';

const unreachable = (text: string): TransferError => new TransferError('REGISTRY_UNREACHABLE', text);
const DIGEST = `sha256:${'d'.repeat(64)}`;

/** Time passes only in pauses, which are written down. */
function pausingClock(): Clock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  let now = 0;
  return {
    pauses,
    now: () => now,
    monotonic: () => now,
    async sleep(ms, signal) {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      pauses.push(ms);
      now += ms;
    },
  };
}

/** Pushes to a registry that fails with these errors, then takes it. @returns the pauses, and what came of it. */
async function pushAgainst(...errors: readonly Error[]): Promise<{ readonly pauses: number[]; readonly result: unknown }> {
  const clock = pausingClock();
  const left = [...errors];
  const push = (): Promise<string> => {
    const error = left.shift();
    return error === undefined ? Promise.resolve('pushed') : Promise.reject(error);
  };
  const result: unknown = await pushPatiently(push, { clock, random: () => 1 }, undefined).catch((error: unknown) => error);
  return { pauses: clock.pauses, result };
}

describe('a push', () => {
  test('is tried again with growing pauses, so many times', async () => {
    expect(await pushAgainst(unreachable('503'), unreachable('connection refused'))).toEqual({ pauses: [2000, 4000], result: 'pushed' });
    const { pauses, result } = await pushAgainst(...Array.from({ length: PUSH_TRIES_MAX }, () => unreachable('HTTP status: 500')));
    expect(pauses).toEqual([2000, 4000, 8000]);
    expect(result).toMatchObject({ code: 'REGISTRY_UNREACHABLE', message: `HTTP status: 500; tried ${PUSH_TRIES_MAX} times` });
  });

  test.each([
    ['toomanyrequests: retry-after: 5.5s, allowed: 100/minute', 5500],
    ['429 Too Many Requests, Retry-After: 30', 30_000],
    ['retry after 300ms', 2000],
    ['Retry-After: 86400', PUSH_DELAY_MAX_MS],
  ])('comes back when it is asked to: %s', async (text, ms) => {
    expect(await pushAgainst(unreachable(text))).toEqual({ pauses: [ms], result: 'pushed' });
  });

  test.each([
    new TransferError('REGISTRY_REFUSED', '401 Unauthorized'),
    new TransferError('ENGINE_FAILED', 'gone'),
    unreachable('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
    unreachable('http: server gave HTTP response to HTTPS client'),
  ])('is not tried again where that cannot help: $message', async (error) => {
    expect(await pushAgainst(error)).toEqual({ pauses: [], result: error });
  });
});

test('a watchdog barks after silence, and not before', async () => {
  const clock = pausingClock();
  using watchdog = createWatchdog(100, { ...clock, sleep: (ms, signal) => clock.sleep(ms, signal) }, () => unreachable('silent'));
  watchdog.touch();
  await expect.poll(() => watchdog.signal.aborted).toBe(true);
  expect(clock.monotonic()).toBe(100);
  expect(watchdog.signal.reason).toMatchObject({ message: 'silent' });
});

function hang(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
}

describe('an engine that hangs', () => {
  const bytes = utf8('a layer');
  const digest = sha256Digest(bytes);
  const config = utf8('{}');
  const image = {
    refs: ['app:1'],
    config,
    configDigest: sha256Digest(config),
    layers: [{ digest, diffId: digest, mediaType: undefined, bytes: bytes.byteLength, open: async function* () { yield bytes; } }], // prettier-ignore
  };
  const engine = (hangs: 'load' | 'push', calls: string[]): EngineClient => ({
    where: 'unix:///fake',
    info: () => Promise.resolve({ version: '1', storeKind: 'graph' }),
    list: () => Promise.resolve(new Map(hangs === 'push' ? [[image.configDigest, ['app:1']]] : [])),
    inspect: () => Promise.resolve(undefined),
    load: (archive: Readable, _what, signal) => {
      archive.resume();
      return hang(signal);
    },
    tag: (_id, ref) => Promise.resolve(void calls.push(`tag ${ref}`)),
    remove: (ref) => Promise.resolve(void calls.push(`remove ${ref.replace(/:[0-9a-f]{64}$/, '')}`)),
    async *push(_ref, _auth, signal): AsyncGenerator<EngineLine> {
      yield { status: 'Preparing', id: 'a' };
      await hang(signal);
      yield { status: `1: digest: ${DIGEST}` };
    },
  });

  test('in a load: that is said, and nothing of ours is left', async () => {
    const calls: string[] = [];
    const sink = createClientSink(engine('load', calls), undefined, { clock: pausingClock(), random: () => 1 });
    await expect(sink.deliver(image)).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('hangs') });
    expect(calls).toEqual(['remove lighterman/incoming']);
  });

  test('in a push, because the registry stalls: it is tried again, and then given up', async () => {
    const calls: string[] = [];
    const clock = pausingClock();
    const sink = createClientSink(engine('push', calls), undefined, { clock, random: () => 1 });
    await expect(sink.deliver(image, { pushTo: 'registry.example' })).rejects.toMatchObject({
      code: 'REGISTRY_UNREACHABLE',
      message: expect.stringMatching(/registry\.example stalls: .*; tried 4 times$/),
    });
    expect(calls.at(-1)).toBe('remove registry.example/app:1');
  });
});
