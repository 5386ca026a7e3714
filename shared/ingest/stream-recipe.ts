/** Takes one stream apart while it passes: its recipe, its content into the store, its digests. */
import { createIdHasher, createSha256 } from '../hash.ts';
import { RECIPE_BYTES_MAX, RECIPE_ROWS_MAX, RECIPE_TEMPLATES_MAX, TAR_INLINE_BYTES_MAX } from '../limits.ts';
import type { Recipe, Row } from '../recipe/recipe.ts';
import { createRecipeTable } from '../recipe/table.ts';
import { BLOCK_BYTES } from '../tar/header.ts';
import { createTarWalk, type TarHandler } from '../tar/walk.ts';
import type { ContentWriter } from './content-writer.ts';

/** How much of something was new to the store. */
export interface NewContent {
  readonly chunks: number;
  readonly bytes: number;
}

/** Counts one more chunk that was. */
export function countNew(content: { chunks: number; bytes: number }, bytes: number): void {
  content.chunks++;
  content.bytes += bytes;
}

/** A stream that has passed. */
export interface TakenApart {
  readonly recipe: Recipe;
  /** Content of this stream that the store did not have; complete when the store has caught up (`ContentWriter.schedule`). */
  readonly newContent: NewContent;
  /** SHA-256 of the stream, where it was asked for. */
  readonly sha256: Uint8Array | undefined;
  readonly isTruncated: boolean;
}

export interface StreamRecipe {
  write(bytes: Uint8Array): void;
  /** The stream ends; the object must not be used again. */
  end(): TakenApart;
}

/** What the maker of a stream may want to treat differently. Without them, bodies are content. */
export interface BodyHandler {
  bodyStart: TarHandler['bodyStart'];
  /** Every piece of every body, to be pushed as content or otherwise kept track of. */
  body(piece: Uint8Array): void;
  /** The row to keep. */
  row(row: Row, typeflag: number): Row;
}

export interface StreamRecipeOptions {
  readonly sha256: boolean;
  readonly bodies?: (pushContent: (piece: Uint8Array) => void) => BodyHandler;
}

/** Bytes that are walked between two looks at the room that is left. */
const SLICE_BYTES = 256 * 1024;

/** Writes a piece of a stream while `writer` takes turns. */
export async function writePieces(piece: Uint8Array, stream: StreamRecipe, writer: ContentWriter): Promise<void> {
  for (let at = 0; at < piece.byteLength; at += SLICE_BYTES) {
    // A slice may set free the block that was held back to see whether it is a header.
    if (writer.isDue || writer.free < SLICE_BYTES + BLOCK_BYTES) await writer.turn();
    stream.write(piece.subarray(at, at + SLICE_BYTES));
  }
}

/** The recipe of a whole stream whose content is the only thing that `writer` writes; the store has all of it then. */
export async function writeStream(pieces: AsyncIterable<Uint8Array>, writer: ContentWriter): Promise<TakenApart> {
  const stream = createStreamRecipe(writer, { sha256: false });
  for await (const piece of pieces) await writePieces(piece, stream, writer);
  const made = stream.end();
  await writer.finish();
  return made;
}

/** Skeleton that a single row can add. */
const ROW_SKELETON_BYTES_MAX = TAR_INLINE_BYTES_MAX + 2048;

export function createStreamRecipe(writer: ContentWriter, options: StreamRecipeOptions): StreamRecipe {
  const table = createRecipeTable();
  const newContent = { chunks: 0, bytes: 0 };
  const idHasher = createIdHasher();
  const sha256 = options.sha256 ? createSha256() : undefined;
  const sink = {
    onChunk: (id: Uint8Array, bytes: number) => table.pushChunk(id, bytes),
    onNewChunk: (_id: Uint8Array, bytes: number) => countNew(newContent, bytes),
  };
  const pushContent = (piece: Uint8Array): void => writer.push(piece, sink);
  const bodies = options.bodies?.(pushContent);
  const walk = createTarWalk({
    template: (bytes) => (table.templateCount < RECIPE_TEMPLATES_MAX ? table.template(bytes) : undefined),
    acceptsRow: () => table.rowCount < RECIPE_ROWS_MAX && table.skeletonBytes + ROW_SKELETON_BYTES_MAX < RECIPE_BYTES_MAX,
    bodyStart: (header, bytes) => bodies?.bodyStart(header, bytes),
    body: bodies === undefined ? pushContent : (piece) => bodies.body(piece),
    row: (row, typeflag) => {
      const kept = bodies?.row(row, typeflag) ?? row;
      writer.end();
      table.append(kept);
    },
    tail: pushContent,
  });
  return {
    write(bytes) {
      idHasher.update(bytes);
      sha256?.update(bytes);
      walk.write(bytes);
    },
    end() {
      const { zeroTail, isTruncated } = walk.end();
      writer.end();
      table.setZeroTail(zeroTail);
      return { recipe: table.finish(idHasher.digest()), newContent, sha256: sha256?.digest(), isTruncated };
    },
  };
}
