/** Rebuilds a stream from its recipe: skeleton from the recipe, content from the store, nested streams from their own recipes. */
import { concatBytes, equalBytes, releaseBuffers } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { createIdHasher, hex, type Id } from '../hash.ts';
import { createIdIndex } from '../id-index.ts';
import { RECIPE_DEPTH_MAX } from '../limits.ts';
import type { Store } from '../store/port.ts';
import { BLOCK_BYTES, encodeHeader } from '../tar/header.ts';
import { putTogether } from '../wrapped/method.ts';
import { BATCH_CHUNKS } from './contents.ts';
import { BODY_INLINE, BODY_NESTED, BODY_NONE, type ChunkRef, type Recipe, type Row, type WrapMethod } from './recipe.ts';
import { paddingBytes } from './table.ts';
import { plainOf, reconstructionOf } from './wrapped.ts';

export interface RebuildOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a rebuild reads from. */
interface Sources {
  readonly store: Pick<Store, 'getMany'>;
  readonly loadRecipe: (id: Id) => Promise<Recipe>;
  /** Streams that the one being rebuilt is nested in. */
  readonly depth: number;
}

/** Bytes of one piece of the rebuilt stream; the last may be shorter. */
const PIECE_BYTES = 256 * 1024;
/** Stream bytes that are looked up together. Two batches are in memory: one being fetched, one being given out. */
const BATCH_BYTES = 2 * 1024 * 1024;
/** Of small files a part is their skeleton, the next one their content. */
const BATCH_PARTS = 2 * BATCH_CHUNKS;

/** Skeleton that is gathered in one buffer. */
const SLAB_BYTES = 64 * 1024;

/** Bytes of the skeleton, or content to be fetched. */
type Part = Uint8Array | ChunkRef;

/** Parts with their content, in order. */
interface Batch {
  readonly parts: readonly Uint8Array[];
  /** Those of them that the store gave, for this batch alone: given back when the next one is asked for. */
  readonly contents: readonly Uint8Array[];
}

/** A row's body that is another stream. */
interface NestedBody {
  readonly nested: Id;
  readonly bodyBytes: number;
}

/**
 * The stream that `recipe` describes, in pieces of 256 KiB that belong to the caller. The last piece is given out only after the
 * BLAKE3 of the whole was found right.
 * @param loadRecipe gives the recipe of a nested stream.
 * @throws TransferError INTEGRITY when content is missing or damaged, or the result is not the stream that `recipe.id` names.
 */
export async function* rebuildStream(
  recipe: Recipe,
  store: Pick<Store, 'getMany'>,
  loadRecipe: (id: Id) => Promise<Recipe>,
  { signal }: RebuildOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = createIdHasher();
  let left = recipe.bytes;
  let piece = new Uint8Array(Math.min(PIECE_BYTES, left));
  let filled = 0;
  const sources = { store, loadRecipe, depth: 0 };
  for await (const batch of recipe.wrapped === undefined ? fetchedBatches(recipe, sources) : wrappedBatches(recipe, sources)) {
    signal?.throwIfAborted();
    for (const bytes of batch.parts) {
      for (let at = 0; at < bytes.byteLength;) {
        if (filled === piece.byteLength) {
          if (left === 0) throw new TransferError('INTEGRITY', `the stream ${hex(recipe.id)} is longer than its recipe says`);
          yield piece;
          signal?.throwIfAborted();
          piece = new Uint8Array(Math.min(PIECE_BYTES, left));
          filled = 0;
        }
        const room = piece.byteLength - filled;
        const part = at === 0 && bytes.byteLength <= room ? bytes : bytes.subarray(at, at + room);
        piece.set(part, filled);
        filled += part.byteLength;
        at += part.byteLength;
        left -= part.byteLength;
        if (filled === piece.byteLength) hasher.update(piece);
      }
    }
  }
  if (left > 0 || !equalBytes(hasher.digest(), recipe.id)) {
    throw new TransferError('INTEGRITY', `the rebuilt stream is not ${hex(recipe.id)}`);
  }
  if (filled > 0) yield piece;
}

/** Skeleton and content in order; while one batch is given out, the next is being fetched. */
async function* fetchedBatches(recipe: Recipe, sources: Sources): AsyncGenerator<Batch, void, undefined> {
  let ahead: Promise<Batch> | undefined;
  for await (const parts of batchesOf(recipe, sources)) {
    const fetched = fetchContents(parts, sources.store);
    // Heard when its turn comes, if it ever does.
    fetched.catch(() => undefined);
    if (ahead) yield* lent(await ahead);
    ahead = fetched;
  }
  if (ahead) yield* lent(await ahead);
}

function* lent(batch: Batch): Generator<Batch, void, undefined> {
  yield batch;
  releaseBuffers(batch.contents);
}

