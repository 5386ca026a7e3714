/**
 * A compressed stream into the store: taken apart into its plain stream and a reconstruction, made again from the two and compared, and
 * only then kept in that form. What cannot be had that way is kept as it is, as content. What the store has in either form is not touched.
 * Large compressed files in the plain stream of a layer are kept the same way; what they hold themselves is not looked into.
 */
import { createContentWriter, type ContentWriter } from './content-writer.ts';
import { equalBytes, utf8Text } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { hex, type Id } from '../hash.ts';
import { RECONSTRUCTION_BYTES_MAX } from '../limits.ts';
import { createChunkList } from '../recipe/chunk-list.ts';
import { decodeRecipe } from '../recipe/decode.ts';
import { encodeRecipe } from '../recipe/encode.ts';
import { rebuildStream } from '../recipe/rebuild.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { makeWrappedRecipe, plainOf } from '../recipe/wrapped.ts';
import type { Store } from '../store/port.ts';
import { takeApart } from '../wrapped/method.ts';
import { createFileHandler } from './compressed-files.ts';
import {
  countNew,
  createStreamRecipe,
  writePieces,
  writeStream,
  type BodyHandler,
  type NewContent,
  type TakenApart,
} from './stream-recipe.ts';
import { createWrappedMember, type WrappedMember } from './wrapped-member.ts';

/** What became of a member. */
export interface KeptMember {
  readonly recipe: Recipe;
  /** The store had it before. */
  readonly known: boolean;
  readonly newContent: NewContent;
  /** The large compressed files in its plain stream. */
  readonly files: readonly KeptFile[];
}

/** A large compressed file of a layer. */
export interface KeptFile extends Omit<KeptMember, 'files'> {
  readonly path: string;
  readonly id: Id;
}

export interface KeepOptions {
  readonly signal: AbortSignal | undefined;
  /** Where compressed files of a compressed layer are laid aside; by default in the system's directory for temporary files. */
  readonly spoolDirectory: string | undefined;
}

const NOTHING_NEW: NewContent = { chunks: 0, bytes: 0 };

/**
 * A reconstruction that is longer than this share of the stream, and than so many bytes, does not pay: with the plain bytes, which cross
 * some 20 % smaller than gzip makes them, it must not come to more than the stream itself.
 */
const RECONSTRUCTION_SHARE = 1 / 8;
const RECONSTRUCTION_BYTES_FREE = 512;
/** Chunks that are looked up together. */
const LOOKUP_CHUNKS = 4096;

/** A compressed layer. @throws what the store throws, and `signal`. */
export function keepWrapped(id: Id, member: WrappedMember, store: Store, options: KeepOptions): Promise<KeptMember> {
  return keepMember(id, member, store, options, true);
}

/** A large compressed file of a layer. @throws as above. */
export async function keepFile(path: string, id: Id, file: WrappedMember, store: Store, options: KeepOptions): Promise<KeptFile> {
  return { path, id, ...(await keepMember(id, file, store, options, false)) };
}

async function keepMember(id: Id, member: WrappedMember, store: Store, options: KeepOptions, isLayer: boolean): Promise<KeptMember> {
  const { signal } = options;
  const before = await findWhole(id, store);
  if (before !== undefined) return before;
  const writer = createContentWriter(store);
  try {
    const kept = (await keepApart(id, member, store, writer, options, isLayer)) ?? (await keepOpaque(member, writer, signal));
    await store.put([{ kind: 'recipe', key: id, bytes: encodeRecipe(kept.recipe) }], { replace: true });
    return { ...kept, known: false };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** A stream all of which is in the store, its plain stream and the files in that included. */
async function findWhole(id: Id, store: Store): Promise<KeptMember | undefined> {
  const recipe = await findRecipe(id, store);
  const plain = recipe && plainOf(recipe);
  const plainRecipe = plain && (await findRecipe(plain.id, store));
  if (recipe === undefined || (plain !== undefined && plainRecipe === undefined)) return undefined;
  for (const part of plainRecipe === undefined ? [recipe] : [recipe, plainRecipe]) if (!(await hasChunks(part, store))) return undefined;
  const files: KeptFile[] = [];
  for (const index of plainRecipe?.nestingRows ?? []) {
    const { name, nested } = (plainRecipe as Recipe).row(index);
    const file = await findWhole(nested as Id, store);
    if (file === undefined) return undefined;
    files.push({ ...file, path: utf8Text(name), id: nested as Id });
  }
  return { recipe, known: true, newContent: NOTHING_NEW, files };
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
  options: KeepOptions,
  isLayer: boolean,
): Promise<Omit<KeptMember, 'known'> | undefined> {
  const { signal } = options;
  const files: KeptFile[] = [];
  // Files that are laid aside, whatever becomes of them.
  using laidAside = new DisposableStack();
  const bodies = (pushContent: (piece: Uint8Array) => void): BodyHandler =>
    createFileHandler(
      {
        openWrapped: (of) => laidAside.use(createWrappedMember(of, { sha256: false, directory: options.spoolDirectory })),
        wrapped: (path, fileId, file) =>
          writer.schedule(async () => {
            files.push(await keepFile(path, fileId, file, store, options));
            file[Symbol.dispose]();
          }, true),
      },
      pushContent,
    );
  const stream = createStreamRecipe(writer, { sha256: false, ...(isLayer && { bodies }) });
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
  return (await isSame(recipe, plain, store, signal)) ? { recipe, newContent, files } : undefined;
}

function pays(reconstructionBytes: number, bytes: number): boolean {
  const most = Math.max(RECONSTRUCTION_BYTES_FREE, bytes * RECONSTRUCTION_SHARE);
  return reconstructionBytes <= Math.min(most, RECONSTRUCTION_BYTES_MAX);
}

/** Whether the recipe really gives the stream back. */
async function isSame(recipe: Recipe, plain: TakenApart, store: Store, signal: AbortSignal | undefined): Promise<boolean> {
  const load = async (id: Id): Promise<Recipe> => {
    const found = equalBytes(id, plain.recipe.id) ? plain.recipe : await findRecipe(id, store);
    if (found === undefined) throw new TransferError('INTEGRITY', `recipe ${hex(id)} is not in the store`);
    return found;
  };
  try {
    // The stream's id is compared before its last piece is given out.
    for await (const _ of rebuildStream(recipe, store, load, { signal }));
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
  const { recipe, newContent } = await writeStream(abortable(spool.read(), signal), writer);
  return { recipe, newContent, files: [] };
}

async function* abortable(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of pieces) {
    signal?.throwIfAborted();
    yield piece;
  }
}
