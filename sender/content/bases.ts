/** Chooses which recipes that both sides hold a new recipe is written against. */
import { utf8Text } from '../../shared/bytes.ts';
import { hex, type Id } from '../../shared/hash.ts';
import { createBlanker } from '../../shared/recipe/difference/likeness.ts';
import { normalPath } from '../../shared/recipe/difference/path.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { plainOf } from '../../shared/recipe/wrapped.ts';
import type { BaseReference } from '../../shared/wire/bulk.ts';
import { PREFIX_BYTES } from '../../shared/wire/messages.ts';
import { isKnownTo, kindredBytes, sharedShare, sketchOf, strangersIn, type Sketch, type Stranger } from './base-sketch.ts';

export interface Base {
  readonly reference: BaseReference;
  readonly recipe: Recipe;
}

/** Candidates looked into, and bases used, for one stream. */
const CANDIDATES_MAX = 48;
const BASES_USED_MAX = 12;
/** A candidate must know this share of the stream's names or contents to be worth its place. */
const SHARED_MIN = 0.002;
/** Where the best know nothing of files of so many bytes, others are taken that know some of them. */
const STRANGE_BYTES_MIN = 2048;
/** Where nobody knows files of so many bytes, held recipes with files of these kinds are taken: content may be alike. */
const KINDRED_BYTES_MIN = 8192;
const KINDRED_MAX = 2;

export interface BaseChooser {
  /** The receiver's list: prefixes of stream ids, best first. Replaces what was known. */
  setHeld(prefixes: readonly Uint8Array[]): void;
  /** A stream of this session, once announced. */
  addSent(stream: number, recipe: Recipe): void;
  isHeld(id: Id): boolean;
  /** True where every held stream is in the pool: then nothing that the receiver has is unknown here. */
  knowsAllHeld(): Promise<boolean>;
  /** @param file path of the file that the stream is all about, where it is one. */
  choose(target: Recipe, file?: string): Promise<Base[]>;
  /** What a held or sent stream is called in this session; undefined for any other. */
  reference(id: Id): BaseReference | undefined;
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
  const wrapped = new Map<string, Base>();
  /** For each stream by its id: what was chosen for it, best first. */
  const chosenFor = new Map<string, readonly Id[]>();
  const blank = createBlanker();
  const blanked = (path: string): string => blank(normalPath(path));
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
    note(base);
    return base;
  };
  const note = (base: Base): void => {
    const plain = plainOf(base.recipe);
    if (plain !== undefined) wrapped.set(hex(plain.id), base);
  };
  const isHeld = (id: Id): boolean => heldSet.has(prefixOf(id)) || sent.has(prefixOf(id));
  /** A compressed layer leans on the one whose plain stream its own leans on: how one encoder strayed tells how it strays again. */
  const chooseWrapped = (target: Recipe): Base[] => {
    const plain = plainOf(target);
    if (plain === undefined) return [];
    const ids = [plain.id, ...(chosenFor.get(hex(plain.id)) ?? [])];
    const found = ids.flatMap((id) => wrapped.get(hex(id)) ?? []);
    return found.filter((base) => isHeld(base.recipe.id)).slice(0, 1);
  };

  const known = (id: Id): Sketched | undefined => (isHeld(id) ? (sent.get(prefixOf(id)) ?? loaded.get(prefixOf(id))) : undefined);
  /** The last stream that a file with this path was in a layer, whatever versions its name has; its plain stream where it is wrapped. */
  const namesakes = (file: string): Sketched[] => {
    const name = blanked(file);
    for (const { recipe } of [...loaded.values(), ...sent.values()]) {
      for (const index of recipe.wrapped === undefined ? recipe.nestingRows : []) {
        const row = recipe.row(index);
        const found = blanked(utf8Text(row.name)) === name ? known(row.nested as Id) : undefined;
        const plain = found && plainOf(found.recipe);
        const base = plain === undefined ? found : known(plain.id);
        if (base !== undefined) return [base];
      }
    }
    return [];
  };

  return {
    setHeld(prefixes) {
      held = prefixes.map((prefix) => hex(prefix));
      heldSet = new Set(held);
    },
    addSent(stream, recipe) {
      const base = { reference: { kind: 'sent', stream } as const, recipe, sketch: sketchOf(recipe) };
      sent.set(prefixOf(recipe.id), base);
      note(base);
    },
    distrust() {
      held = [];
      heldSet = new Set();
    },
    isHeld,
    async knowsAllHeld() {
      const ids = await poolIds();
      return held.every((prefix) => ids.has(prefix));
    },
    async choose(target, file) {
      if (target.wrapped !== undefined) return chooseWrapped(target);
      const wanted = sketchOf(target);
      const scored: { base: Sketched; shared: number }[] = [];
      const score = (base: Sketched): void => void scored.push({ base, shared: sharedShare(wanted, base.sketch) });
      let looked = 0;
      for (const [index, prefix] of held.entries()) {
        if (looked === CANDIDATES_MAX) break;
        const base = await load(prefix, index);
        if (base?.recipe.wrapped !== undefined) continue;
        looked++;
        if (base !== undefined) score(base);
      }
      for (const base of sent.values()) if (base.recipe.wrapped === undefined) score(base);
      // A stable sort: of equals the receiver's first choice stays first.
      const candidates = scored.toSorted((a, b) => b.shared - a.shared);
      const best = candidates.filter(({ shared }) => shared >= SHARED_MIN).slice(0, BASES_USED_MAX);
      const chosen = withStrangers(
        target,
        best.map(({ base }) => base),
        candidates.slice(best.length).map(({ base }) => base),
      );
      if (chosen.length === 0 && file !== undefined) chosen.push(...namesakes(file));
      chosenFor.set(hex(target.id), chosen.map(({ recipe }) => recipe.id)); // prettier-ignore
      return chosen;
    },
    reference(id) {
      const prefix = prefixOf(id);
      const index = held.indexOf(prefix);
      return sent.get(prefix)?.reference ?? (index < 0 ? undefined : { kind: 'held', index });
    },
  };
}

