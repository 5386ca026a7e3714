/** Archives through a store and back. */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id } from '../../shared/hash.ts';
import type { ArchiveFile, ArchiveLink } from '../../shared/ingest/members.ts';
import { ingestStream, type IngestedStream, type IngestOptions, type IngestResult } from '../../shared/ingest/ingest.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { collect } from './tar.ts';

export interface Ingested {
  readonly store: Store;
  readonly result: IngestResult;
  /** Everything that was reported, in order. */
  readonly streams: IngestedStream[];
  readonly files: ArchiveFile[];
  readonly links: ArchiveLink[];
}

/** `bytes` in pieces of these lengths in turn, each overwritten when the next is asked for. */
export async function* inPieces(bytes: Uint8Array, lengths: readonly number[] = [64 * 1024]): AsyncGenerator<Uint8Array, void> {
  for (let at = 0, index = 0; at < bytes.byteLength; index++) {
    const piece = bytes.slice(at, at + Math.max(1, lengths[index % lengths.length] ?? 1));
    at += piece.byteLength;
    yield piece;
    piece.fill(0xee);
  }
}

export async function ingest(
  source: Uint8Array | AsyncIterable<Uint8Array>,
  store: Store = createMemoryStore(),
  options: IngestOptions = {},
): Promise<Ingested> {
  const streams: IngestedStream[] = [];
  const files: ArchiveFile[] = [];
  const links: ArchiveLink[] = [];
  const result = await ingestStream(source instanceof Uint8Array ? inPieces(source) : source, store, {
    onStream: (stream) => void streams.push(stream),
    onFile: (file) => void files.push(file),
    onLink: (link) => void links.push(link),
    ...options,
  });
  return { store, result, streams, files, links };
}

export async function loadRecipe(store: Store, id: Id): Promise<Recipe> {
  const bytes = await store.get('recipe', id);
  if (bytes === undefined) throw new TransferError('INTEGRITY', `no recipe for ${hex(id)}`);
  return decodeRecipe(bytes);
}

/** The stream as the store gives it back, from nothing but its id. */
export async function restore(store: Store, id: Id): Promise<Uint8Array> {
  return collect(rebuildStream(await loadRecipe(store, id), store, (nested) => loadRecipe(store, nested)));
}
