import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { hashBytes, type Id } from '../../shared/hash.ts';
import { RECIPE_DEPTH_MAX } from '../../shared/limits.ts';
import { BODY_CHUNKS, BODY_NESTED, METHOD_GZIP, type Recipe, type Row } from '../../shared/recipe/recipe.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';
import { makeWrappedRecipe } from '../../shared/recipe/wrapped.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { seededBytes } from '../support/random.ts';
import { collect } from '../support/tar.ts';

const block = new Uint8Array(512).fill(1);
const literalRow: Omit<Row, 'body' | 'bodyBytes'> = {
  template: undefined,
  literal: block,
  name: block.subarray(0, 4),
  link: block.subarray(0, 0),
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  inline: undefined,
  chunks: [],
  nested: undefined,
  padding: undefined,
};

const contents = Array.from({ length: 30 }, (_, seed) => seededBytes(seed, 100_000 + seed * 1000));

/** A store with the contents, and a recipe for all of them in rows of their own with the last as tail. */
async function prepare(): Promise<{ store: ReturnType<typeof createMemoryStore>; recipe: Recipe; stream: Uint8Array }> {
  const store = createMemoryStore();
  const table = createRecipeTable();
  const parts: Uint8Array[] = [];
  for (const [index, bytes] of contents.entries()) {
    const id = hashBytes(bytes);
    await store.put([{ kind: 'chunk', key: id, bytes }]);
    if (index === contents.length - 1) break;
    table.append({ ...literalRow, body: BODY_CHUNKS, bodyBytes: bytes.byteLength, chunks: [{ id, length: bytes.byteLength }] });
    parts.push(block, bytes, new Uint8Array((512 - (bytes.byteLength % 512)) % 512));
  }
  const last = contents.at(-1) as Uint8Array;
  table.setZeroTail(200_000);
  table.pushChunk(hashBytes(last), last.byteLength);
  const stream = concatBytes([...parts, new Uint8Array(200_000), last]);
  return { store, recipe: table.finish(hashBytes(stream)), stream };
}

const noNested = (): Promise<Recipe> => Promise.reject(new RangeError('nothing is nested here'));

async function failure(pieces: AsyncIterable<Uint8Array>): Promise<unknown> {
  try {
    await collect(pieces);
    return undefined;
  } catch (error) {
    return error;
  }
}

it('gives back what the store lent, and nothing of the recipe', async () => {
  const { store, recipe, stream } = await prepare();
  const lent: Uint8Array[] = [];
  const lender: Pick<typeof store, 'getMany'> = {
    async getMany(kind, keys) {
      const arrays = await store.getMany(kind, keys);
      lent.push(...arrays);
      return arrays;
    },
  };
  for (let times = 1; times <= 2; times++) {
    expect(Buffer.compare(await collect(rebuildStream(recipe, lender, noNested)), stream)).toBe(0);
    expect(lent).toHaveLength(times * contents.length);
  }
  expect(lent.every(({ byteLength }) => byteLength === 0)).toBe(true);
});

/** A recipe of one nested stream; its own id is not checked before the end. */
function nesting(nested: Id, bodyBytes: number): Recipe {
  const table = createRecipeTable();
  table.append({ ...literalRow, body: BODY_NESTED, bodyBytes, nested, padding: new Uint8Array(0) });
  return table.finish(nested);
}

