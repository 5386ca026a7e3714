/** Recipes of compressed streams: their two rows, their proof, and what is refused. */
import { describe, expect, it } from 'vitest';
import { asId, hashBytes, type Id } from '../../shared/hash.ts';
import { RECONSTRUCTION_BYTES_MAX, CHUNK_BYTES_MAX } from '../../shared/limits.ts';
import { decodeRecipe, isNestingAtRest } from '../../shared/recipe/decode.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import { METHOD_GZIP, type Recipe } from '../../shared/recipe/recipe.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import { isProvenBySkeleton } from '../../shared/recipe/skeleton-digest.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';
import { makeWrappedRecipe, plainOf, reconstructionOf, wrap, wrappingOf } from '../../shared/recipe/wrapped.ts';
import { plainLayer } from '../support/craft-archive.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { gnuGzip } from '../support/gzip.ts';
import { ingest, loadRecipe } from '../support/ingested.ts';
import { collect } from '../support/tar.ts';

const id = (seed: number): Id => asId(new Uint8Array(hashBytes(Uint8Array.of(seed))));
const parts = { id: id(1), bytes: 5000, method: METHOD_GZIP, plain: { id: id(2), bytes: 70_000 }, reconstruction: [{ id: id(3), length: 40 }] } as const; // prettier-ignore

describe('the recipe of a wrapped stream', () => {
  const recipe = makeWrappedRecipe(parts);

  it('says what the stream is made of', () => {
    expect([recipe.bytes, recipe.wrapped, recipe.rowCount]).toEqual([5000, METHOD_GZIP, 2]);
    expect([plainOf(recipe), reconstructionOf(recipe)]).toEqual([parts.plain, parts.reconstruction]);
    expect(wrappingOf(recipe)).toEqual({ method: METHOD_GZIP, bytes: 5000 });
    // It is made again to prove it: its rows alone would not show that they give the stream.
    expect(isProvenBySkeleton(recipe)).toBe(false);
  });

  it('comes back from rest', () => {
    const atRest = encodeRecipe(recipe);
    const back = decodeRecipe(atRest);
    expect([isNestingAtRest(atRest), plainOf(back), reconstructionOf(back), wrappingOf(back)]).toEqual([true, parts.plain, parts.reconstruction, wrappingOf(recipe)]); // prettier-ignore
  });

  it('is told from one that names no other stream before it is decoded', async () => {
    const { streams } = await ingest(craftTar([craftEntry({ name: 'layer.tar' }, plainLayer)]));
    const [layer, archive] = streams.map((stream) => encodeRecipe(stream.recipe));
    expect([isNestingAtRest(layer as Uint8Array), isNestingAtRest(archive as Uint8Array)]).toEqual([false, true]);
    expect(decodeRecipe(archive as Uint8Array).nestingRows).toEqual([0]);
  });

  it('may have nothing in either row', () => {
    const back = decodeRecipe(encodeRecipe(makeWrappedRecipe({ ...parts, plain: { id: id(2), bytes: 0 }, reconstruction: [] })));
    expect([plainOf(back), reconstructionOf(back), back.bytes]).toEqual([undefined, [], 5000]);
  });

  it('costs next to nothing as a difference to another one, where its plain stream has just been announced', () => {
    const other = makeWrappedRecipe({
      ...parts,
      id: id(4),
      plain: { id: id(5), bytes: 70_512 },
      reconstruction: [{ id: id(6), length: 44 }],
    });
    const difference = encodeDifference(other, [recipe], [id(9), id(5)]);
    expect(difference.bytes.byteLength).toBeLessThan(24);
    const decoded = decodeDifference(difference.bytes, [recipe], [id(9), id(5)]);
    expect([decoded.freshLengths, decoded.baseRow(1)]).toEqual([Uint32Array.of(44), { base: 0, row: 1 }]);
    expect(plainOf(wrap(decoded.resolve([id(6)], id(4)), { method: METHOD_GZIP, bytes: 5010 }))).toEqual(plainOf(other));
  });
});

