/** Recipes: taking an archive apart, the recipe at rest, and the difference to the one before. */
import { zstdCompressSync } from 'node:zlib';
import { concatBytes } from '../../shared/bytes.ts';
import { ingestStream, type IngestedStream } from '../../shared/ingest/ingest.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { piecesOf, type Material } from './material.ts';
import { nothingToDispose, type Micro } from './micro.ts';

const PIECE_BYTES = 256 * 1024;

/** Archives into a store in memory, against what one core needs to compress them. */
export function ingestMicro({ archive }: Material): Micro {
  return {
    name: 'ingest',
    unit: 'MB/s',
    cases: [
      { name: 'into a store in memory', work: archive.byteLength, run: async () => void (await ingest(archive)) },
      {
        name: 'zstd -1 of the archive',
        isReference: true,
        work: archive.byteLength,
        run: () => void zstdCompressSync(archive, { params: { 100: 1 } }),
      },
    ],
    ...nothingToDispose,
  };
}

/** The recipe of the layer with the most entries, and of the same layer rebuilt. */
export async function recipeMicro({ archive, rebuilt }: Material): Promise<Micro> {
  const [older, newer] = [largest(await ingest(archive)), largest(await ingest(rebuilt))];
  const rows = newer.rowCount;
  const stored = encodeRecipe(newer);
  const difference = encodeDifference(newer, [older]).bytes;
  const headers = concatBytes(Array.from({ length: rows }, (_, index) => newer.row(index).name));
  const compressed = zstdCompressSync(headers);
  return {
    name: 'recipe',
    unit: 'entries/s',
    cases: [
      { name: 'encode', work: rows, run: () => void encodeRecipe(newer), resultBytes: () => stored.byteLength },
      { name: 'decode', work: rows, run: () => void decodeRecipe(stored) },
      {
        name: 'difference to the build before',
        work: rows,
        run: () => void encodeDifference(newer, [older]),
        resultBytes: () => difference.byteLength,
      },
      { name: 'undo the difference', work: rows, run: () => void decodeDifference(difference, [older]) },
      {
        name: 'zstd -3 of the names alone',
        isReference: true,
        work: rows,
        run: () => void zstdCompressSync(headers),
        resultBytes: () => compressed.byteLength,
      },
    ],
    ...nothingToDispose,
  };
}

async function ingest(bytes: Uint8Array): Promise<Recipe[]> {
  const recipes: Recipe[] = [];
  await using store = createMemoryStore();
  const onStream = ({ recipe }: IngestedStream): void => void recipes.push(recipe);
  await ingestStream(slices(bytes), store, { onStream });
  return recipes;
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* piecesOf(bytes, PIECE_BYTES);
}

function largest(recipes: readonly Recipe[]): Recipe {
  return recipes.reduce((best, recipe) => (recipe.rowCount > best.rowCount ? recipe : best));
}
