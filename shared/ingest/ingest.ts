/**
 * Reads an archive once, from its first byte to its last, and leaves it in the store: contents as chunks, and a recipe for each layer
 * and for the archive itself. No more than a few MB of it are in memory at a time, besides the recipes. A compressed layer is laid aside in a
 * temporary file and taken apart while the next one is read.
 */
import type { Id } from '../hash.ts';
import { encodeRecipe } from '../recipe/encode.ts';
import type { Recipe, WrapMethod } from '../recipe/recipe.ts';
import type { Store } from '../store/port.ts';
import { createContentWriter, type ContentWriter } from './content-writer.ts';
import { createMemberHandler, type ArchiveFile, type ArchiveLink } from './members.ts';
import { createStreamRecipe, writePieces, type StreamRecipe, type TakenApart } from './stream-recipe.ts';
import { createWrappedMember, type WrappedMember } from './wrapped-member.ts';
import { keepWrapped } from './wrapped-stream.ts';

/** A layer, or the archive, that is in the store now. */
export interface IngestedStream {
  /** Name of the member in the archive; empty for the archive itself. */
  readonly path: string;
  readonly recipe: Recipe;
  /** BLAKE3 of the stream's bytes, as in `recipe`. */
  readonly id: Id;
  readonly bytes: number;
  /** The store had this stream's recipe before. */
  readonly known: boolean;
  /** Chunks that the store did not have, each counted with the stream that brought it first; and their bytes. */
  readonly newChunks: number;
  readonly newBytes: number;
  /** SHA-256 of the stream's bytes (a layer's diffID), where it was asked for. */
  readonly sha256: Uint8Array | undefined;
  /** Compressed, in a way that cannot be undone exactly: it is content as it is. */
  readonly isOpaque: boolean;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Also compute SHA-256 of layers and files: costs more than all the rest together. */
  readonly sha256?: boolean;
  /** Where compressed layers are laid aside until they are taken apart; by default in the system's directory for temporary files. */
  readonly spoolDirectory?: string | undefined;
  /** Bytes of the archive read so far. */
  readonly onProgress?: (bytes: number) => void;
  /**
   * A layer has passed and is in the store. Called in archive order, for the archive itself last; what it returns is awaited
   * before the store gets more.
   */
  readonly onStream?: (stream: IngestedStream) => void | Promise<void>;
  readonly onFile?: (file: ArchiveFile) => void;
  readonly onLink?: (link: ArchiveLink) => void;
}

export interface IngestResult {
  readonly archive: IngestedStream;
  /** The input begins with a tar header. If not, the archive's recipe is nothing but content. */
  readonly isTar: boolean;
  /** The input ended inside a member, or inside a header. */
  readonly isTruncated: boolean;
}

/**
 * @param source pieces of the archive; each is used up before the next is asked for.
 * @throws what source, store and callbacks throw; TransferError LIMIT_EXCEEDED for more than `RECIPE_CHUNKS_MAX` chunks in one stream.
 */
export async function ingestStream(source: AsyncIterable<Uint8Array>, store: Store, options: IngestOptions = {}): Promise<IngestResult> {
  const writer = createContentWriter(store);
  const sha256 = options.sha256 ?? false;
  // Members that are laid aside, whatever becomes of them.
  using laidAside = new DisposableStack();
  const finished = (path: string, stream: TakenApart, onEnd?: (ingested: IngestedStream) => void): void =>
    writer.schedule(async () => {
      const ingested = await keepRecipe(path, stream, store);
      await options.onStream?.(ingested);
      onEnd?.(ingested);
    });
  const events = {
    openStream: () => createStreamRecipe(writer, { sha256 }),
    stream: finished,
    openWrapped: (method: WrapMethod) => laidAside.use(createWrappedMember(method, { sha256, directory: options.spoolDirectory })),
    wrapped: (path: string, id: Id, member: WrappedMember) =>
      writer.schedule(async () => {
        const { recipe, known, newContent } = await keepWrapped(id, member, store, options.signal);
        const isOpaque = recipe.wrapped === undefined;
        const ingested = {
          path,
          recipe,
          id,
          bytes: recipe.bytes,
          known,
          newChunks: newContent.chunks,
          newBytes: newContent.bytes,
          isOpaque,
        };
        await options.onStream?.({ ...ingested, sha256: member.sha256 });
        member[Symbol.dispose]();
      }, true),
    file: (file: ArchiveFile) => writer.schedule(() => options.onFile?.(file)),
    link: (link: ArchiveLink) => writer.schedule(() => options.onLink?.(link)),
  };
  const archive = createStreamRecipe(writer, { sha256, bodies: (pushContent) => createMemberHandler(events, sha256, pushContent) });
  try {
    await pour(source, archive, writer, options);
    const end = archive.end();
    const { promise, resolve } = Promise.withResolvers<IngestedStream>();
    finished('', end, resolve);
    await writer.finish();
    return { archive: await promise, isTar: end.recipe.rowCount > 0, isTruncated: end.isTruncated };
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

async function pour(
  source: AsyncIterable<Uint8Array>,
  archive: StreamRecipe,
  writer: ContentWriter,
  options: IngestOptions,
): Promise<void> {
  let bytes = 0;
  for await (const piece of source) {
    options.signal?.throwIfAborted();
    await writePieces(piece, archive, writer);
    bytes += piece.byteLength;
    options.onProgress?.(bytes);
  }
}

async function keepRecipe(path: string, { recipe, newContent, sha256 }: TakenApart, store: Store): Promise<IngestedStream> {
  const { id, bytes } = recipe;
  const [known = false] = await store.hasMany('recipe', [id]);
  if (!known) await store.put([{ kind: 'recipe', key: id, bytes: encodeRecipe(recipe) }]);
  return { path, recipe, id, bytes, known, newChunks: newContent.chunks, newBytes: newContent.bytes, sha256, isOpaque: false };
}