describe('rebuildStream', () => {
  it('gives the stream in large pieces', async () => {
    const { store, recipe, stream } = await prepare();
    const sizes: number[] = [];
    const parts: Uint8Array[] = [];
    for await (const piece of rebuildStream(recipe, store, noNested)) {
      sizes.push(piece.byteLength);
      parts.push(piece);
    }
    expect(Buffer.compare(concatBytes(parts), stream)).toBe(0);
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([256 * 1024]));
  });

  it('keeps a few batches in memory, and asks for each chunk of a batch once', async () => {
    const { store, recipe } = await prepare();
    let asked = 0;
    let given = 0;
    let aheadMax = 0;
    const watched = {
      getMany: async (kind: 'chunk' | 'recipe' | 'image', keys: readonly Id[]) => {
        const found = await store.getMany(kind, keys);
        asked += found.reduce((total, { byteLength }) => total + byteLength, 0);
        aheadMax = Math.max(aheadMax, asked - given);
        return found;
      },
    };
    for await (const piece of rebuildStream(recipe, watched, noNested)) given += piece.byteLength;
    expect(aheadMax).toBeLessThan(5 * 1024 * 1024);
    const table = createRecipeTable();
    const [first = block] = contents;
    for (let i = 0; i < 10; i++) table.pushChunk(hashBytes(first), first.byteLength);
    const repeated = concatBytes(Array.from({ length: 10 }, () => first));
    asked = 0;
    expect(Buffer.compare(await collect(rebuildStream(table.finish(hashBytes(repeated)), watched, noNested)), repeated)).toBe(0);
    expect(asked).toBe(first.byteLength);
  });

  it('rebuilds what is nested, and nothing', async () => {
    const { store, recipe, stream } = await prepare();
    const table = createRecipeTable();
    const row: Row = { ...literalRow, body: BODY_NESTED, bodyBytes: recipe.bytes, nested: recipe.id, padding: new Uint8Array(0) };
    table.append(row);
    table.append(row);
    const twice = concatBytes([block, stream, block, stream]);
    const outer = table.finish(hashBytes(twice));
    expect(Buffer.compare(await collect(rebuildStream(outer, store, async () => recipe)), twice)).toBe(0);
    const nothing = createRecipeTable().finish(hashBytes(new Uint8Array(0)));
    expect((await collect(rebuildStream(nothing, store, noNested))).byteLength).toBe(0);
  });

  it('never gives the last piece of a stream that is not the one named', async () => {
    const { store, recipe, stream } = await prepare();
    const other = { ...recipe, id: hashBytes(block) };
    let given = 0;
    const pieces = rebuildStream(other, store, noNested);
    await expect(
      (async () => {
        for await (const piece of pieces) given += piece.byteLength;
      })(),
    ).rejects.toMatchObject({ code: 'INTEGRITY' });
    expect(given).toBeLessThan(stream.byteLength);
  });

  it('refuses recipes that lie about lengths, and content that is missing', async () => {
    const { store, recipe } = await prepare();
    const id = hashBytes(contents[0] as Uint8Array);
    const table = createRecipeTable();
    table.pushChunk(id, 10);
    expect(await failure(rebuildStream(table.finish(id), store, noNested))).toMatchObject({ code: 'INTEGRITY' });
    for (const bytes of [recipe.bytes - 1, recipe.bytes + 1]) {
      expect(await failure(rebuildStream({ ...recipe, bytes }, store, noNested))).toMatchObject({ code: 'INTEGRITY' });
    }
    expect(await failure(rebuildStream(recipe, createMemoryStore(), noNested))).toMatchObject({ code: 'INTEGRITY' });
  });

  it('refuses a nested recipe of another stream, one inside itself, and nesting without end', async () => {
    const { store, recipe } = await prepare();
    const id = hashBytes(block);
    const load = async (): Promise<Recipe> => recipe;
    expect(await failure(rebuildStream(nesting(id, recipe.bytes), store, load))).toMatchObject({ code: 'INTEGRITY' });
    expect(await failure(rebuildStream(nesting(recipe.id, 5), store, load))).toMatchObject({ code: 'INTEGRITY' });
    const self = nesting(id, 5);
    expect(await failure(rebuildStream(self, store, async () => self))).toMatchObject({ code: 'INTEGRITY' });
    const deep = (depth: number): Recipe => nesting(id, 512 * (10 - depth));
    let depth = 0;
    expect(await failure(rebuildStream(deep(0), store, async () => deep(++depth)))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('refuses compressed streams in compressed streams without end', async () => {
    const store = createMemoryStore();
    const id = hashBytes(block);
    // The worked example of RECIPE.md.
    const bytes = new Uint8Array(Buffer.from('018f0180181200010900010a1f8b0800000000000203801800', 'hex'));
    await store.put([{ kind: 'chunk', key: hashBytes(bytes), bytes }]);
    const reconstruction = [{ id: hashBytes(bytes), length: bytes.byteLength }];
    const wrapped = makeWrappedRecipe({ id, bytes: 5000, method: METHOD_GZIP, plain: { id, bytes: 512 + 5000 }, reconstruction });
    const load = async (): Promise<Recipe> => {
      loaded++;
      return loaded % 2 === 1 ? nesting(id, 5000) : wrapped;
    };
    let loaded = 0;
    expect(await failure(rebuildStream(wrapped, store, load))).toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(loaded).toBe(RECIPE_DEPTH_MAX);
  });

  it('stops when it is told to', async () => {
    const { store, recipe } = await prepare();
    const abort = new AbortController();
    const pieces = rebuildStream(recipe, store, noNested, { signal: abort.signal });
    await pieces.next();
    abort.abort();
    await expect(pieces.next()).rejects.toThrow('aborted');
  });
});
