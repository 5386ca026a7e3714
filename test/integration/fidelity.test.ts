/** Archive to archive is the identity: what the receiver writes has the bytes that the sender read, whatever they are. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { writeArchive } from '../../receiver/deliver/archive.ts';
import { concatBytes, utf8Text } from '../../shared/bytes.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import { runAgent, ship, startReceiver, wireBytes } from '../support/agents.ts';
import { layers, opaque, plainLayer } from '../support/craft-archive.ts';
import { imageEntries, type CraftedArchive } from '../support/craft-image.ts';
import { runCommand } from '../support/command.ts';
import { craftEntry, craftTar, GNU_MAGIC, paxRecord } from '../support/craft-tar.ts';
import { shipArchives, type JoinedAgents } from '../support/joined-agents.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';
import { plannedZstd, zstdAt } from '../support/zstd-streams.ts';

/** An archive whose first image has this tag. */
type MakeArchive = (tag: string) => Uint8Array;

const LONG = 'a-folder-with-a-long-name/'.repeat(7);
const otherLayer = craftTar([craftEntry({ name: 'etc/motd' }, 'ahoy\n'), craftEntry({ name: 'etc/noise' }, seededBytes(60, 40_000))]);

function entriesOf(tag: string, layout: CraftedArchive['layout'], ...imageLayers: Uint8Array[]): Uint8Array[] {
  return imageEntries({ images: [{ tag, layers: imageLayers }], layout });
}

/** An ordinary image, for archives that are odd around it. */
const legacy = (tag: string): Uint8Array[] => entriesOf(tag, 'legacy', plainLayer, otherLayer);
const oci = (tag: string): Uint8Array[] => entriesOf(tag, 'oci', plainLayer, otherLayer);

/** Two images that share their layers, one of which has a layer twice. */
function twoImages(tag: string, how: Omit<CraftedArchive, 'images'>): Uint8Array {
  const images = [
    { tag, layers: [plainLayer, otherLayer, plainLayer] },
    { tag: `${tag}-beside`, layers: [plainLayer, otherLayer] },
  ];
  return craftTar(imageEntries({ images, ...how }));
}

