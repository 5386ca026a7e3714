import { beforeEach, describe, expect, it } from 'vitest';
import { openCatalog, type ImageRecord } from '../../receiver/catalog/catalog.ts';
import { namesFor, withNames } from '../../receiver/catalog/record.ts';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import { utf8 } from '../../shared/bytes.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';

const idOf = (text: string): string => hex(hashBytes(utf8(text)));

function recordOf(name: string, at: number, streams: readonly string[]): ImageRecord {
  const image = {
    archiveRefs: [name],
    names: {},
    configDigest: `sha256:${idOf(`config ${name}`)}`,
    layers: streams.map((stream) => ({
      diffId: `sha256:${idOf(`diff ${stream}`)}`,
      digest: `sha256:${idOf(`diff ${stream}`)}`,
      stream: idOf(stream),
    })),
  };
  const record: ImageRecord = {
    version: 1,
    archive: idOf(name),
    archiveBytes: 10,
    streams: streams.map(idOf),
    images: [image],
    storedAt: at,
    deliveredAt: at,
    verified: [],
  };
  return withNames(record, [[name]], at);
}

describe('catalog', () => {
  let store: Store;
  beforeEach(() => (store = createMemoryStore()));

  it('remembers what was saved, also when it is opened again', async () => {
    const catalog = await openCatalog(store);
    await catalog.save(recordOf('shop:1', 1, ['base', 'app1']));
    const again = await openCatalog(store);
    expect(again.find('shop:1')).toEqual(catalog.find('shop:1'));
    expect(again.find('docker.io/library/shop:1').archive).toBe(idOf('shop:1'));
    expect(again.find(idOf('config shop:1').slice(0, 12)).archive).toBe(idOf('shop:1'));
    expect(again.byImageId(hashBytes(utf8('config shop:1')))?.archive).toBe(idOf('shop:1'));
    expect(again.byArchive(hashBytes(utf8('shop:1')))?.archive).toBe(idOf('shop:1'));
  });

  it('gives a name to the image that was delivered last under it', async () => {
    const catalog = await openCatalog(store);
    const first = recordOf('shop:1', 1, ['a']);
    const second = recordOf('shop:2', 2, ['b']);
    await catalog.save(withNames(first, [['shop:latest']], 1));
    await catalog.save(withNames(second, [['shop:latest']], 2));
    expect(catalog.find('shop:latest').archive).toBe(second.archive);
    // A tag moved back, while the other names stay where they were.
    await catalog.save(withNames(withNames(first, [['shop:latest']], 1), [['shop:latest']], 3));
    expect(catalog.find('shop:latest').archive).toBe(first.archive);
    expect(catalog.find('shop:2').archive).toBe(second.archive);
  });

  it('names near names when it knows none', async () => {
    const catalog = await openCatalog(store);
    await catalog.save(recordOf('shop:1', 1, ['a']));
    expect(() => catalog.find('shop:9')).toThrow(TransferError);
    expect(() => catalog.find('shop:9')).toThrow(/no image shop:9/);
  });

  it('offers bases: the layers asked for, then the same repository, then the newest', async () => {
    const catalog = await openCatalog(store);
    await catalog.save(recordOf('other:1', 5, ['far']));
    await catalog.save(recordOf('shop:1', 1, ['base', 'app1']));
    await catalog.save(recordOf('shop:2', 2, ['base', 'app2']));
    const wanted = [hashBytes(utf8('diff far')).subarray(0, 8)];
    const { streams, complete } = catalog.bases('shop:3', wanted, 100);
    expect(streams.map((id) => hex(id))).toEqual(['far', 'base', 'app2', 'shop:2', 'app1', 'shop:1', 'other:1'].map(idOf));
    expect(complete).toBe(true);
    expect(catalog.bases('shop:3', [], 2)).toMatchObject({ complete: false, streams: { length: 2 } });
  });

  it('offers the files of layers behind the layers', async () => {
    const catalog = await openCatalog(store);
    const record = recordOf('shop:1', 1, ['a', 'b']);
    const [image] = record.images;
    const layers = image!.layers.map((layer, i) => ({ ...layer, files: [idOf(`plain ${i}`), idOf(`file ${i}`)] }));
    const files = layers.flatMap((layer) => layer.files);
    await catalog.save({ ...record, streams: [...record.streams, ...files], images: [{ ...image!, layers }] });
    const again = await openCatalog(store);
    const wanted = ['diff a', 'diff b'].map((text) => hashBytes(utf8(text)).subarray(0, 8));
    for (const prefixes of [wanted, []]) {
      const { streams } = again.bases('shop:2', prefixes, 100);
      expect(streams.map((id) => hex(id))).toEqual([idOf('a'), idOf('b'), ...files, idOf('shop:1')]);
    }
  });

  it('refuses one name for several images', () => {
    const record = recordOf('shop:1', 1, ['a']);
    const two = { ...record, images: [...record.images, ...record.images] };
    expect(namesFor(two, '')).toEqual([['shop:1'], ['shop:1']]);
    expect(() => namesFor(two, 'one:1')).toThrow(/holds 2 images/);
    expect(namesFor(record, 'docker.io/library/one')).toEqual([['one:latest']]);
  });
});
