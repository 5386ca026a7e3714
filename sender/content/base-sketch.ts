/** What a recipe is about, in short: enough to tell which others it is worth being written against. */
import { hashText } from '../../shared/recipe/difference/decision.ts';
import { latin1 } from '../../shared/recipe/difference/entry.ts';
import { createBlanker, nameOf } from '../../shared/recipe/difference/likeness.ts';
import { extensionOf, normalPath } from '../../shared/recipe/difference/path.ts';
import type { Recipe, Row } from '../../shared/recipe/recipe.ts';

/** Blanked names and contents of a recipe, each as a number, ascending: one is kept for every stream of a session. */
export type Sketch = Float64Array;

/** Bytes of a chunk id that tell it from another here, where a mistake only makes a worse choice; hashes of names lie behind them. */
const SKETCH_BYTES = 6;
const NAMES_FROM = 2 ** (8 * SKETCH_BYTES);

const sketches = new WeakMap<Recipe, Sketch>();

/** Made when it is first asked for, and kept as long as the recipe. */
export function sketchOf(recipe: Recipe): Sketch {
  let sketch = sketches.get(recipe);
  if (sketch === undefined) sketches.set(recipe, (sketch = createSketch(recipe)));
  return sketch;
}

function createSketch(recipe: Recipe): Sketch {
  const keys = new Float64Array(recipe.rowCount + recipe.chunkCount);
  const blankedName = createNamer();
  for (let i = 0; i < recipe.rowCount; i++) keys[i] = nameKey(blankedName(recipe.row(i)));
  for (let i = 0; i < recipe.chunkCount; i++) keys[recipe.rowCount + i] = chunkKey(recipe.chunk(i).id);
  keys.sort();
  let count = 0;
  for (let i = 0; i < keys.length; i++) if (i === 0 || keys[i] !== keys[i - 1]) keys[count++] = keys[i] as number;
  return keys.slice(0, count);
}

/** Which part of what is wanted is in a sketch, 0 to 1. */
export function sharedShare(wanted: Sketch, offered: Sketch): number {
  let shared = 0;
  for (let at = 0, i = 0; i < wanted.length; i++) {
    const key = wanted[i] as number;
    while (at < offered.length && (offered[at] as number) < key) at++;
    if (offered[at] === key) shared++;
  }
  return wanted.length === 0 ? 0 : shared / wanted.length;
}

/** A file that no base chosen so far knows, by name or by a part of its content. */
export interface Stranger {
  /** As sketches have them. */
  readonly name: number;
  readonly chunks: readonly number[];
  readonly bytes: number;
  /** What files of other names may have in common with it: the last component of its name, blanked, its extension, or nothing but to be one. */
  readonly kinds: readonly string[];
}

/** Enough to choose by: of more only the first are looked at. */
const STRANGERS_MAX = 20_000;

export function strangersIn(recipe: Recipe, known: readonly Sketch[]): Stranger[] {
  const strangers: Stranger[] = [];
  const blankedName = createNamer();
  const isKnown = (key: number): boolean => known.some((sketch) => has(sketch, key));
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    const chunks = Array.from(recipe.chunksOf(i), ({ id }) => chunkKey(id));
    if (chunks.length === 0) continue;
    const text = blankedName(row);
    const name = nameKey(text);
    if (isKnown(name) || chunks.some((chunk) => isKnown(chunk))) continue;
    if (strangers.push({ name, chunks, bytes: row.bodyBytes, kinds: kindsOf(text) }) === STRANGERS_MAX) break;
  }
  return strangers;
}

export function isKnownTo({ name, chunks }: Stranger, sketch: Sketch): boolean {
  return has(sketch, name) || chunks.some((chunk) => has(sketch, chunk));
}

/** Bytes of the strangers of a kind that a recipe has files of, too. */
export function kindredBytes(strangers: readonly Stranger[], recipe: Recipe): number {
  const kinds = new Set<string>();
  const blankedName = createNamer();
  for (let i = 0; i < recipe.rowCount; i++) {
    const row = recipe.row(i);
    if (row.chunks.length > 0) for (const kind of kindsOf(blankedName(row))) kinds.add(kind);
  }
  return strangers.reduce((sum, { kinds: its, bytes }) => sum + bytes * its.filter((kind) => kinds.has(kind)).length, 0);
}

function has(sketch: Sketch, key: number): boolean {
  let low = 0;
  let high = sketch.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sketch[middle] as number) < key) low = middle + 1;
    else high = middle;
  }
  return sketch[low] === key;
}

/** Names of rows, blanked. */
function createNamer(): (row: Row) => string {
  const blank = createBlanker();
  return ({ name }) => blank(normalPath(latin1(name)));
}

function chunkKey(id: Uint8Array): number {
  let key = 0;
  for (let at = 0; at < SKETCH_BYTES; at++) key = key * 256 + (id[at] as number);
  return key;
}

function nameKey(name: string): number {
  return NAMES_FROM + (hashText(name) >>> 0);
}

function kindsOf(name: string): string[] {
  return [nameOf(name), `extension ${extensionOf(name)}`, 'a file'];
}
