/**
 * A compressed stream into the store: taken apart into its plain stream and a reconstruction, made again from the two and compared, and
 * only then kept in that form. What cannot be had that way is kept as it is, as content. What the store has in either form is not touched.
 */
import { createContentWriter, type ContentWriter } from './content-writer.ts';
import { equalBytes } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import type { Id } from '../hash.ts';
import { RECONSTRUCTION_BYTES_MAX } from '../limits.ts';
import { createChunkList } from '../recipe/chunk-list.ts';
import { decodeRecipe } from '../recipe/decode.ts';
import { encodeRecipe } from '../recipe/encode.ts';
import { rebuildStream } from '../recipe/rebuild.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { makeWrappedRecipe, plainOf } from '../recipe/wrapped.ts';
import type { Store } from '../store/port.ts';
import { takeApart } from '../wrapped/method.ts';
import { countNew, createStreamRecipe, writePieces, type NewContent, type TakenApart } from './stream-recipe.ts';
import type { WrappedMember } from './wrapped-member.ts';

/** What became of a member. */
export interface KeptMember {
  readonly recipe: Recipe;
  /** The store had it before. */
  readonly known: boolean;
  readonly newContent: NewContent;
}

/**
 * A reconstruction that is longer than this share of the stream, and than so many bytes, does not pay: with the plain bytes, which cross
 * some 20 % smaller than gzip makes them, it must not come to more than the stream itself.
 */
const RECONSTRUCTION_SHARE = 1 / 8;
const RECONSTRUCTION_BYTES_FREE = 512;
/** Chunks that are looked up together. */
const LOOKUP_CHUNKS = 4096;

/** @throws what the store throws, and `signal`. */
export async function keepWrapped(id: Id, member: WrappedMember, store: Store, signal: AbortSignal | undefined): Promise<KeptMember> {
  const before = await findWhole(id, store);
  if (before !== undefined) return { recipe: before, known: true, newContent: { chunks: 0, bytes: 0 } };
  const writer = createContentWriter(store);
  try {
    const kept = (await keepApart(id, member, store, writer, signal)) ?? (await keepOpaque(member, writer, signal));
    await store.put([{ kind: 'recipe', key: id, bytes: encodeRecipe(kept.recipe) }], { replace: true });
    return { ...kept, known: false };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** The recipe of a stream all of which is in the store, its plain stream included. */
async function findWhole(id: Id, store: Store): Promise<Recipe | undefined> {
  const recipe = await findRecipe(id, store);
  const plain = recipe && plainOf(recipe);
  const plainRecipe = plain && (await findRecipe(plain.id, store));
  if (recipe === undefined || (plain !== undefined && plainRecipe === undefined)) return undefined;
  for (const part of plainRecipe === undefined ? [recipe] : [recipe, plainRecipe]) if (!(await hasChunks(part, store))) return undefined;
  return recipe;
}

async function findRecipe(id: Id, store: Store): Promise<Recipe | undefined> {
  try {
    const bytes = await store.get('recipe', id);
    const recipe = bytes && decodeRecipe(bytes);
    return recipe && equalBytes(recipe.id, id) ? recipe : undefined;
  } catch (error) {
    if (TransferError.from(error).code === 'INTEGRITY') return undefined;
    throw error;
  }
}

async function hasChunks(recipe: Recipe, store: Store): Promise<boolean> {
  let batch: Id[] = [];
  const hasAll = async (): Promise<boolean> => !(await store.hasMany('chunk', batch.splice(0))).includes(false);
  for (let row = 0; row < recipe.rowCount; row++) {
    for (const chunk of recipe.chunksOf(row)) if (batch.push(chunk.id) >= LOOKUP_CHUNKS && !(await hasAll())) return false;
  }
  batch = [...batch, ...recipe.tail.map((chunk) => chunk.id)];
  return hasAll();
}

/** Undefined where the stream cannot be taken apart, or where that does not pay. */
async function keepApart(
  id: Id,
  { method, spool }: WrappedMember,
  store: Store,
  writer: ContentWriter,
  signal: AbortSignal | undefined,
): Promise<Omit<KeptMember, 'known'> | undefined> {
  const stream = createStreamRecipe(writer, { sha256: false });
  const reconstruction = await takeApart(method, abortable(spool.read(), signal), (piece) => writePieces(piece, stream, writer));
  const plain = stream.end();
  await writer.finish();
  if (reconstruction === undefined || !pays(reconstruction.byteLength, spool.bytes)) return undefined;
  await store.put([{ kind: 'recipe', key: plain.recipe.id, bytes: encodeRecipe(plain.recipe) }]);
  const chunks = createChunkList();
  const newContent = { ...plain.newContent };
  writer.push(reconstruction, {
    onChunk: (chunk, length) => chunks.push(chunk, length),
    onNewChunk: (_chunk, length) => countNew(newContent, length),
  });
  writer.end();
  await writer.finish();
  const recipe = makeWrappedRecipe({ id, bytes: spool.bytes, method, plain: plain.recipe, reconstruction: chunks });
  return (await isSame(recipe, plain, store, signal)) ? { recipe, newContent } : undefined;
}

function pays(reconstructionBytes: number, bytes: number): boolean {
  const most = Math.max(RECONSTRUCTION_BYTES_FREE, bytes * RECONSTRUCTION_SHARE);
  return reconstructionBytes <= Math.min(most, RECONSTRUCTION_BYTES_MAX);
}

/** Whether the recipe really gives the stream back. */
async function isSame(recipe: Recipe, plain: TakenApart, store: Store, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    // The stream's id is compared before its last piece is given out.
    for await (const _ of rebuildStream(recipe, store, () => Promise.resolve(plain.recipe), { signal }));
    return true;
  } catch (error) {
    signal?.throwIfAborted();
    if (TransferError.from(error).code === 'INTEGRITY') return false;
    throw error;
  }
}

async function keepOpaque(
  { spool }: WrappedMember,
  writer: ContentWriter,
  signal: AbortSignal | undefined,
): Promise<Omit<KeptMember, 'known'>> {
  const stream = createStreamRecipe(writer, { sha256: false });
  for await (const piece of abortable(spool.read(), signal)) await writePieces(piece, stream, writer);
  const { recipe, newContent } = stream.end();
  await writer.finish();
  return { recipe, newContent };
}

async function* abortable(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    yield piece;
  }
}
