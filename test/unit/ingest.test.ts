import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concatBytes, utf8Text } from '../../shared/bytes.ts';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import { IMAGE_JSON_BYTES_MAX } from '../../shared/limits.ts';
import { BODY_CHUNKS, BODY_NESTED } from '../../shared/recipe/recipe.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { craftArchive, layers, opaque, plainLayer } from '../support/craft-archive.ts';
import { craftEntry, craftTar, paxRecord } from '../support/craft-tar.ts';
import { ingest, inPieces, loadRecipe, restore } from '../support/ingested.ts';
import { seededBytes } from '../support/random.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('an archive with a layer', () => {
  it.each(Object.entries(layers))('comes back exactly: %s', async (_, layer) => {
    const archive = craftArchive(layer);
    const { store, result, streams } = await ingest(archive);
    expect(streams.map(({ path, id, bytes }) => [path, hex(id), bytes])).toEqual([
      ['aa/layer.tar', hex(hashBytes(layer)), layer.byteLength],
      ['cc/layer.tar', hex(hashBytes(layer)), layer.byteLength],
      ['', hex(hashBytes(archive)), archive.byteLength],
    ]);
    expect(result).toMatchObject({ isTar: true, isTruncated: false });
    expect(Buffer.compare(await restore(store, hashBytes(archive)), archive)).toBe(0);
    expect(Buffer.compare(await restore(store, hashBytes(layer)), layer)).toBe(0);
  });

  it.each(Object.entries(layers))('comes back exactly as a stream of its own: %s', async (_, layer) => {
    const { store, result } = await ingest(layer);
    expect(result.isTar).toBe(true);
    expect(Buffer.compare(await restore(store, result.archive.id), layer)).toBe(0);
  });

  it.each(Object.entries(opaque))('is content where it is neither tar nor compressed: %s', async (_, member) => {
    const archive = craftArchive(member);
    const { store, streams, files } = await ingest(archive);
    expect(streams.map(({ path }) => path)).toEqual(['']);
    expect(Buffer.compare(files.find(({ path }) => path === 'aa/layer.tar')?.content ?? new Uint8Array(1), member)).toBe(0);
    expect(Buffer.compare(await restore(store, hashBytes(archive)), archive)).toBe(0);
  });

  it('is told in order: links, small files, streams', async () => {
    const seen: string[] = [];
    await ingest(craftArchive(plainLayer), createMemoryStore(), {
      onStream: async ({ path }) => {
        await Promise.resolve();
        seen.push(`stream ${path}`);
      },
      onFile: ({ path, bytes, content }) => void seen.push(`file ${path} ${bytes} ${utf8Text(content ?? new Uint8Array(0)).slice(0, 10)}`),
      onLink: ({ path, target, isSymbolic }) => void seen.push(`link ${path} ${target} ${isSymbolic}`),
    });
    expect(seen).toEqual([
      'file aa/VERSION 3 1.0',
      'stream aa/layer.tar',
      'link bb/layer.tar ../aa/layer.tar true',
      'stream cc/layer.tar',
      'file config.json 2 {}',
      'file manifest.json 103 [{"Config"',
      'stream ',
    ]);
  });

  it('gives the names that long names and pax headers say', async () => {
    const name = 'n'.repeat(200);
    const archive = craftTar([
      craftEntry({ type: 'x' }, paxRecord('path', name)),
      craftEntry({ name: 'short' }, plainLayer),
      craftEntry({ name: '././@LongLink', type: 'L' }, `${name}2\0`),
      craftEntry({ name: 'short', type: '1', link: 'other' }),
    ]);
    const { streams, links } = await ingest(archive);
    expect(streams[0]?.path).toBe(name);
    expect(links).toEqual([{ path: `${name}2`, target: 'other', isSymbolic: false }]);
  });

  it('keeps the skeleton apart from contents, and small files whole', async () => {
    const { store } = await ingest(craftArchive(plainLayer));
    const recipe = await loadRecipe(store, hashBytes(plainLayer));
    const rows = Array.from({ length: recipe.rowCount }, (_, index) => recipe.row(index));
    expect(rows.map(({ body, chunks }) => (body === BODY_CHUNKS ? chunks.length : 0)).slice(0, 2)).toEqual([0, 1]);
    expect(rows[2]?.chunks.length).toBeGreaterThan(5);
    expect(rows.every(({ literal }) => literal === undefined)).toBe(true);
    const archive = await loadRecipe(store, hashBytes(craftArchive(plainLayer)));
    expect(archive.row(2)).toMatchObject({ body: BODY_NESTED, bodyBytes: plainLayer.byteLength });
  });
});

