/**
 * Brings the index up to the end of the packs when a store is opened, and finds the place to append at.
 * The rules: STORE.md, "Opening and recovery".
 */
import { join } from 'node:path';
import { equalBytes } from '../bytes.ts';
import type { ChunkIndex, Counters, IndexState } from './chunk-index.ts';
import type { StoreFile, StoreFiles } from './files.ts';
import type { StoreIdentity } from './identity.ts';
import { createIndexCatchUp, type IndexCatchUp } from './index-catch-up.ts';
import { PACK_HEADER_BYTES, readPackHeader, type PackHeader } from './pack-header.ts';
import { scanPack, type ScannedDamage } from './pack-scan.ts';
import type { WriterPosition } from './pack-writer.ts';
import { packName, type PackInfo, type RetiredPack } from './packs.ts';

/** What opening found and did beyond the ordinary. */
export interface Recovery {
  /** Why the index was made anew; undefined where it was only brought up to date. */
  readonly rebuilt: string | undefined;
  readonly recordsIndexed: number;
  /** The torn tail that was cut off the last pack. */
  readonly bytesCut: number;
  /** Damage that was stepped over, one line each. */
  readonly problems: readonly string[];
}

export interface RecoveredStore {
  readonly recovery: Recovery;
  readonly counters: Counters;
  readonly position: WriterPosition;
}

export interface RecoverOptions {
  readonly files: StoreFiles;
  /** That of the packs. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly index: ChunkIndex;
  readonly packs: readonly PackInfo[];
  /** Packs whose removal was broken off. */
  readonly retired: readonly RetiredPack[];
}

const NO_RECORDS: Counters = { records: { chunk: 0, recipe: 0, image: 0 }, chunkBytes: 0 };
/** Damages that are told one by one. */
const PROBLEMS_MAX = 100;

/** Must run under the store's lock. */
export async function recoverStore(options: RecoverOptions): Promise<RecoveredStore> {
  const { index, identity, packs, retired } = options;
  const found = await index.state();
  const reason = whyRebuild(found, identity, packs, retired);
  if (reason !== undefined && found !== undefined) await index.clear();
  const state = reason === undefined ? found : undefined;
  const catchUp = createIndexCatchUp(index, identity.storeId, state?.counters ?? NO_RECORDS);

  let earlierBytes = state === undefined ? 0 : bytesBefore(packs, state.coveredPack);
  // The state counted a pack that was retired since. Where the disk is too full to say so, the next flush does.
  if (state !== undefined && state.earlierBytes !== earlierBytes) {
    const { coveredPack, coveredOffset } = state;
    await catchUp.write({ coveredPack, coveredOffset, earlierBytes }, { force: true }).catch(() => undefined);
  }
  let position: WriterPosition = { pack: 1, offset: 0, earlierBytes: 0 };
  let bytesCut = 0;
  const problems: string[] = [];
  for (const info of packs) {
    if (info.pack < (state?.coveredPack ?? 0)) continue;
    const covered = state?.coveredPack === info.pack ? state.coveredOffset : undefined;
    const isLast = info === packs.at(-1);
    const pack = await recoverPack(options, catchUp, { ...info, isLast, covered, earlierBytes });
    position = pack.appendable
      ? { pack: info.pack, offset: pack.size, earlierBytes }
      : { pack: info.pack + 1, offset: 0, earlierBytes: earlierBytes + pack.size };
    earlierBytes += pack.size;
    bytesCut += info.size - pack.size;
    if (problems.length < PROBLEMS_MAX) problems.push(...pack.problems);
  }
  const rebuilt = packs.some(({ size }) => size > PACK_HEADER_BYTES) ? reason : undefined;
  return { recovery: { rebuilt, recordsIndexed: catchUp.records, bytesCut, problems }, counters: catchUp.counters, position };
}