const archives: Readonly<Record<string, MakeArchive>> = {
  'the layout of engines before 25': (tag) => craftTar(legacy(tag)),
  'the OCI layout': (tag) => craftTar(oci(tag)),
  'gzip layers': (tag) => craftTar(entriesOf(tag, 'oci', gzipSync(plainLayer), gzipSync(otherLayer))),
  'zstd layers': (tag) => craftTar(entriesOf(tag, 'oci', plannedZstd(plainLayer), zstdAt(otherLayer, 3))),
  'gzip beside plain layers': (tag) => craftTar(entriesOf(tag, 'legacy', plainLayer, gzipSync(otherLayer))),
  'several images, OCI': (tag) => twoImages(tag, { layout: 'oci' }),
  'several images, a layer again as a copy': (tag) => twoImages(tag, { layout: 'legacy', again: 'copy' }),
  'several images, a layer again as a symbolic link': (tag) => twoImages(tag, { layout: 'legacy', again: 'symbolic link' }),
  'several images, a layer again as a hard link': (tag) => twoImages(tag, { layout: 'legacy', again: 'hard link' }),
  'an image without layers': (tag) => craftTar(entriesOf(tag, 'legacy')),
  'an image without layers, OCI': (tag) => craftTar(entriesOf(tag, 'oci')),
  'GNU long names': (tag) =>
    craftTar([
      craftEntry({ name: '././@LongLink', type: 'L', magic: GNU_MAGIC }, `${LONG}note\0`),
      craftEntry({ name: LONG.slice(0, 100), magic: GNU_MAGIC }, 'read me'),
      ...legacy(tag),
    ]),
  'PAX long names': (tag) =>
    craftTar([
      craftEntry({ name: 'PaxHeaders/note', type: 'x' }, paxRecord('path', `${LONG}note`) + paxRecord('mtime', '1714979289.123456789')),
      craftEntry({ name: LONG.slice(0, 100) }, 'read me'),
      ...oci(tag),
    ]),
  'PAX headers before every member': (tag) =>
    craftTar(oci(tag).flatMap((entry, i) => [craftEntry({ name: `PaxHeaders/${i}`, type: 'x' }, paxRecord('atime', `${i}.5`)), entry])),
  'layers whose names are too long for a header': (tag) => {
    const entries = legacy(tag);
    const path = `${LONG}layer.tar`;
    const [config, manifest] = [entries.at(-2) as Uint8Array, utf8Text((entries.at(-1) as Uint8Array).subarray(512)).replaceAll('\0', '')];
    const [{ Config }] = JSON.parse(manifest) as [{ Config: string }];
    return craftTar([
      craftEntry({ name: 'PaxHeaders/1', type: 'x' }, paxRecord('path', `1/${path}`)),
      craftEntry({ name: '1' }, plainLayer),
      craftEntry({ name: '././@LongLink', type: 'L', magic: GNU_MAGIC }, `2/${path}\0`),
      craftEntry({ name: '2', magic: GNU_MAGIC }, otherLayer),
      config,
      craftEntry({ name: 'manifest.json' }, JSON.stringify([{ Config, RepoTags: [tag], Layers: [`1/${path}`, `2/${path}`] }])),
    ]);
  },
  'member names twice, of which the later count': (tag) =>
    craftTar([
      craftEntry({ name: 'manifest.json' }, '[{"Config":"gone.json","Layers":["gone.tar"]}]'),
      ...entriesOf('other:1', 'legacy', plainLayer),
      ...legacy(tag),
    ]),
  'manifest.json first': (tag) => craftTar(legacy(tag).toReversed()),
  'padding that is not zero': (tag) => craftTar([craftEntry({ name: 'note' }, 'x', 0x55), ...legacy(tag)]),
  'many trailing blocks': (tag) => craftTar(oci(tag), 200_000),
  'trailing bytes that are no block': (tag) => craftTar(oci(tag), 1024 + 77),
  'no end blocks': (tag) => craftTar(legacy(tag), 0),
  'one end block': (tag) => craftTar(oci(tag), 512),
  'content behind the end': (tag) => concatBytes([craftTar(legacy(tag)), seededBytes(61, 5000)]),
  ...Object.fromEntries(
    Object.entries({ ...layers, ...opaque, 'an empty layer': new Uint8Array(1024) }).map(([name, layer], i) => [
      `a layer of: ${name}`,
      (tag: string) => craftTar(entriesOf(tag, i % 2 === 0 ? 'legacy' : 'oci', otherLayer, layer, plainLayer)),
    ]),
  ),
};

/** Two versions of an image: a layer that both have, and one of which a file has changed. */
function version(number: number): Uint8Array {
  const mtime = `1451234567${number}\0`;
  const own = craftTar([
    craftEntry({ name: 'srv/version', mtime }, String(number)),
    craftEntry({ name: 'srv/own', mtime }, seededBytes(70 + number, 20_000)),
    craftEntry({ name: 'srv/same', mtime }, seededBytes(80, 300_000)),
  ]);
  return craftTar(entriesOf(`app:${number}`, 'oci', plainLayer, own));
}

async function onlyFile(directory: string): Promise<Uint8Array> {
  const names = await readdir(directory);
  expect(names).toHaveLength(1);
  return readFile(join(directory, names[0] as string));
}

describe('an archive arrives byte for byte', () => {
  test.each(Object.entries(archives))('%s', async (_, make) => {
    const archive = make('x:1');
    await using delivered = await temporaryDirectory({ inMemory: true });
    const agents = { pool: createMemoryStore(), store: createMemoryStore(), delivered: delivered.path };
    const result = await shipArchives(agents, [archive]);
    expect(sha256Digest(await onlyFile(delivered.path))).toBe(sha256Digest(archive));
    expect(result.images[0]).toMatchObject({ archiveBytes: archive.byteLength });
  });

  test('without a name, too', async () => {
    const archive = craftTar(imageEntries({ images: [{ layers: [plainLayer] }], layout: 'legacy' }));
    await using delivered = await temporaryDirectory({ inMemory: true });
    await shipArchives({ pool: createMemoryStore(), store: createMemoryStore(), delivered: delivered.path }, [archive]);
    expect(sha256Digest(await onlyFile(delivered.path))).toBe(sha256Digest(archive));
  });
});

