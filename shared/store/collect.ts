/**
 * Collecting: forgets what nobody needs, and gives its room back. Mark is the caller's, sweep and compaction are here, in an order that
 * gives back what it can before it needs room of its own. The rules: STORE.md, "Collecting".
 */
import { join } from 'node:path';
import type { IndexEntry } from './chunk-index.ts';
import type { StoreInside } from './inside.ts';
import { PACK_HEADER_BYTES } from './pack-header.ts';
import { assertRunning, rewritePack, surveyPack } from './pack-rewrite.ts';
import { listPacks, listRetired, packName, removeRetired, type PackInfo } from './packs.ts';
import { RECORD_KINDS, type CollectOptions, type CollectReport, type RecordKind, type RecordName, type Verdict } from './port.ts';
import { RECORD_HEADER_BYTES } from './record.ts';
import type { WriterPosition } from './pack-writer.ts';

/** Names of dead records that are in memory at once, unless one pack has more. */
const ROUND_RECORDS_MAX = 250_000;
/** Tombstones that are written together: what a full disk must have room for. */
const REMOVED_TOGETHER_MAX = 4000;
/** Under a disk mark, less waste than this is not worth a rewrite. */
const WASTE_MIN = 0.02;

/** What is known of a pack when it is planned what to do with it. */
interface PackUse extends PackInfo {
  /** Of records that stay, headers included. */
  liveBytes: number;
  dead: number;
  readonly modifiedMs: number;
}

/** Must run alone of its kind. */
export async function collectStore(inside: StoreInside, options: CollectOptions): Promise<CollectReport> {
  return new Collector(inside, options).run();
}

class Collector {
  readonly #inside: StoreInside;
  readonly #options: CollectOptions;
  readonly #packs = new Map<number, PackUse>();
  readonly #report: { -readonly [K in keyof CollectReport]: CollectReport[K] };
  readonly #left: string[] = [];
  #begin: WriterPosition = { pack: 0, offset: 0, earlierBytes: 0 };
  #verdict: Verdict = () => 'needed';

  constructor(inside: StoreInside, options: CollectOptions) {
    this.#inside = inside;
    this.#options = options;
    this.#report = { records: 0, contentBytes: 0, unfinishedBytes: 0, freedBytes: 0, packs: 0, diskBytes: 0, left: this.#left };
  }

  async run(): Promise<CollectReport> {
    const inside = this.#inside;
    const options = this.#options;
    if (!options.dryRun) await this.#removeLeftOvers();
    await inside.commit();
    this.#begin = await inside.serial(async () => inside.writer.position);
    this.#verdict = await options.mark();
    await this.#survey();
    const victims = await this.#choose();
    for (const { size, liveBytes } of victims) this.#report.freedBytes += size - liveBytes;
    if (options.dryRun) return this.#finish();
    this.#report.freedBytes = 0;
    await inside.serial(async () => {
      const { pack } = inside.writer.position;
      if (victims.some((use) => use.pack === pack)) await inside.writer.roll();
    });
    await this.#sweep(new Set(victims));
    await inside.commit();
    return this.#finish();
  }

