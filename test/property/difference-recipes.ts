/** Random recipes like those of real layers, and what happens to layers: rebuilt, changed, renamed, reordered, merged. */
import { hashBytes, type Id } from '../../shared/hash.ts';
import { recordText } from '../../shared/recipe/difference/pax.ts';
import { BODY_CHUNKS, BODY_INLINE, BODY_NESTED, BODY_NONE, type ChunkRef, type Recipe, type Row } from '../../shared/recipe/recipe.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';
import { TEMPLATE_BYTES, TYPEFLAG_AT } from '../../shared/tar/header.ts';
import { recipeId } from '../support/recipe-arbitrary.ts';

/** Numbers from 0 up to, not including, the argument: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
export type Random = (below: number) => number;

export function createRandom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b9) | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** A file of a layer, before a writer makes rows of it. */
export interface File {
  readonly path: string;
  readonly type: '0' | '1' | '2' | '5';
  readonly mode: number;
  readonly uid: number;
  readonly mtime: number;
  readonly link: string;
  readonly chunks: readonly ChunkRef[];
  readonly nested: boolean;
}

const DIRECTORIES = [
  'usr/',
  'usr/lib/',
  'app/node_modules/left-pad/',
  'app/node_modules/@scope/package/dist/',
  `deep/${'directory/'.repeat(11)}`,
];
const EXTENSIONS = ['', '.js', '.js.map', '.d.ts', '.so.1'];

export function randomFiles(random: Random, count: number): File[] {
  const files = new Map<string, File>();
  for (let index = 0; index < count; index++) {
    const directory = DIRECTORIES[random(DIRECTORIES.length)] ?? '';
    const type = (['0', '0', '0', '0', '5', '2', '1'] as const)[random(7)] ?? '0';
    const name = `${['lib', 'Index', 'é', 'chunk-'][random(4)]}${random(200)}${EXTENSIONS[random(EXTENSIONS.length)]}`;
    const path = `${directory}${name}${type === '5' ? '/' : ''}`;
    files.set(path, {
      path,
      type,
      mode: [0o644, 0o755, 0o600][random(3)] ?? 0,
      uid: random(10) === 0 ? random(70_000) : 0,
      mtime: 1_700_000_000 + random(20),
      link: type === '1' || type === '2' ? `${directory}target${random(9)}`.slice(0, 100) : '',
      chunks: type === '0' ? randomChunks(random) : [],
      nested: false,
    });
  }
  return [...files.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function randomChunks(random: Random): ChunkRef[] {
  return Array.from({ length: [0, 1, 1, 1, 1, 2, 9][random(7)] ?? 1 }, () => randomChunk(random));
}

function randomChunk(random: Random): ChunkRef {
  const seed = random(10) === 0 ? random(5) : random(2 ** 30);
  const id = hashBytes(new Uint8Array(new Uint32Array([seed]).buffer));
  return { id, length: 1 + ((seed * 7919) % 131_072) };
}

/** One thing that may happen to files between two images. */
export function changedFiles(random: Random, files: readonly File[]): File[] {
  const some = random(10);
  switch (random(8)) {
    case 0:
      return files.map((file) => ({ ...file, mtime: 1_710_000_000 + random(3) }));
    case 1:
      return files.filter(() => random(10) > some);
    case 2:
      return files.map((file) => (random(10) > some && file.type === '0' ? { ...file, chunks: changedChunks(random, file.chunks) } : file));
    case 3:
      return files.map((file) => ({ ...file, path: file.path.replace(/^app\//, 'srv/app2/') }));
    case 4:
      return files.map((file) => ({ ...file, path: `./${file.path}` }));
    case 5:
      return [...files, ...randomFiles(random, 20)];
    case 6:
      return files.toSorted(() => random(3) - 1);
    default:
      return files.map((file) =>
        random(10) > some ? { ...file, mode: 0o640, uid: 7, nested: file.type === '0' && random(4) === 0 } : file,
      );
  }
}

function changedChunks(random: Random, chunks: readonly ChunkRef[]): ChunkRef[] {
  const at = random(chunks.length + 1);
  return [...chunks.slice(0, at), randomChunk(random), ...chunks.slice(at + random(2))];
}

/** How a writer tells paths that are too long, and what else it puts before a header. */
export type Style = 'gnu' | 'go' | 'long' | 'times';
export const STYLES: readonly Style[] = ['gnu', 'go', 'long', 'times'];

const NONE = { literal: undefined, padding: undefined, inline: undefined, chunks: [], nested: undefined } as const;
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

export function recipeOf(files: readonly File[], style: Style, random: Random = createRandom(1)): Recipe {
  const table = createRecipeTable();
  const template = (type: string): number => {
    const block = new Uint8Array(TEMPLATE_BYTES);
    block.set(bytes(`ustar\0${STYLES.indexOf(style)}0`), 257);
    block[TYPEFLAG_AT] = type.charCodeAt(0);
    return table.template(block);
  };
  for (const file of files) {
    for (const header of extensionsOf(file, style, random)) table.append({ ...header, template: template(header.type) });
    const isLong = file.path.length > 100;
    const { bodyBytes, ...body } = bodyOf(file);
    table.append({
      ...NONE,
      ...body,
      bodyBytes,
      size: bodyBytes,
      template: template(file.type),
      name: bytes(isLong ? file.path.slice(0, 100) : file.path),
      link: bytes(file.link),
      mode: file.mode,
      uid: file.uid,
      gid: file.uid,
      mtime: file.mtime,
    });
  }
  table.setZeroTail(1024);
  return table.finish(recipeId);
}

function bodyOf({ chunks, nested }: File): Pick<Row, 'body' | 'bodyBytes' | 'chunks' | 'nested'> {
  const bodyBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  if (bodyBytes === 0) return { body: BODY_NONE, bodyBytes, chunks: [], nested: undefined };
  if (nested) return { body: BODY_NESTED, bodyBytes, chunks: [], nested: nestedId(bodyBytes) };
  return { body: BODY_CHUNKS, bodyBytes, chunks, nested: undefined };
}

function nestedId(seed: number): Id {
  return hashBytes(bytes(`stream ${seed % 5}`));
}

/** Streams of which some are nested in recipes that `recipeOf` makes. */
export const streams: readonly Id[] = [4, 2, 0].map(nestedId);

type Extension = Omit<Row, 'template'> & { readonly type: string };

function extensionsOf(file: File, style: Style, random: Random): Extension[] {
  const { path, mtime } = file;
  const fraction = `.${random(1_000_000_000)}`;
  const times = style === 'times' ? [{ key: 'mtime', value: `${mtime}${fraction}` }] : [];
  const paths = path.length > 100 ? [{ key: 'path', value: path }] : [];
  if (style === 'long') return path.length > 100 ? [extension('L', '././@LongLink', 0, `${path}\0`)] : [];
  const records = [...paths, ...times];
  if (records.length === 0) return [];
  const token = style === 'go' ? 'PaxHeaders.0' : 'PaxHeaders';
  const slash = path.lastIndexOf('/', path.length - 2) + 1;
  const name = `${path.slice(0, slash) || './'}${token}/${path.slice(slash).replace(/\/$/, '')}`.slice(0, 100);
  return [extension('x', name, style === 'go' ? 0 : mtime, records.map(recordText).join(''))];
}

function extension(type: string, name: string, mtime: number, text: string): Extension {
  const inline = bytes(text);
  const size = inline.byteLength;
  return {
    ...NONE,
    type,
    name: bytes(name),
    link: bytes(''),
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime,
    size,
    body: BODY_INLINE,
    bodyBytes: size,
    inline,
  };
}
