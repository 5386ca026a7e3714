/** Remembers where in a target fresh chunks come first, and which base rows its rows are versions of. */
import { createNumberColumn, words } from '../columns.ts';
import type { Bases } from './bases.ts';
import { NO_ENTRY } from './cursors.ts';

/** A row of a base recipe. */
export interface BaseRow {
  readonly base: number;
  readonly row: number;
}

/** Places of things in a target. */
export interface RowPlaces {
  /** For each fresh chunk the target's row of its first use; -1 for the tail. */
  readonly freshRow: ArrayLike<number>;
  /** The base row that a row of the target is taken for a version of. */
  baseRow(this: void, row: number): BaseRow | undefined;
}

export interface RowMap {
  /** The fresh chunks that are added next belong to this row; -1 for the tail. */
  atRow(row: number): void;
  addFresh(): void;
  /** Takes the next row, and the base entry that it was coded against. */
  addRow(baseEntry: number): void;
  finish(): RowPlaces;
}

export function createRowMap(bases: Bases): RowMap {
  /** For each fresh chunk its row and one. */
  const freshRows = createNumberColumn(words);
  /** For each row its base entry and one; 0 without one. */
  const baseEntries = createNumberColumn(words);
  let current = -1;
  return {
    atRow(row) {
      current = row;
    },
    addFresh: () => freshRows.push(current + 1),
    addRow: (baseEntry) => baseEntries.push(baseEntry + 1),
    finish: () => ({
      freshRow: Int32Array.from({ length: freshRows.length }, (_, fresh) => freshRows.at(fresh) - 1),
      baseRow(row) {
        const entry = row < baseEntries.length ? baseEntries.at(row) - 1 : NO_ENTRY;
        return entry === NO_ENTRY ? undefined : { base: bases.baseOfEntry(entry), row: bases.mainRow(entry) };
      },
    }),
  };
}
