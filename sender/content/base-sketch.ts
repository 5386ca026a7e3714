/** What a recipe is about, in short: enough to tell which others it is worth being written against. */
import { latin1 } from '../../shared/recipe/difference/entry.ts';
import { createBlanker, nameOf } from '../../shared/recipe/difference/likeness.ts';
import { extensionOf, normalPath } from '../../shared/recipe/difference/path.ts';
import type { Recipe, Row } from '../../shared/recipe/recipe.ts';

/** Blanked names and contents of a recipe. */
export type Sketch = ReadonlySet<string>;

/** Bytes of a chunk id that tell it from another here, where a mistake only makes a worse choice. */
const SKETCH_BYTES = 6;

export function sketchOf(recipe: Recipe): Sketch {
  const sketch = new Set<string>();
  const nameKey = createNamer();
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    sketch.add(nameKey(row));
    for (const { id } of row.chunks) sketch.add(chunkKey(id));
  }
  for (const { id } of recipe.tail) sketch.add(chunkKey(id));
  return sketch;
}

/** Which part of what is wanted is in a sketch, 0 to 1. */
export function sharedShare(wanted: Sketch, offered: Sketch): number {
  if (wanted.size === 0) return 0;
  let shared = 0;
  for (const item of offered) if (wanted.has(item)) shared++;
  return shared / wanted.size;
}

/** A file that no base chosen so far knows, by name or by a part of its content. */
export interface Stranger {
  readonly name: string;
  readonly chunks: readonly string[];
  readonly bytes: number;
  /** What files of other names may have in common with it: the last component of its name, blanked, its extension, or nothing but to be one. */
  readonly kinds: readonly string[];
}

/** Enough to choose by: of more only the first are looked at. */
const STRANGERS_MAX = 20_000;

export function strangersIn(recipe: Recipe, known: readonly Sketch[]): Stranger[] {
  const strangers: Stranger[] = [];
  const nameKey = createNamer();
  const isKnown = (key: string): boolean => known.some((sketch) => sketch.has(key));
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    if (row.chunks.length === 0) continue;
    const name = nameKey(row);
    const chunks = row.chunks.map(({ id }) => chunkKey(id));
    if (isKnown(name) || chunks.some((chunk) => isKnown(chunk))) continue;
    if (strangers.push({ name, chunks, bytes: row.bodyBytes, kinds: kindsOf(name) }) === STRANGERS_MAX) break;
  }
  return strangers;
}

export function isKnownTo({ name, chunks }: Stranger, sketch: Sketch): boolean {
  return sketch.has(name) || chunks.some((chunk) => sketch.has(chunk));
}

/** Bytes of the strangers of a kind that a recipe has files of, too. */
export function kindredBytes(strangers: readonly Stranger[], recipe: Recipe): number {
  const kinds = new Set<string>();
  const nameKey = createNamer();
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    if (row.chunks.length > 0) for (const kind of kindsOf(nameKey(row))) kinds.add(kind);
  }
  return strangers.reduce((sum, { kinds: its, bytes }) => sum + bytes * its.filter((kind) => kinds.has(kind)).length, 0);
}

/** Names of rows, blanked. */
function createNamer(): (row: Row) => string {
  const blank = createBlanker();
  return ({ name }) => blank(normalPath(latin1(name)));
}

function chunkKey(id: Uint8Array): string {
  return latin1(id.subarray(0, SKETCH_BYTES));
}

function kindsOf(name: string): string[] {
  return [nameOf(name), `extension ${extensionOf(name)}`, 'a file'];
}