describe('new chunks', () => {
  it('are those that the store did not have, each told once', async () => {
    const archive = craftArchive(plainLayer);
    const first = await ingest(archive);
    const [layer, again, whole] = first.streams;
    expect(layer?.newBytes).toBe(3000 + 700_000);
    expect(layer?.newBytes).toBe(703_000);
    expect([again?.newBytes, again?.known, layer?.known, whole?.known]).toEqual([0, true, false, false]);
    expect(whole?.newBytes).toBe(3 + 2 + 103);
    const second = await ingest(archive, first.store);
    expect(second.streams.map(({ known, newBytes }) => [known, newBytes])).toEqual([[true, 0], [true, 0], [true, 0]]); // prettier-ignore
  });

  it('are told once for one content in many files', async () => {
    const content = seededBytes(5, 2000);
    const layer = craftTar(Array.from({ length: 3000 }, (_, index) => craftEntry({ name: `f${index}` }, content)));
    const { store, result } = await ingest(layer);
    expect([result.archive.newChunks, (await store.stats()).records.chunk]).toEqual([1, 1]);
  });

  it('are in the store, with the recipe, when a stream is told', async () => {
    const store = createMemoryStore();
    const rebuilt: number[] = [];
    await ingest(craftArchive(plainLayer), store, {
      onStream: async ({ id }) => void rebuilt.push((await restore(store, id)).byteLength),
    });
    expect(rebuilt).toEqual([plainLayer.byteLength, plainLayer.byteLength, craftArchive(plainLayer).byteLength]);
  });
});

describe('input', () => {
  it('that is no tar is content, and said to be none', async () => {
    for (const bytes of [
      seededBytes(1, 300_000),
      new Uint8Array(5000),
      new Uint8Array(0),
      concatBytes([new Uint8Array(600), seededBytes(2, 600)]),
    ]) {
      const { store, result } = await ingest(bytes);
      expect([result.isTar, result.isTruncated, result.archive.bytes]).toEqual([false, false, bytes.byteLength]);
      expect(Buffer.compare(await restore(store, result.archive.id), bytes)).toBe(0);
    }
  });

  it('that ends too early is said to be truncated, and kept exactly', async () => {
    const archive = craftArchive(plainLayer);
    const ends = { 'in the layer': 300_000, 'in a small member': 2050, 'in a header': 1100 };
    for (const end of Object.values(ends)) {
      const { store, result } = await ingest(archive.subarray(0, end));
      expect(result).toMatchObject({ isTar: true, isTruncated: true });
      expect(Buffer.compare(await restore(store, result.archive.id), archive.subarray(0, end))).toBe(0);
    }
    const { result } = await ingest(archive.subarray(0, -1024));
    expect(result.isTruncated).toBe(false);
  });

  it('comes in any pieces', async () => {
    const archive = craftArchive(plainLayer);
    for (const lengths of [[100], [1, 511, 512, 513], [3_000_000]]) {
      const { store, result } = await ingest(inPieces(archive, lengths));
      expect(Buffer.compare(await restore(store, result.archive.id), archive)).toBe(0);
    }
  });

  it('is hashed by SHA-256 where that is asked for', async () => {
    const big = seededBytes(9, IMAGE_JSON_BYTES_MAX + 1);
    const archive = craftTar([
      craftEntry({ name: 'layer.tar' }, plainLayer),
      craftEntry({ name: 'big' }, big),
      craftEntry({ name: 'empty' }),
    ]);
    const { streams, files } = await ingest(archive, createMemoryStore(), { sha256: true });
    expect(streams.map((stream) => hex(stream.sha256 ?? archive))).toEqual([sha256(plainLayer), sha256(archive)]);
    expect(files.map((file) => [file.path, file.content?.byteLength, hex(file.sha256 ?? big)])).toEqual([
      ['big', undefined, sha256(big)],
      ['empty', 0, sha256(new Uint8Array(0))],
    ]);
    expect((await ingest(archive)).streams[0]?.sha256).toBeUndefined();
  });

  it('is counted', async () => {
    const archive = craftArchive(plainLayer);
    const counts: number[] = [];
    await ingest(archive, createMemoryStore(), { onProgress: (bytes) => void counts.push(bytes) });
    expect([counts[0], counts.at(-1)]).toEqual([64 * 1024, archive.byteLength]);
  });
});

describe('failures', () => {
  const archive = craftArchive(plainLayer);
  const broken = new TransferError('NO_SPACE', 'the store is full');

  it('of the store come through, and nothing goes on behind them', async () => {
    const store = createMemoryStore();
    let calls = 0;
    store.put = async () => {
      calls++;
      throw broken;
    };
    await expect(ingest(archive, store)).rejects.toBe(broken);
    const soFar = calls;
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(soFar);
  });

  it('of the source come through, and no stream is told after them', async () => {
    const streams: string[] = [];
    const source = async function* (): AsyncGenerator<Uint8Array> {
      yield* inPieces(archive.subarray(0, -2000));
      throw broken;
    };
    await expect(ingest(source(), createMemoryStore(), { onStream: ({ path }) => void streams.push(path) })).rejects.toBe(broken);
    expect(streams).toEqual([]);
  });

  it('of a callback come through', async () => {
    const options = { onStream: () => Promise.reject(broken) };
    await expect(ingest(archive, createMemoryStore(), options)).rejects.toBe(broken);
  });

  it('include being told to stop', async () => {
    const abort = new AbortController();
    const options = { signal: abort.signal, onProgress: () => abort.abort() };
    await expect(ingest(archive, createMemoryStore(), options)).rejects.toThrow('aborted');
  });
});