/** Adds to the best bases those of the others that know files, or only kinds of files, which the best do not know. */
function withStrangers(target: Recipe, best: readonly Sketched[], others: readonly Sketched[]): Sketched[] {
  const chosen = [...best];
  let strangers = others.length === 0 ? [] : strangersIn(target, best.map(({ sketch }) => sketch)); // prettier-ignore
  const add = (bytesOf: (base: Sketched) => number, bytesMin: number): boolean => {
    if (chosen.length >= BASES_USED_MAX || bytes(strangers) < bytesMin) return false;
    const left = others.filter((base) => !chosen.includes(base)).map((base) => [base, bytesOf(base)] as const);
    const [found] = left.filter(([, known]) => known >= bytesMin).toSorted(([, a], [, b]) => b - a);
    if (found !== undefined) chosen.push(found[0]);
    return found !== undefined;
  };
  while (add(({ sketch }) => bytes(strangers.filter((stranger) => isKnownTo(stranger, sketch))), STRANGE_BYTES_MIN)) {
    const { sketch } = chosen.at(-1) as Sketched;
    strangers = strangers.filter((stranger) => !isKnownTo(stranger, sketch));
  }
  const kindred = ({ reference, recipe }: Sketched): number => (reference.kind === 'held' ? kindredBytes(strangers, recipe) : 0);
  for (let added = 0; added < KINDRED_MAX && add(kindred, KINDRED_BYTES_MIN); added++);
  return chosen;
}

function bytes(strangers: readonly Stranger[]): number {
  return strangers.reduce((sum, stranger) => sum + stranger.bytes, 0);
}

type Sketched = Base & { readonly sketch: Sketch };

function prefixOf(id: Id): string {
  return hex(id.subarray(0, PREFIX_BYTES));
}