test('all of them in one session, into one store, and every one restored', async () => {
  const all = Object.values(archives).map((make, i) => ({ tag: `hard:${i}`, archive: make(`hard:${i}`) }));
  await using directory = await temporaryDirectory({ inMemory: true });
  const path = (name: string): string => join(directory.path, name);
  {
    await using pool = await openStore(path('pool'));
    await using store = await openStore(path('store'));
    const result = await shipArchives({ pool, store, delivered: path('delivered') }, all.map(({ archive }) => archive)); // prettier-ignore
    const refs = result.images.map(({ ref }) => ref).filter((ref) => !ref.endsWith('-beside'));
    expect(refs).toEqual(all.map(({ tag }) => tag));
    // What they share is kept once: together they are little more than the few contents that they are made of.
    expect((await store.stats()).chunkBytes).toBeLessThan(3_000_000);
  }
  {
    await using store = await openStore(path('store'));
    const catalog = await openCatalog(store);
    for (const { tag, archive } of all) {
      expect([tag, sha256Digest(await readFile(path(`delivered/${tag.replace(':', '_')}.tar`)))]).toEqual([tag, sha256Digest(archive)]);
      await writeArchive(store, catalog.find(tag), path('restored.tar'), {});
      expect([tag, sha256Digest(await readFile(path('restored.tar')))]).toEqual([tag, sha256Digest(archive)]);
    }
  }
  const checked = await runAgent('receiver', ['check', '--store', path('store'), '--read-all', '--json']);
  expect([checked.status, JSON.parse(checked.stdout)]).toEqual([0, { recordsRead: expect.any(Number), problems: [], images: [] }]);
});

describe('an archive again', () => {
  test('the second version costs what is new in it, the same once more one round trip', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const agents: JoinedAgents = { pool: createMemoryStore(), store: createMemoryStore(), delivered: directory.path };
    await shipArchives(agents, [version(1)]);
    const second = await shipArchives(agents, [version(2)]);
    expect(second.images[0]).toMatchObject({ ref: 'app:2', layers: { total: 2, held: 1 } });
    expect(second.wire.sentBytes).toBeGreaterThan(20_000);
    expect(second.wire.sentBytes + second.wire.receivedBytes).toBeLessThan(22_000);
    expect(sha256Digest(await readFile(join(directory.path, 'app_2.tar')))).toBe(sha256Digest(version(2)));

    const again = await shipArchives(agents, [version(2)]);
    expect(again.turns).toBe('><');
    expect(again.images[0]).toMatchObject({ ref: 'app:2', layers: { total: 2, held: 2 }, newBytes: 0 });
  });

  test('as a user does it: ship, ship again for less than 1,000 bytes, restore, check', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    const store = path('store');
    await Promise.all([1, 2].map((number) => writeFile(path(`${number}.tar`), version(number))));
    {
      await using receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`], { store });
      const send = (number: number) => ship([path(`${number}.tar`), '--to', receiver.address, '--store', path('pool')]);
      await send(1);
      expect(wireBytes(await send(2))).toBeLessThan(23_000);
      expect(wireBytes(await send(2))).toBeLessThan(1000);
    }
    for (const number of [1, 2]) {
      const restored = await runAgent('receiver', ['restore', `app:${number}`, '--store', store, '-o', path('restored.tar')]);
      expect([restored.status, restored.stderr]).toEqual([0, '']);
      for (const file of [`delivered/app_${number}.tar`, 'restored.tar'])
        expect([file, sha256Digest(await readFile(path(file)))]).toEqual([file, sha256Digest(version(number))]);
    }
    // A pipe stays a pipe, as a device would stay a device.
    const pipe = path('pipe');
    await runCommand('mkfifo', [pipe]);
    const reading = readFile(pipe);
    const piped = await runAgent('receiver', ['restore', 'app:1', '--store', store, '-o', pipe]);
    expect([piped.status, piped.stderr, sha256Digest(await reading)]).toEqual([0, '', sha256Digest(version(1))]);
    expect((await stat(pipe)).isFIFO()).toBe(true);
    const intoFolder = await runAgent('receiver', ['restore', 'app:1', '--store', store, '-o', path('delivered')]);
    expect([intoFolder.status, intoFolder.stderr]).toEqual([2, expect.stringContaining('is a directory')]);
    const checked = await runAgent('receiver', ['check', '--store', store, '--read-all']);
    expect([checked.status, checked.stdout]).toEqual([0, expect.stringContaining(' 0 problems')]);
  });
});
