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
import { createFileHandler } from './compressed-files.ts';
import { createMemberHandler, type ArchiveFile, type ArchiveLink } from './members.ts';
import { createStreamRecipe, writePieces, type StreamRecipe, type TakenApart } from './stream-recipe.ts';
import { createWrappedMember, type WrappedMember } from './wrapped-member.ts';
import { keepFile, keepWrapped, type KeptFile } from './wrapped-stream.ts';

/** A layer, a large compressed file in one, or the archive, that is in the store now. */
export interface IngestedStream {
  /** Name of the member in the archive, or of the file in its layer; empty for the archive itself. */
  readonly path: string;
  /** A compressed file of the next layer that is told of. */
  readonly isFile: boolean;
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
   * A layer has passed and is in the store. Called in archive order, for the files of a layer before it, for the archive itself last; what it
   * returns is awaited before the store gets more.
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
  const openWrapped = (method: WrapMethod): WrappedMember =>
    laidAside.use(createWrappedMember(method, { sha256, directory: options.spoolDirectory }));
  const keeping = { signal: options.signal, spoolDirectory: options.spoolDirectory };
  /** Long, so it is begun with before a room is full. */
  const keep = (member: WrappedMember, work: () => Promise<void>): void =>
    writer.schedule(async () => {
      await work();
      member[Symbol.dispose]();
    }, true);
  const fileEvents = {
    openWrapped,
    wrapped: (path: string, id: Id, file: WrappedMember) =>
      keep(file, async () => options.onStream?.(keptFile(await keepFile(path, id, file, store, keeping), file.sha256))),
  };
  const events = {
    openStream: () => createStreamRecipe(writer, { sha256, bodies: (pushContent) => createFileHandler(fileEvents, pushContent) }),
    stream: finished,
    openWrapped,
    wrapped: (path: string, id: Id, member: WrappedMember) =>
      keep(member, async () => {
        const { files, ...kept } = await keepWrapped(id, member, store, keeping);
        for (const file of files) await options.onStream?.(keptFile(file));
        await options.onStream?.({ ...keptFile({ path, id, ...kept }, member.sha256), isFile: false });
      }),
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
  return { path, isFile: false, recipe, id, bytes, known, newChunks: newContent.chunks, newBytes: newContent.bytes, sha256, isOpaque: false }; // prettier-ignore
}

function keptFile({ path, id, recipe, known, newContent }: KeptFile, sha256?: Uint8Array): IngestedStream {
  const isOpaque = recipe.wrapped === undefined;
  return { path, isFile: true, recipe, id, bytes: recipe.bytes, known, newChunks: newContent.chunks, newBytes: newContent.bytes, sha256, isOpaque }; // prettier-ignore
}
