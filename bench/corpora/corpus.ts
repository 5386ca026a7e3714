/** What a benchmark runs on: archives made on demand, the pairs among them, and the history of one image. */
import type { SaveLayout } from './save-archive.ts';

export interface PairPlan {
  readonly name: string;
  /** What happened between the two, for people. */
  readonly title: string;
  /** Name of the version that both sides hold before; undefined for a first shipment. */
  readonly old: string | undefined;
  readonly new: string;
}

export interface Corpus {
  readonly name: string;
  readonly pairs: readonly PairPlan[];
  /** Versions of one image, shipped one after the other where disk over time is measured. */
  readonly history: readonly string[];
  /** The path of a version's archive, built where the cache does not have it. */
  archive(version: string): Promise<string>;
}

/** One version: the layers of its image and how its archive is laid out. */
export interface VersionPlan {
  readonly ref: string;
  readonly layout: SaveLayout;
  readonly builtAt: number;
  readonly layers: readonly string[];
}
