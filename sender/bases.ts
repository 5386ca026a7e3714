/** Chooses which recipes that both sides hold a new recipe is written against. */
import { hex, type Id } from '../shared/hash.ts';
import type { Recipe } from '../shared/recipe/recipe.ts';
import type { BaseReference } from '../shared/wire/bulk.ts';
import { PREFIX_BYTES } from '../shared/wire/messages.ts';

export interface Base {
  readonly reference: BaseReference;
  readonly recipe: Recipe;
}

/** Candidates looked into, and bases used, for one stream. */
const CANDIDATES_MAX = 48;
const BASES_USED_MAX = 12;
/** A candidate must know this share of the stream's names or contents to be worth its place. */
const SHARED_MIN = 0.002;
/** Bytes of a chunk id that tell it from another here, where a mistake only makes a worse choice. */
const SKETCH_BYTES = 6;

export interface BaseChooser {
  /** The receiver's list: prefixes of stream ids, best first. Replaces what was known. */
  setHeld(prefixes: readonly Uint8Array[]): void;
  /** A stream of this session, once announced. */
  addSent(stream: number, recipe: Recipe): void;
  isHeld(id: Id): boolean;
  /** True where every held stream is in the pool: then nothing that the receiver has is unknown here. */
  knowsAllHeld(): Promise<boolean>;
  choose(target: Recipe): Promise<Base[]>;
  /** The receiver has lost something: nothing counts as held any more but what was sent in this session. */
  distrust(): void;
}

/** What the chooser needs of the pool. */
export interface RecipePool {
  /** Ids of all recipes in the pool. */
  ids(): Promise<readonly Id[]>;
  load(id: Id): Promise<Recipe>;
}

export function createBaseChooser(pool: RecipePool): BaseChooser {
  let held: string[] = [];
  let heldSet = new Set<string>();
  const sent = new Map<string, Sketched>();
  const loaded = new Map<string, Sketched>();
  let byPrefix: Promise<Map<string, Id>> | undefined;

  const poolIds = (): Promise<Map<string, Id>> => (byPrefix ??= pool.ids().then((ids) => new Map(ids.map((id) => [prefixOf(id), id]))));
  const load = async (prefix: string, index: number): Promise<Sketched | undefined> => {
    const before = loaded.get(prefix);
    if (before !== undefined) return before;
    const id = (await poolIds()).get(prefix);
    if (id === undefined) return undefined;
    const recipe = await pool.load(id);
    const base = { reference: { kind: 'held', index } as const, recipe, sketch: sketchOf(recipe) };
    loaded.set(prefix, base);
    return base;
  };

  return {
    setHeld(prefixes) {
      held = prefixes.map((prefix) => hex(prefix));
      heldSet = new Set(held);
    },
    addSent(stream, recipe) {
      sent.set(prefixOf(recipe.id), { reference: { kind: 'sent', stream }, recipe, sketch: sketchOf(recipe) });
    },
    distrust() {
      held = [];
      heldSet = new Set();
    },
    isHeld: (id) => heldSet.has(prefixOf(id)) || sent.has(prefixOf(id)),
    async knowsAllHeld() {
      const ids = await poolIds();
      return held.every((prefix) => ids.has(prefix));
    },
    async choose(target) {
      const wanted = sketchOf(target);
      const scored: { base: Base; shared: number }[] = [];
      for (const [index, prefix] of held.slice(0, CANDIDATES_MAX).entries()) {
        const base = await load(prefix, index);
        if (base !== undefined) scored.push({ base, shared: sharedShare(wanted, base.sketch) });
      }
      for (const base of sent.values()) scored.push({ base, shared: sharedShare(wanted, base.sketch) });
      // A stable sort: of equals the receiver's first choice stays first.
      return scored
        .filter(({ shared }) => shared >= SHARED_MIN)
        .toSorted((a, b) => b.shared - a.shared)
        .slice(0, BASES_USED_MAX)
        .map(({ base }) => base);
    },
  };
}

function prefixOf(id: Id): string {
  return hex(id.subarray(0, PREFIX_BYTES));
}

/** What a recipe is about: its names without a leading `./`, and its contents. */
type Sketch = ReadonlySet<string>;
type Sketched = Base & { readonly sketch: Sketch };

function sketchOf(recipe: Recipe): Sketch {
  const sketch = new Set<string>();
  for (let i = 0; i < recipe.rowCount; i++) {
    const { name, chunks } = recipe.row(i);
    sketch.add(Buffer.from(name).toString('latin1').replace(/^\.\//, ''));
    for (const { id } of chunks) sketch.add(Buffer.from(id.subarray(0, SKETCH_BYTES)).toString('latin1'));
  }
  for (const { id } of recipe.tail) sketch.add(Buffer.from(id.subarray(0, SKETCH_BYTES)).toString('latin1'));
  return sketch;
}

function sharedShare(wanted: Sketch, offered: Sketch): number {
  if (wanted.size === 0) return 0;
  let shared = 0;
  for (const item of offered) if (wanted.has(item)) shared++;
  return shared / wanted.size;
}