  /** What an earlier run could not finish. From here on nothing that was removed can come back. */
  async #removeLeftOvers(): Promise<void> {
    const { files, directory } = this.#inside;
    await files.syncDirectory(directory);
    for (const retired of await listRetired(files, directory)) await removeRetired(files, directory, retired);
  }

  /** Counts what stays and what goes in each pack. */
  async #survey(): Promise<void> {
    const { files, directory } = this.#inside;
    const { pack: last, offset } = this.#begin;
    for (const { pack, size } of await listPacks(files, directory)) {
      if (pack > last) continue;
      const modifiedMs = await files.modifiedMs(join(directory, packName(pack)));
      this.#packs.set(pack, { pack, size: pack === last ? offset : size, liveBytes: 0, dead: 0, modifiedMs });
    }
    for await (const entry of this.#entries()) {
      const use = this.#packs.get(entry.location.pack);
      if (use === undefined) continue;
      const bytes = RECORD_HEADER_BYTES + entry.location.storedLength;
      const fate = this.#fateOf(entry);
      if (fate === 'dead') {
        use.dead++;
        this.#report.records++;
        if (entry.kind === 'chunk') this.#report.contentBytes += entry.location.rawLength;
        continue;
      }
      use.liveBytes += bytes;
      if (fate === 'unfinished') this.#report.unfinishedBytes += bytes;
    }
  }

  #fateOf({ kind, key, location }: IndexEntry): 'live' | 'unfinished' | 'dead' {
    const verdict = this.#verdict({ kind, key });
    if (verdict === 'needed') return 'live';
    if (kind === 'image') return verdict === 'released' ? 'dead' : 'live';
    const modifiedMs = this.#packs.get(location.pack)?.modifiedMs ?? Infinity;
    return verdict === 'unknown' && modifiedMs >= this.#options.unfinishedSinceMs ? 'unfinished' : 'dead';
  }

  /** Records that were there at the beginning; what was put since is not looked at. */
  async *#entries(kinds: readonly RecordKind[] = RECORD_KINDS): AsyncGenerator<IndexEntry> {
    const { pack, offset } = this.#begin;
    for (const kind of kinds) {
      for await (const entry of this.#inside.places.entries(kind)) {
        assertRunning(this.#options.signal, 'collecting');
        const { location } = entry;
        if (location.pack < pack || (location.pack === pack && location.offset < offset)) yield entry;
      }
    }
  }

  /** The packs that are to be rewritten or removed, those first that give the most for the least. */
  async #choose(): Promise<PackUse[]> {
    const { wasteMax, wipe, diskBytesMax, rewrite = [] } = this.#options;
    const byCost = [...this.#packs.values()].toSorted((a, b) => a.liveBytes - b.liveBytes || a.pack - b.pack);
    let total = byCost.reduce((sum, { size }) => sum + size, 0);
    const victims: PackUse[] = [];
    for (const use of byCost) {
      // A pack that is only begun is no waste.
      const waste = use.size - use.liveBytes;
      const isOver = diskBytesMax !== undefined && total > diskBytesMax;
      const share = wipe ? 0 : isOver ? Math.min(wasteMax, WASTE_MIN) : wasteMax;
      if (!rewrite.includes(use.pack) && !(await this.#isWorth(use, share))) continue;
      victims.push(use);
      total -= waste;
    }
    return victims;
  }

  /** Whether more than `share` of a pack is waste that would not have to be written again. */
  async #isWorth(use: PackUse, share: number): Promise<boolean> {
    const { files, directory } = this.#inside;
    const waste = use.size - use.liveBytes - PACK_HEADER_BYTES;
    if (waste <= 0 || waste <= share * use.size) return false;
    const file = await files.open(join(directory, packName(use.pack)), 'read');
    try {
      const { tombstoneBytes, whyLeft } = await surveyPack(this.#inside, file, use);
      if (whyLeft !== undefined) {
        this.#left.push(whyLeft);
        return false;
      }
      const kept = this.#hasEarlierWaste(use.pack) ? tombstoneBytes : 0;
      return waste - kept > share * use.size;
    } finally {
      await file.close();
    }
  }

  #hasEarlierWaste(before: number): boolean {
    return [...this.#packs.values()].some(({ pack, size, liveBytes }) => pack < before && size - liveBytes > PACK_HEADER_BYTES);
  }

  /** Tombstones for what is dead, pack by pack; a pack is taken away as soon as it can be. */
  async #sweep(victims: ReadonlySet<PackUse>): Promise<void> {
    const isEmptied = (use: PackUse): boolean => victims.has(use) && use.liveBytes === 0;
    const waiting = [...this.#packs.values()]
      .filter((use) => use.dead > 0 || isEmptied(use))
      .toSorted((a, b) => Number(isEmptied(b)) - Number(isEmptied(a)) || a.liveBytes - b.liveBytes);
    this.#report.records = 0;
    // Images first, durably: whatever happens then, no image lacks content.
    await this.#remove((await Array.fromAsync(this.#entries(['image']))).filter((entry) => this.#fateOf(entry) === 'dead'));
    while (waiting.length > 0) {
      const group: PackUse[] = [];
      for (let count = 0; waiting.length > 0 && (count === 0 || count + waiting[0]!.dead <= ROUND_RECORDS_MAX);) {
        const use = waiting.shift() as PackUse;
        group.push(use);
        count += Math.max(1, use.dead);
      }
      const dead = await this.#listDead(group);
      for (const use of group) {
        await this.#remove(dead.get(use.pack) ?? []);
        if (isEmptied(use)) await this.#rewrite(use);
      }
    }
    for (const use of victims) if (use.liveBytes > 0) await this.#rewrite(use);
  }

  async #listDead(group: readonly PackUse[]): Promise<Map<number, RecordName[]>> {
    const lists = new Map(group.filter(({ dead }) => dead > 0).map(({ pack }) => [pack, [] as RecordName[]]));
    if (lists.size === 0) return lists;
    for await (const entry of this.#entries()) {
      const { kind, key, location } = entry;
      const list = lists.get(location.pack);
      if (list !== undefined && this.#fateOf(entry) === 'dead') list.push({ kind, key });
    }
    return lists;
  }

  async #remove(names: readonly RecordName[]): Promise<void> {
    // What came into use since is spared: the verdict is asked again in the moment of the removal.
    const isSpared = (name: RecordName): boolean => this.#verdict(name) === 'needed';
    for (let at = 0; at < names.length; at += REMOVED_TOGETHER_MAX) {
      assertRunning(this.#options.signal, 'collecting');
      this.#report.records += await this.#inside.remove(names.slice(at, at + REMOVED_TOGETHER_MAX), isSpared);
      await this.#inside.commit();
    }
  }

  async #rewrite({ pack, size, liveBytes }: PackUse): Promise<void> {
    assertRunning(this.#options.signal, 'collecting');
    const { files, directory } = this.#inside;
    // The last pack of the beginning has grown since.
    const whole = (await files.size(join(directory, packName(pack)))) ?? size;
    const left = await rewritePack(this.#inside, { pack, size: whole }, { wipe: this.#options.wipe, signal: this.#options.signal });
    if (left !== undefined) this.#left.push(left);
    else {
      this.#report.packs++;
      this.#report.freedBytes += size - liveBytes;
    }
  }

  async #finish(): Promise<CollectReport> {
    const { writer } = this.#inside;
    const { offset, earlierBytes } = writer.position;
    return { ...this.#report, diskBytes: offset + earlierBytes };
  }
}
