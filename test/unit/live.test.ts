import { describe, expect, it } from 'vitest';
import { openHistory } from '../../receiver/witness/history.ts';
import { createLive, type Live, type LiveOptions } from '../../receiver/witness/live.ts';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { TransferError } from '../../shared/errors.ts';
import { readJournal, type JournalEntry } from '../../shared/journal/journal.ts';
import { EXAMPLE_RECORD } from '../support/example-delivery.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const CLOCK = { now: () => 1000, monotonic: () => 2000, sleep: () => Promise.resolve() };
const DELIVERY = {
  record: EXAMPLE_RECORD,
  images: [{ refs: ['shop:2'], configDigest: 'sha256:c', imageId: 'sha256:i', pushed: ['r/shop:2@sha256:p'] }],
  notes: ['a note'],
};

async function world(overrides: Partial<LiveOptions> = {}) {
  const directory = await temporaryDirectory({ inMemory: true });
  const history = await openHistory(directory.path, () => 0);
  const told: JournalEntry[] = [];
  const warnings: string[] = [];
  const live: Live = createLive({
    history,
    clock: CLOCK,
    log: { warn: (_fields, message) => void warnings.push(message) },
    estimateGzip: () => Promise.resolve(7),
    ...overrides,
  });
  live.listen({ onEntry: (entry) => void told.push(entry), onEnd: () => {} });
  const begin = () => live.begin(createMemoryChannelPair()[0], '10.0.0.5:1', 'token dc1');
  return { live, begin, told, warnings, history, entries: () => Array.fromAsync(readJournal(history.file)), directory };
}

describe('conversations of this moment', () => {
  it('show what they do until they end', async () => {
    const { live, begin } = await world();
    const one = begin();
    one.greeted('lighterman 1', 'ab12');
    one.offered(0, 'shop:2', 3, '');
    expect(live.conversations()).toMatchObject([
      {
        peer: '10.0.0.5:1',
        who: 'token dc1',
        agent: 'lighterman 1',
        since: 1000,
        images: [{ ref: 'shop:2', layers: 3, phase: 'receiving' }],
      },
    ]);
    one.recorded(0, { record: EXAMPLE_RECORD, names: [['shop:2']], wasKnown: false });
    one.progress(0, 'load', 5, 10);
    expect(live.conversations()[0]!.images[0]).toMatchObject({ phase: 'load', done: 5, total: 10 });
    await one.delivered(0, DELIVERY);
    expect(live.conversations()[0]!.images[0]).toMatchObject({ phase: 'delivered' });
    one.ended();
    expect(live.conversations()).toEqual([]);
  });

  it('leave entries: what came, what was there, what failed', async () => {
    const { begin, told, entries } = await world();
    const one = begin();
    one.greeted('lighterman 1', 'ab12');
    for (const [image, wasKnown, alreadyThere] of [
      [0, false, true],
      [1, true, undefined],
      [2, true, false],
    ] as const) {
      one.offered(image, 'shop:2', 0, '');
      one.recorded(image, { record: EXAMPLE_RECORD, names: [['shop:2']], wasKnown });
      await one.delivered(image, alreadyThere === undefined ? DELIVERY : { ...DELIVERY, alreadyThere });
    }
    one.offered(3, 'shop:3', 0, '');
    await one.failed(3, new TransferError('ENGINE_FAILED', 'no'));
    const written = await entries();
    expect(written.map(({ event }) => event)).toEqual(['delivered', 'unchanged', 'delivered', 'failed']);
    expect(written[0]).toMatchObject({
      from: { peer: '10.0.0.5:1', agent: 'lighterman 1', who: 'token dc1' },
      archive: EXAMPLE_RECORD.archive,
      gzipBytes: 7,
      images: [{ names: ['shop:2'], imageId: 'sha256:i', pushed: ['r/shop:2@sha256:p'], layers: [expect.any(String)] }],
      notes: ['a note'],
    });
    expect(written[3]).toMatchObject({ images: [{ names: ['shop:3'] }], error: { code: 'ENGINE_FAILED', message: 'no' } });
    expect(told).toHaveLength(4);
  });

  it('go on where an entry cannot be written, and say so', async () => {
    const full = { file: '', publicKey: '', sign: () => '', [Symbol.asyncDispose]: () => Promise.resolve() };
    const { begin, warnings } = await world({
      history: { ...full, record: () => Promise.reject(new TransferError('NO_SPACE', 'disk full')) },
      estimateGzip: () => Promise.reject(new TransferError('INTEGRITY', 'gone')),
    });
    const one = begin();
    one.recorded(0, { record: EXAMPLE_RECORD, names: [[]], wasKnown: false });
    await one.delivered(0, DELIVERY);
    expect(warnings).toEqual(['the history lacks an entry: disk full']);
  });
});
