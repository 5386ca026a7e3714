/** What a dry run tells is what the ship then costs, byte for byte and layer for layer; nothing but questions crosses for it. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeMessage, SIGNATURE_BYTES } from '../../shared/wire/messages.ts';
import { runAgent, startReceiver, temporaryDirectory, type Receiver, type ShipResult } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { plainLayer } from '../support/craft-archive.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftTar } from '../support/craft-tar.ts';
import { expectFailure } from '../support/failure.ts';
import { gnuGzip } from '../support/gzip.ts';

interface Told extends Omit<ShipResult, 'event'> {
  readonly event: 'estimated' | 'shipped';
  readonly perLayer: readonly {
    readonly image: string;
    readonly layer: string;
    readonly state: string;
    readonly announcement: number;
    readonly content: number;
    readonly answers: number;
  }[];
  readonly estimate?: {
    readonly effort: string;
    readonly bitsPerSecond: number | null;
    readonly rateFrom: string;
    readonly seconds: number;
  };
}

/** Bytes of the receipt's message: the one thing that the dry run leaves out here, as no image is so large that progress is told. */
function receiptBytes({ images }: Told, isNew: boolean): number {
  const entries = images.map(({ ref, imageId }): [string[], string, string, string[]] => [[ref], imageId, imageId, []]);
  // What was delivered newly comes with time and signature.
  const proof = isNew ? ([1_800_000_000, new Uint8Array(SIGNATURE_BYTES)] as const) : ([] as const);
  const { byteLength } = encodeMessage('receipt', [0, entries, [], ...proof]);
  return byteLength + (byteLength < 126 ? 2 : 4);
}

function expectSame(dry: Told, real: Told, isNew = true): void {
  expect([dry.event, real.event]).toEqual(['estimated', 'shipped']);
  expect(dry.wire.sentBytes).toBe(real.wire.sentBytes);
  expect(dry.wire.receivedBytes).toBe(real.wire.receivedBytes - receiptBytes(real, isNew));
  expect(dry.perLayer).toEqual(real.perLayer);
  expect(dry.images[0]?.newBytes).toBe(real.images[0]?.newBytes);
}

describe('a dry run', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let receiver: Receiver;
  const path = (name: string): string => join(directory.path, name);
  beforeAll(async () => {
    directory = await temporaryDirectory();
    receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`]);
    await Promise.all([1, 2].map((number) => writeFile(path(`${number}.tar`), appVersion(number))));
    const images = [
      { tag: 'odd:1', layers: [plainLayer, gnuGzip(plainLayer)] },
      { tag: 'odd:2', layers: [plainLayer] },
    ];
    await writeFile(path('odd.tar'), craftTar(imageEntries({ images, layout: 'oci' })));
  });
  afterAll(async () => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const run = (...args: string[]) => runAgent('sender', ['ship', '--to', receiver.address, '--store', path('pool'), '--quiet', ...args]);
  const tell = async (...args: string[]): Promise<Told> => {
    const result = await run(...args, '--json', '--effort', 'mid');
    expect([result.status, result.stderr]).toEqual([0, '']);
    return JSON.parse(result.stdout) as Told;
  };

  test('of a first shipment', async () => {
    const dry = await tell(path('1.tar'), '--dry-run');
    expect(await readdir(path('delivered')).catch(() => [])).toEqual([]);
    expect(dry.perLayer.map(({ image, state }) => [image, state])).toEqual(Array.from({ length: 3 }, () => ['app:1', 'sent']));
    expect(dry.perLayer[0]?.layer).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(dry.perLayer[0]?.content).toBeGreaterThan(200_000);
    expect(dry.perLayer[1]?.content).toBeGreaterThan(500_000);
    expect(dry.perLayer[2]).toMatchObject({ layer: 'archive', member: '' });
    expectSame(dry, await tell(path('1.tar')));
  });

  test('of a new version: the layer that stays costs nothing, the other a difference', async () => {
    const dry = await tell(path('2.tar'), '--dry-run');
    expect(dry.perLayer.map(({ state }) => state)).toEqual(['held', 'sent', 'sent']);
    expect(dry.perLayer[0]).toMatchObject({ announcement: 0, content: 0, answers: 0 });
    expect(dry.wire.sentBytes).toBeLessThan(2500);
    expectSame(dry, await tell(path('2.tar')));
  });

  test('of what is held', async () => {
    const dry = await tell(path('2.tar'), '--dry-run');
    expect(dry.perLayer.map(({ state }) => state)).toEqual(['held', 'held', 'held']);
    expectSame(dry, await tell(path('2.tar')), false);
  });

  test('of several images that share a layer, one of which has a compressed layer', async () => {
    const dry = await tell(path('odd.tar'), '--dry-run');
    expect(dry.perLayer.map(({ image, state }) => [image.replace(/.*\//, ''), state])).toEqual([
      ['odd.tar', 'sent'],
      ['odd.tar', 'sent'],
      ['odd.tar', 'shared'],
      ['odd.tar', 'sent'],
    ]);
    expectSame(dry, await tell(path('odd.tar')));
  });

  test('in words: the lines add up, and the time is that of the given rate, or of the link as it was', async () => {
    const old = ['--store', path('other-pool')];
    const given = await run(path('2.tar'), '--dry-run', '--rate', '10mbit', '--as', 'app:5', '--effort', 'low', ...old);
    expect([given.status, given.stderr]).toEqual([0, '']);
    const { perLayer, wire, estimate } = await tell(path('2.tar'), '--dry-run', '--rate', '8kbit');
    expect(estimate).toEqual({ effort: 'mid', bitsPerSecond: 8000, rateFrom: 'given', seconds: wire.sentBytes / 1000 });
    expect(perLayer.length).toBe(3);
    const rows = [...given.stdout.matchAll(/^ +(\d+) +(\d+) {2}(.*)$/gm)].map(([, sent, received, what]) => ({ sent, received, what }));
    expect(rows.map(({ what }) => what?.replace(/[0-9a-f]{64}/g, 'ID'))).toEqual([
      'app:5 sha256:ID blobs/sha256/ID (held)',
      'app:5 sha256:ID blobs/sha256/ID (held)',
      'app:5 archive (held)',
      'handshake, offers, answers, commits',
    ]);
    const sum = (of: 'sent' | 'received'): number => rows.reduce((all, row) => all + Number(row[of]), 0);
    expect(given.stdout).toContain(`\nwould send ${sum('sent')} B, received ${sum('received')} B in `);
    expect(given.stdout).toMatch(
      /\nwould send \d+ B, received \d+ B in .*\n0\.0 s at 10 Mbit\/s \(given\); counted at effort low, without progress and receipts\n$/,
    );
    const measured = await run(path('2.tar'), '--dry-run');
    expect(measured.stdout).toMatch(/ s at [\d.]+ [kMG]bit\/s \(measured\); counted at effort (?:low|mid|high|max), /);
    const unknown = await run(path('2.tar'), '--dry-run', ...old);
    expect(unknown.stdout).toMatch(/; no rate of this link is known: give --rate for the time\n$/);
  });

  test('words that make no sense', async () => {
    expectFailure(await run(path('2.tar'), '--dry-run', '--rate', 'fast'), 'USAGE', /"fast" is not a rate/);
    expectFailure(await run(path('2.tar'), '--rate', '1mbit'), 'USAGE', /--rate is for --dry-run/);
  });
});
