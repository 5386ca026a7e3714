/** The receiving side of a recipe difference. Format: shared/DIFFERENCE.md. */
import { TransferError } from '../../errors.ts';
import { ID_BYTES, asId, type Id } from '../../hash.ts';
import { createNumberColumn, words, type NumberColumn } from '../columns.ts';
import type { ChunkRef, Recipe } from '../recipe.ts';
import { createRecipeTable, type RecipeTable } from '../table.ts';
import { createBases, type Bases } from './bases.ts';
import type { ChunkPlaces } from './chunk-model.ts';
import { NO_ENTRY } from './cursors.ts';
import { LITERAL, NO_FIELDS, createTemplateList, latin1Bytes, rowOf, type TemplateList } from './entry.ts';
import { NO_EXTENSIONS } from './extension.ts';
import { codeRecipe, type Sink, type Source } from './model.ts';
import { createBitDecoder } from './range-coder.ts';
import { createRowMap, type RowMap, type RowPlaces } from './row-map.ts';

/** Ids by number, as an array has them. */
export interface IdList {
  readonly length: number;
  at(index: number): Id | undefined;
}

export interface DecodedDifference extends RowPlaces {
  /** Lengths in bytes of the chunks that no base has, in the order of their first use. */
  readonly freshLengths: Uint32Array;
  /**
   * The recipe; to be called once.
   * @param ids of the fresh chunks, in order.
   * @param id of the stream that the recipe rebuilds; whether it does is for the caller to check.
   */
  resolve(ids: IdList, id: Id): Recipe;
}

/**
 * @param bases the recipes that the difference was made with, in the same order.
 * @param streams as for `encodeDifference`.
 * @throws TransferError PROTOCOL_VIOLATION for bytes that are no difference to these bases, LIMIT_EXCEEDED for a recipe beyond a limit.
 */
export function decodeDifference(bytes: Uint8Array, bases: readonly Recipe[], streams: readonly Id[] = []): DecodedDifference {
  const { freshLengths, rows, table, numbers } = decode(bytes, createBases(bases), streams);
  return {
    freshLengths,
    ...rows.finish(),
    resolve(ids, id) {
      if (ids.length !== freshLengths.length) throw new TransferError('INTERNAL', `${ids.length} ids for ${freshLengths.length} chunks`);
      for (let place = 0; place < numbers.length; place++) {
        const number = numbers.at(place);
        if (number > 0) table.nameChunk(place, ids.at(number - 1) as Id);
      }
      return table.finish(id);
    },
  };
}

/** While decoding, nobody asks for the target. */
const NO_SOURCE: Source = {
  entryCount: 0,
  next: () => ({ entry: { extensions: [], main: NO_FIELDS, path: '', link: '' }, extensions: NO_EXTENSIONS }),
  choose: () => NO_ENTRY,
  zeroTail: 0,
  tail: [],
};
const NO_ID = asId(new Uint8Array(ID_BYTES));

/** A chunk whose id is not known yet. */
interface FreshRef extends ChunkRef {
  /** Its number among the fresh ones, and one. */
  readonly fresh: number;
}

/** The table without the ids of fresh chunks, and for each of its chunks, in order, the number of the fresh one that it is, and one; else 0. */
function decode(bytes: Uint8Array, bases: Bases, streams: readonly Id[]) {
  const coder = createBitDecoder(bytes);
  const templates = createTemplateList(bases.templates);
  const table = createRecipeTable();
  const rows = createRowMap(bases);
  const freshLengths = createNumberColumn(words);
  const numbers = createNumberColumn(words);
  const freshRef = (number: number): FreshRef => ({ id: NO_ID, length: freshLengths.at(number), fresh: number + 1 });
  const places: ChunkPlaces = {
    baseCount: bases.chunkCount,
    baseChunk: (number) => bases.chunk(number),
    get freshCount() {
      return freshLengths.length;
    },
    freshChunk: freshRef,
    addFresh(_chunk, length) {
      rows.addFresh();
      freshLengths.push(length);
      return freshRef(freshLengths.length - 1);
    },
    findBase: () => undefined,
    findFresh: () => undefined,
  };
  codeRecipe({ coder, bases, templates, places, streams, source: NO_SOURCE, sink: createSink(table, templates, rows, numbers) });
  coder.finish();
  numbers.trim();
  return { table, freshLengths: Uint32Array.from({ length: freshLengths.length }, (_, fresh) => freshLengths.at(fresh)), rows, numbers };
}

function createSink(table: RecipeTable, templates: TemplateList, rows: RowMap, numbers: NumberColumn): Sink {
  const indexes: number[] = [];
  const indexOf = (template: number): number => {
    if (template === LITERAL) return LITERAL;
    return (indexes[template] ??= table.template(latin1Bytes(templates.at(template))));
  };
  const note = (chunks: readonly (ChunkRef | FreshRef)[]): void => {
    for (const chunk of chunks) numbers.push('fresh' in chunk ? chunk.fresh : 0);
  };
  return {
    atRow: (row) => rows.atRow(row),
    row(fields, baseEntry) {
      rows.addRow(baseEntry);
      note(fields.chunks);
      ofPeer(() => table.append(rowOf(fields, indexOf(fields.template))));
    },
    end(zeroTail, tail) {
      ofPeer(() => {
        table.setZeroTail(zeroTail);
        note(tail);
        for (const chunk of tail) table.pushChunk(chunk.id, chunk.length);
      });
    },
  };
}

/** What the table finds wrong with a row is the peer's doing here. */
function ofPeer(append: () => void): void {
  try {
    append();
  } catch (error) {
    if (!(error instanceof TransferError && error.code === 'INTEGRITY')) throw error;
    throw new TransferError('PROTOCOL_VIOLATION', error.message, { cause: error });
  }
}
