/** A whole archive in the store: its members by name, read through its recipe. Both agents look at archives through this. */
import { posix } from 'node:path';
import { concatBytes, utf8Text } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { hex, type Id } from '../hash.ts';
import { IMAGE_JSON_BYTES_MAX } from '../limits.ts';
import { decodeRecipe, isNestingAtRest, takeRecipe } from '../recipe/decode.ts';
import { rebuildStream } from '../recipe/rebuild.ts';
import { plainOf } from '../recipe/wrapped.ts';
import { BODY_CHUNKS, BODY_NESTED, type ChunkRef, type Recipe, type Row } from '../recipe/recipe.ts';
import type { Store } from '../store/port.ts';
import { createEntryPaths } from '../tar/entry-path.ts';
import { readArchiveIndex, type ArchiveIndex } from './archive-index.ts';

export interface ArchiveMember {
  readonly name: string;
  readonly bytes: number;
  /** The member's own stream where it is a layer, or another member that is compressed. */
  readonly stream: Id | undefined;
  readonly chunks: readonly ChunkRef[];
}

export interface StoredArchive {
  readonly recipe: Recipe;
  readonly index: ArchiveIndex;
  member(name: string): ArchiveMember | undefined;
  /** The member's bytes as a stream, verified chunk by chunk. */
  open(name: string, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** The whole archive. */
  openAll(signal?: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Type flags of POSIX ustar that make a member another name for one before it, at this offset of the header block. */
const TYPE_OFFSET = 156;
const HARD_LINK = 0x31;
const SYMLINK = 0x32;
const LINKS_FOLLOWED_MAX = 16;

/** The recipe of a stream in the store. @throws TransferError INTEGRITY when it is not there or damaged. */
export async function loadRecipe(store: Store, id: Id): Promise<Recipe> {
  const [bytes] = await store.getMany('recipe', [id]);
  const recipe = takeRecipe(bytes as Uint8Array);
  if (hex(recipe.id) !== hex(id)) throw new TransferError('INTEGRITY', `the recipe kept for stream ${hex(id)} is of another stream`);
  return recipe;
}

/** What the stream of a layer, or of a compressed file in one, leads to. */
export interface InnerStreams {
  /** Of its plain bytes, where it is wrapped. */
  readonly plain: Id | undefined;
  /** Of compressed files in it. */
  readonly files: readonly Id[];
}

/** A stream that is not there leads to nothing. @throws TransferError INTEGRITY where a recipe is damaged. */
export async function loadInner(store: Store, id: Id): Promise<InnerStreams> {
  const recipe = await loadNesting(store, id);
  const plain = recipe && plainOf(recipe)?.id;
  const rows = plain === undefined ? recipe : await loadNesting(store, plain);
  const files = rows === undefined || rows.wrapped !== undefined ? [] : rows.nestingRows.map((row) => rows.row(row).nested as Id);
  return { plain, files };
}

/** Undefined for a recipe that names no other stream, and need not be decoded to know that. */
async function loadNesting(store: Store, id: Id): Promise<Recipe | undefined> {
  const bytes = await store.get('recipe', id);
  return bytes !== undefined && isNestingAtRest(bytes) ? decodeRecipe(bytes) : undefined;
}

/** @throws TransferError ARCHIVE_INVALID where the stream is no image archive, or names what is not there. */
export async function openStoredArchive(recipe: Recipe, store: Store): Promise<StoredArchive> {
  const members = new Map<string, ArchiveMember>();
  const links = new Map<string, string>();
  const paths = createEntryPaths();
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    const type = (row.literal ?? recipe.templates[row.template ?? 0])?.[TYPE_OFFSET] ?? 0;
    const entry = paths.next(row, type);
    if (entry === undefined) continue;
    const name = memberName(entry.path);
    if (type === SYMLINK) links.set(name, posix.join(posix.dirname(name), utf8Text(entry.link)));
    else if (type === HARD_LINK) links.set(name, memberName(entry.link));
    else if (isFile(row)) members.set(name, { name, bytes: row.bodyBytes, stream: row.nested, chunks: row.chunks });
  }
  const resolve = (name: string): string | undefined => {
    let current = name;
    for (let i = 0; i < LINKS_FOLLOWED_MAX && !members.has(current); i++) {
      const target = links.get(current);
      if (target === undefined) return undefined;
      current = target;
    }
    return members.has(current) ? current : undefined;
  };
  const member = (name: string): ArchiveMember | undefined => members.get(resolve(name) ?? '');
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    const found = member(name);
    if (found === undefined) return undefined;
    if (found.bytes > IMAGE_JSON_BYTES_MAX)
      throw new TransferError('LIMIT_EXCEEDED', `${name} has ${found.bytes} bytes, the limit is ${IMAGE_JSON_BYTES_MAX}`);
    return concatBytes(
      await store.getMany(
        'chunk',
        found.chunks.map((chunk) => chunk.id),
      ),
    );
  };
  const load = (id: Id): Promise<Recipe> => loadRecipe(store, id);
  return {
    recipe,
    index: await readArchiveIndex(read, resolve),
    member,
    async *open(name, signal) {
      const found = member(name);
      if (found === undefined) throw new TransferError('ARCHIVE_INVALID', `the archive has no member ${name}`);
      if (found.stream !== undefined) yield* rebuildStream(await load(found.stream), store, load, { signal });
      else for (const chunk of found.chunks) yield* await store.getMany('chunk', [chunk.id]);
    },
    openAll: (signal) => rebuildStream(recipe, store, load, { signal }),
  };
}

function isFile(row: Row): boolean {
  return row.body === BODY_CHUNKS || row.body === BODY_NESTED || row.size === 0;
}

function memberName(bytes: Uint8Array): string {
  return utf8Text(bytes)
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/$/, '');
}
