/** A recipe as a difference to recipes that the receiver has: what crosses the wire. Format: shared/DIFFERENCE.md. */
import type { Id } from '../../hash.ts';
import { createIdIndex } from '../../id-index.ts';
import { createChunkList, type ChunkList, type ChunkListBuilder } from '../chunk-list.ts';
import type { ChunkRef, Recipe } from '../recipe.ts';
import { createBases, createLookup, type Bases, type Lookup } from './bases.ts';
import type { ChunkPlaces } from './chunk-model.ts';
import { createTemplateList, latin1, readEntry, type TemplateList } from './entry.ts';
import { createShaper } from './extension.ts';
import { createMatching } from './matching.ts';
import { codeRecipe, type Source } from './model.ts';
import { createBitEncoder, type Account } from './range-coder.ts';
import { indexOf } from './recipe-index.ts';
import { createRowMap, type RowPlaces } from './row-map.ts';

export interface EncodedDifference extends RowPlaces {
  readonly bytes: Uint8Array;
  /** Chunks of the target that no base has, each once, in the order of their first use. */
  readonly fresh: ChunkList;
}

/**
 * @param bases recipes that the receiver has, in an order that it knows.
 * @param streams ids of streams that the receiver knows of, in an order that it knows; to nest one of them costs next to nothing.
 * @param account takes the bits spent by column, where given.
 */
export function encodeDifference(
  target: Recipe,
  bases: readonly Recipe[],
  streams: readonly Id[] = [],
  account?: Account,
): EncodedDifference {
  const all = createBases(bases);
  const lookup = createLookup(all);
  const coder = createBitEncoder(account);
  const templates = createTemplateList(all.templates);
  const rows = createRowMap(all);
  const fresh = createChunkList();
  codeRecipe({
    coder,
    bases: all,
    templates,
    places: createPlaces(all, lookup, fresh, () => rows.addFresh()),
    streams,
    source: createSource(target, all, lookup, templates),
    sink: {
      atRow: (row) => rows.atRow(row),
      row: (_fields, baseEntry) => rows.addRow(baseEntry),
      end() {},
    },
  });
  fresh.trim();
  return { bytes: coder.finish(), fresh, ...rows.finish() };
}

function createSource(target: Recipe, bases: Bases, lookup: Lookup, templates: TemplateList): Source {
  const { entryStarts } = indexOf(target);
  const shaper = createShaper(templates);
  const numbers: number[] = [];
  const numberOf = (index: number): number => (numbers[index] ??= templates.add(latin1(target.templates[index] as Uint8Array)));
  let count = 0;
  return {
    entryCount: entryStarts.length,
    next() {
      const start = entryStarts[count++] as number;
      const entry = readEntry(target, start, entryStarts[count] ?? target.rowCount, numberOf, templates);
      return { entry, extensions: shaper.shape(entry) };
    },
    choose: createMatching(bases, lookup, target),
    zeroTail: target.zeroTail,
    tail: target.tail,
  };
}

function createPlaces(bases: Bases, lookup: Lookup, fresh: ChunkListBuilder, onFresh: () => void): ChunkPlaces {
  const index = createIdIndex(16, (number) => fresh.at(number).id);
  return {
    baseCount: bases.chunkCount,
    baseChunk: (number) => bases.chunk(number),
    get freshCount() {
      return fresh.length;
    },
    freshChunk: (number) => fresh.at(number),
    addFresh(chunk) {
      const added = chunk as ChunkRef;
      index.add(added.id, fresh.length);
      fresh.push(added.id, added.length);
      onFresh();
      return added;
    },
    findBase: (chunk) => ofLength(chunk, lookup.chunkById(chunk.id), (number) => bases.chunk(number)),
    findFresh: (chunk) => ofLength(chunk, index.find(chunk.id), (number) => fresh.at(number)),
  };
}

/** An id stands for bytes and so for their number; a recipe that says otherwise must not become another one. */
function ofLength({ length }: ChunkRef, number: number | undefined, at: (number: number) => ChunkRef): number | undefined {
  return number !== undefined && at(number).length === length ? number : undefined;
}