/** The parts of `recipe` and of what is nested in it, in batches of about `BATCH_BYTES`. */
async function* batchesOf(recipe: Recipe, sources: Sources): AsyncGenerator<readonly Part[], void, undefined> {
  const open = [partsOf(recipe)];
  let batch: Part[] = [];
  let bytes = 0;
  for (let innermost = open.at(-1); innermost; innermost = open.at(-1)) {
    const { value: part, done } = innermost.next();
    if (done === true) {
      open.pop();
    } else if ('nested' in part) {
      const inside = { ...sources, depth: sources.depth + open.length };
      const nested = await loadNested(part, inside);
      if (nested.wrapped === undefined) open.push(partsOf(nested));
      else {
        // What comes before it first; its bytes are there already, and need no batch to be fetched together.
        yield batch;
        for await (const { parts } of wrappedBatches(nested, inside)) yield parts;
        batch = [];
        bytes = 0;
      }
    } else {
      batch.push(part);
      bytes += part.length;
      if (bytes < BATCH_BYTES && batch.length < BATCH_PARTS) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** A wrapped stream, put together from its plain one. */
async function* wrappedBatches(recipe: Recipe, sources: Sources): AsyncGenerator<Batch, void, undefined> {
  const { parts: reconstruction } = await fetchContents(reconstructionOf(recipe), sources.store);
  const plain = plainOf(recipe);
  const inside = { ...sources, depth: sources.depth + 1 };
  const plainRecipe = plain && (await loadNested({ nested: plain.id, bodyBytes: plain.bytes }, inside));
  if (plainRecipe?.wrapped !== undefined) throw new TransferError('INTEGRITY', `the plain stream of ${hex(recipe.id)} is itself wrapped`);
  for await (const piece of putTogether(recipe.wrapped as WrapMethod, concatBytes(reconstruction), plainPieces(plainRecipe, inside))) {
    yield { parts: [piece], contents: [] };
  }
}

async function* plainPieces(recipe: Recipe | undefined, sources: Sources): AsyncGenerator<Uint8Array, void, undefined> {
  if (recipe !== undefined) for await (const batch of fetchedBatches(recipe, sources)) yield* batch.parts;
}

/** @throws TransferError LIMIT_EXCEEDED, INTEGRITY */
async function loadNested({ nested, bodyBytes }: NestedBody, { loadRecipe, depth }: Sources): Promise<Recipe> {
  if (depth > RECIPE_DEPTH_MAX) throw new TransferError('LIMIT_EXCEEDED', `streams are nested more than ${RECIPE_DEPTH_MAX} deep`);
  const recipe = await loadRecipe(nested);
  // Equal lengths also rule out a stream that contains itself.
  if (recipe.bytes === bodyBytes && equalBytes(recipe.id, nested)) return recipe;
  throw new TransferError('INTEGRITY', `the recipe of ${hex(nested)} is of another stream`);
}

/** `parts` with the content of each chunk in its place; a chunk is fetched once. */
async function fetchContents(parts: readonly Part[], store: Sources['store']): Promise<Batch> {
  const ids: Id[] = [];
  const positions = createIdIndex(parts.length, (position) => ids[position] as Id);
  const order = parts.map((part) => {
    if (part instanceof Uint8Array) return -1;
    const known = positions.find(part.id);
    if (known !== undefined) return known;
    positions.add(part.id, ids.length);
    return ids.push(part.id) - 1;
  });
  const contents = ids.length === 0 ? [] : await store.getMany('chunk', ids);
  const inPlace = parts.map((part, index) => {
    if (part instanceof Uint8Array) return part;
    const content = contents[order[index] as number];
    if (content?.byteLength !== part.length) throw new TransferError('INTEGRITY', `chunk ${hex(part.id)} has not ${part.length} bytes`);
    return content;
  });
  return { parts: inPlace, contents };
}

/** Header, body and padding of each row, then the tail. What of the skeleton stands together is one part. */
function* partsOf(recipe: Recipe): Generator<Part | NestedBody, void, undefined> {
  let slab = new Uint8Array(SLAB_BYTES);
  let start = 0;
  let end = 0;
  for (let index = 0; index < recipe.rowCount; index++) {
    // Room for a header and a padding.
    if (end + 2 * BLOCK_BYTES > SLAB_BYTES) {
      if (end > start) yield slab.subarray(start, end);
      slab = new Uint8Array(SLAB_BYTES);
      start = 0;
      end = 0;
    }
    const row = recipe.row(index);
    const { body, padding } = row;
    writeHeader(recipe, row, slab, end);
    end += BLOCK_BYTES;
    if (body !== BODY_NONE) {
      yield slab.subarray(start, end);
      start = end;
      if (body === BODY_INLINE) yield row.inline as Uint8Array;
      else if (body === BODY_NESTED) yield { nested: row.nested as Id, bodyBytes: row.bodyBytes };
      else for (const chunk of recipe.chunksOf(index)) yield chunk;
    }
    if (padding) slab.set(padding, end);
    end += paddingBytes(row);
  }
  if (end > start) yield slab.subarray(start, end);
  for (let left = recipe.zeroTail; left > 0; left -= zeros.byteLength) yield zeros.subarray(0, left);
  yield* recipe.tail;
}

const zeros: Uint8Array = new Uint8Array(64 * 1024);

function writeHeader(recipe: Recipe, row: Row, out: Uint8Array, at: number): void {
  const { template, literal } = row;
  if (literal) out.set(literal, at);
  else encodeHeader(recipe.templates[template ?? 0] as Uint8Array, row, out, at);
}
