/**
 * Mends what can be mended here: records that a check found damaged are removed, so that the store says that it lacks them, packs that are
 * damaged are rewritten, and the images that lack something count as not held. The next shipment of such an image brings what is lacking.
 */
import { idFromHex } from '../../shared/hash.ts';
import { RECORD_KINDS, type CheckReport, type RecordName, type Store } from '../../shared/store/port.ts';
import type { Catalog } from './catalog.ts';
import { doubtDamaged, findDamagedImages, type DamagedImage } from './damaged-images.ts';

export interface Repaired {
  /** As it was found. */
  readonly report: CheckReport;
  /** That have to be shipped again. */
  readonly images: readonly DamagedImage[];
  readonly removed: number;
  readonly packsRewritten: number;
  /** Packs that had to be left, and why. */
  readonly left: readonly string[];
}

/** Reads the whole store. Durable when it resolves. @throws TransferError INTERRUPTED, NO_SPACE */
export async function repairStore(store: Store, catalog: Catalog, signal: AbortSignal): Promise<Repaired> {
  const report = await store.check({ readAll: true, signal });
  const damaged = namesOf(report, catalog);
  // First the doubt: from now on nobody counts on what goes.
  const images = await findDamagedImages(store, catalog, report, signal);
  doubtDamaged(catalog, images);
  const removed = await store.remove(damaged);
  await store.flush();
  const rewrite = report.problems.flatMap(({ kind, key }) => (kind === 'pack' ? Number.parseInt(key, 10) : []));
  if (rewrite.length === 0) return { report, images, removed, packsRewritten: 0, left: [] };
  const { packs, left } = await store.collect({
    mark: () => Promise.resolve(() => 'needed' as const),
    dryRun: false,
    wasteMax: 1,
    rewrite,
    unfinishedSinceMs: 0,
    wipe: false,
    signal,
  });
  return { report, images, removed, packsRewritten: packs, left };
}

function namesOf({ problems }: CheckReport, { unreadable }: Catalog): RecordName[] {
  const names = problems.flatMap(({ kind, key }): RecordName[] => {
    const known = RECORD_KINDS.find((each) => each === kind);
    return known === undefined || !/^[0-9a-f]{64}$/.test(key) ? [] : [{ kind: known, key: idFromHex(key) }];
  });
  return [...names, ...unreadable.map((key): RecordName => ({ kind: 'image', key: idFromHex(key) }))];
}
