/** Which images have lost something: chunks and recipes that a check found damaged, or that are not there at all. */
import { TransferError } from '../../shared/errors.ts';
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { partsOf } from '../../shared/image/reach.ts';
import { loadRecipe } from '../../shared/image/stored-archive.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createKeySet } from '../../shared/store/key-set.ts';
import type { CheckReport, RecordName, Store } from '../../shared/store/port.ts';
import type { Catalog, ImageRecord } from './catalog.ts';
import { namesOf } from './keep-rules.ts';

export interface DamagedImage {
  readonly record: ImageRecord;
  /** Each once. What only a lost recipe names is not known. */
  readonly lost: readonly RecordName[];
  /** Streams that cannot be rebuilt, the archive among them. */
  readonly streams: readonly Id[];
}

/** Chunks that are looked up together. */
const BATCH_CHUNKS = 1000;

/** Looks every chunk of every image up, each stream once. Content that `report` does not name is not read. */
export async function findDamagedImages(
  store: Store,
  catalog: Catalog,
  report: CheckReport,
  signal?: AbortSignal,
): Promise<DamagedImage[]> {
  const streams = createStreamCheck(store, report, signal);
  const damaged: DamagedImage[] = [];
  for (const record of catalog.records()) {
    const lost = new Map<string, RecordName>();
    const broken: Id[] = [];
    for (const text of new Set([record.archive, ...record.streams])) {
      const found = await streams(idFromHex(text));
      if (found.length > 0) broken.push(idFromHex(text));
      for (const name of found) lost.set(`${name.kind} ${Buffer.from(name.key).toString('hex')}`, name);
    }
    if (broken.length > 0) damaged.push({ record, lost: [...lost.values()], streams: broken });
  }
  return damaged;
}

/** From now on these images count as not held, and their broken streams as no bases: a ship sends what is lacking. */
export function doubtDamaged(catalog: Catalog, images: readonly DamagedImage[]): void {
  for (const { record, streams } of images) catalog.doubt([idFromHex(record.archive), ...streams]);
}

/** What was read and found whole is in doubt no more. */
export function trustOthers(catalog: Catalog, images: readonly DamagedImage[]): void {
  const broken = new Set(images.flatMap(({ record, streams }) => [record.archive, ...streams.map((stream) => hex(stream))]));
  for (const { archive, streams } of catalog.records())
    for (const stream of [archive, ...streams]) if (!broken.has(stream)) catalog.trust(idFromHex(stream));
}

/** For people: a name, or the beginning of an id. */
export function imageName(record: ImageRecord): string {
  return namesOf(record)[0] ?? record.images[0]?.configDigest.slice(0, 'sha256:'.length + 12) ?? record.archive;
}

/** What a stream has lost, nested streams included; remembers the answers. */
function createStreamCheck(store: Store, report: CheckReport, signal: AbortSignal | undefined) {
  const damaged = createKeySet();
  for (const { kind, key } of report.problems)
    if ((kind === 'chunk' || kind === 'recipe') && /^[0-9a-f]{64}$/.test(key)) damaged.add(idFromHex(key));
  const known = new Map<string, readonly RecordName[]>();

  const lostOf = async (recipe: Recipe): Promise<RecordName[]> => {
    const lost: RecordName[] = [];
    let batch: Id[] = [];
    const settle = async (): Promise<void> => {
      const held = await store.hasMany('chunk', batch);
      for (const [at, key] of batch.entries()) if (held[at] !== true || damaged.has(key)) lost.push({ kind: 'chunk', key });
      batch = [];
    };
    for (const { chunk, nested } of partsOf(recipe)) {
      if (nested !== undefined) lost.push(...(await check(nested)));
      if (chunk !== undefined && batch.push(chunk) === BATCH_CHUNKS) await settle();
    }
    await settle();
    return lost;
  };
  const check = async (stream: Id): Promise<readonly RecordName[]> => {
    signal?.throwIfAborted();
    const name = Buffer.from(stream).toString('hex');
    const before = known.get(name);
    if (before !== undefined) return before;
    // A stream that nests itself ends here.
    known.set(name, []);
    let found: readonly RecordName[];
    try {
      found = await lostOf(await loadRecipe(store, stream));
    } catch (error) {
      if (TransferError.from(error).code !== 'INTEGRITY') throw error;
      found = [{ kind: 'recipe', key: stream }];
    }
    known.set(name, found);
    return found;
  };
  return check;
}