describe('rows that are not those of a wrapped stream', () => {
  const wrapping = { method: METHOD_GZIP, bytes: 100 } as const;

  it('are refused', async () => {
    const refused = expect.objectContaining({ code: 'INTEGRITY' });
    const rows = makeWrappedRecipe(parts);
    const plain = (await ingest(craftTar([craftEntry({ name: 'a' }, 'x')]))).result.archive.recipe;
    expect(() => wrap(plain, wrapping)).toThrow(refused);
    expect(() => wrap({ ...rows, zeroTail: 1 }, wrapping)).toThrow(refused);
    expect(() => wrap({ ...rows, row: () => rows.row(0) }, wrapping)).toThrow(refused);
    expect(() => wrap({ ...rows, row: () => rows.row(1) }, wrapping)).toThrow(refused);
    expect(() => wrap(rows, { ...wrapping, method: 77 as never })).toThrow(refused);
    expect(() => wrap(rows, { ...wrapping, bytes: -1 })).toThrow(refused);
    expect(() => wrap(createRecipeTable().finish(id(1)), wrapping)).toThrow(refused);
  });

  it('are refused where the reconstruction is too long', () => {
    const chunk = { id: id(3), length: CHUNK_BYTES_MAX };
    const many = Array.from({ length: RECONSTRUCTION_BYTES_MAX / CHUNK_BYTES_MAX + 1 }, () => chunk);
    expect(() => makeWrappedRecipe({ ...parts, reconstruction: many })).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});

describe('a wrapped stream', async () => {
  const member = gnuGzip(plainLayer);
  const { store, streams } = await ingest(craftTar([craftEntry({ name: 'layer' }, member)]));
  const recipe = streams[0]!.recipe;
  const expectFailure = async (
    changed: Recipe,
    load = (nested: Parameters<typeof loadRecipe>[1]) => loadRecipe(store, nested),
  ): Promise<void> => {
    await expect(collect(rebuildStream(changed, store, load))).rejects.toMatchObject({ code: 'INTEGRITY' });
  };

  it('is made again from its plain one', async () => {
    expect(recipe.wrapped).toBe(METHOD_GZIP);
    expect(Buffer.compare(await collect(rebuildStream(recipe, store, (nested) => loadRecipe(store, nested))), member)).toBe(0);
  });

  it('is not given out where it is another one than its id says, or of another length', async () => {
    await expectFailure({ ...recipe, id: id(1) });
    await expectFailure({ ...recipe, bytes: recipe.bytes - 1 });
    await expectFailure({ ...recipe, bytes: recipe.bytes + 1 });
  });

  it('is not given out where reconstruction or plain stream are others', async () => {
    const chunk = new Uint8Array(30).fill(7);
    await store.put([{ kind: 'chunk', key: hashBytes(chunk), bytes: chunk }]);
    const parted = { id: recipe.id, bytes: recipe.bytes, method: METHOD_GZIP, plain: plainOf(recipe)!, reconstruction: reconstructionOf(recipe) } as const; // prettier-ignore
    await expectFailure(makeWrappedRecipe({ ...parted, reconstruction: [{ id: hashBytes(chunk), length: 30 }] }));
    await expectFailure(makeWrappedRecipe({ ...parted, reconstruction: [{ id: id(200), length: 30 }] }));
    const other = await ingest(craftTar([craftEntry({ name: 'other' }, 'other')]), store);
    await expectFailure(makeWrappedRecipe({ ...parted, plain: other.result.archive.recipe }));
    await expectFailure(makeWrappedRecipe({ ...parted, plain: { ...parted.plain, bytes: 3 } }));
  });

  it('is not given out where its plain stream is itself wrapped', async () => {
    const nested = { ...recipe, bytes: plainOf(recipe)!.bytes, id: plainOf(recipe)!.id };
    await expectFailure(recipe, () => Promise.resolve(nested));
  });
});