/** Undefined where the index can be continued. */
function whyRebuild(
  state: IndexState | undefined,
  identity: StoreIdentity,
  packs: readonly PackInfo[],
  retired: readonly RetiredPack[],
): string | undefined {
  if (state === undefined) return 'the index was missing';
  if (!equalBytes(state.storeId, identity.storeId)) return 'the index was that of another store';
  const covered = packs.find(({ pack }) => pack === state.coveredPack);
  if (covered === undefined || covered.size < state.coveredOffset) return 'the index knew more than there is';
  const more = state.earlierBytes - bytesBefore(packs, state.coveredPack);
  // Packs are retired one at a time, and the state is written after each.
  const isRetired = retired.some(({ pack, size }) => pack < state.coveredPack && size === more);
  return more === 0 || isRetired ? undefined : 'packs were changed behind the index';
}

function bytesBefore(packs: readonly PackInfo[], before: number): number {
  return packs.filter(({ pack }) => pack < before).reduce((sum, { size }) => sum + size, 0);
}

interface PackToRecover extends PackInfo {
  readonly isLast: boolean;
  /** What the index knows of this pack already ends here. */
  readonly covered: number | undefined;
  readonly earlierBytes: number;
}

interface RecoveredPack {
  readonly size: number;
  readonly appendable: boolean;
  readonly problems: readonly string[];
}

async function recoverPack(options: RecoverOptions, catchUp: IndexCatchUp, info: PackToRecover): Promise<RecoveredPack> {
  const { files, directory, identity } = options;
  const file = await files.open(join(directory, packName(info.pack)), info.isLast ? 'write' : 'read');
  try {
    const header = await readPackHeader(file);
    // A header is synced before the first record, so a last pack that is shorter was never more than begun.
    if (info.isLast && header === undefined && info.size <= PACK_HEADER_BYTES) return { size: 0, appendable: true, problems: [] };
    const trouble = headerTrouble(header, info.pack, identity);
    if (trouble?.foreign === true) return { size: info.size, appendable: false, problems: [trouble.what] };
    const appendable = info.isLast && trouble === undefined;

    const from = info.covered ?? PACK_HEADER_BYTES;
    // What was not synced before a crash may lie in the system's memory only; the index must not name it before it is safe.
    if (info.isLast && info.size > from) await file.sync();
    const { wholeEnd, damages } = await indexPack(file, identity.seed, catchUp, info, from);
    const size = appendable ? wholeEnd : info.size;
    if (size < info.size) await file.truncate(size);
    if (info.covered === undefined || size > info.covered) await catchUp.write(coveredAt(info, size), { force: true });
    const problems = damages.filter(({ offset }) => offset < size).map((damage) => describe(info.pack, damage));
    return { size, appendable, problems: trouble === undefined ? problems : [trouble.what, ...problems] };
  } finally {
    await file.close();
  }
}

async function indexPack(file: StoreFile, seed: number, catchUp: IndexCatchUp, info: PackToRecover, from: number) {
  const damages: ScannedDamage[] = [];
  let wholeEnd = from;
  for await (const item of scanPack({ file, seed, from, to: info.size, readContent: true })) {
    if (item.type === 'damage') {
      if (damages.length < PROBLEMS_MAX) damages.push(item);
      continue;
    }
    wholeEnd = item.end;
    catchUp.add(item.header, { pack: info.pack, offset: item.offset });
    await catchUp.write(coveredAt(info, item.end));
  }
  return { wholeEnd, damages };
}

function coveredAt({ pack, earlierBytes }: PackToRecover, offset: number) {
  return { coveredPack: pack, coveredOffset: offset, earlierBytes };
}

/** What is wrong with a pack's header; a foreign pack's records are not this store's. */
export function headerTrouble(
  header: PackHeader | undefined,
  pack: number,
  identity: StoreIdentity,
): { readonly what: string; readonly foreign: boolean } | undefined {
  const name = packName(pack);
  if (header === undefined) return { what: `${name}: the header is damaged`, foreign: false };
  if (!equalBytes(header.storeId, identity.storeId)) return { what: `${name}: is of another store`, foreign: true };
  if (header.pack !== pack) return { what: `${name}: is pack ${header.pack} by its header`, foreign: true };
  return undefined;
}

function describe(pack: number, { offset, end, what }: ScannedDamage): string {
  return `${packName(pack)}: ${end - offset} bytes at ${offset}: ${what}`;
}
