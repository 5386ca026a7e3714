/**
 * A whole recipe, entry by entry, written once for both directions: encoding, the entries come from `Source`; decoding, its answers
 * are ignored and the models tell. Order of the symbols: shared/DIFFERENCE.md.
 */
import { TransferError } from '../../errors.ts';
import type { Id } from '../../hash.ts';
import { RECIPE_BYTES_MAX, RECIPE_NUMBER_MAX, RECIPE_ROWS_MAX } from '../../limits.ts';
import type { ChunkRef } from '../recipe.ts';
import type { Bases } from './bases.ts';
import { createChunkModel, type ChunkModel, type ChunkPlaces } from './chunk-model.ts';
import { createBits } from './decision.ts';
import { createEntryModel, type EntrySource, type Pending } from './entry-model.ts';
import type { Fields, TemplateList } from './entry.ts';
import { unshape } from './extension.ts';
import type { MtimeModel } from './mtime-model.ts';
import { createNumberModel } from './number.ts';
import type { BitCoder } from './range-coder.ts';
import { groupOf } from './write-order.ts';

/** The target, while encoding. */
export interface Source extends EntrySource {
  readonly entryCount: number;
  readonly zeroTail: number;
  readonly tail: readonly ChunkRef[];
}

/** What comes out, in order. */
export interface Sink {
  /** The chunks that are coded next belong to this row; -1 for the tail. */
  atRow(row: number): void;
  row(fields: Fields, baseEntry: number): void;
  end(zeroTail: number, tail: readonly ChunkRef[]): void;
}

export interface RecipeCoding {
  readonly coder: BitCoder;
  readonly bases: Bases;
  /** Templates of the bases, then the target's. */
  readonly templates: TemplateList;
  readonly places: ChunkPlaces;
  /** Streams that nested bodies may refer to. */
  readonly streams: readonly Id[];
  readonly source: Source;
  readonly sink: Sink;
}

/** Mtimes are coded a block of entries at a time. A block ends where a package does, between these; or when its texts are this long. */
const BLOCK_ENTRIES_MIN = 4096;
const BLOCK_ENTRIES_MAX = 16384;
const BLOCK_TEXT_BYTES = 4 * 1024 * 1024;
/** Zeros behind the rows that are expected without a base: two blocks, the end of an archive. */
const ZERO_TAIL = 1024;

/**
 * Codes a recipe through `coding.coder`.
 * @throws TransferError PROTOCOL_VIOLATION, LIMIT_EXCEEDED while decoding.
 */
export function codeRecipe(coding: RecipeCoding): void {
  const { coder, places, source, sink } = coding;
  coder.enter('frame');
  const entryCount = createNumberModel(1).code(coder, 0, source.entryCount);
  if (entryCount > RECIPE_ROWS_MAX) throw new TransferError('LIMIT_EXCEEDED', `a recipe of ${entryCount} entries`);
  const chunks = createChunkModel(places);
  const model = createEntryModel(coding, chunks, entryCount);
  let rowCount = 0;
  let block: Pending[] = [];
  let blockBytes = 0;
  let bytes = 0;
  for (let index = 0; index < entryCount; index++) {
    const pending = model.code(index === entryCount - 1, rowCount);
    rowCount += pending.extensions.shape.extensions.length + (pending.main ? 1 : 0);
    if (endsBlock(block, blockBytes, pending)) {
      codeBlock(coder, model.mtimes, block, sink);
      block = [];
      blockBytes = 0;
    }
    block.push(pending);
    blockBytes += textBytes(pending);
    bytes += textBytes(pending);
    // All of these stand in rows, too, so a recipe within its limits stays within this.
    if (bytes > RECIPE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `more than ${RECIPE_BYTES_MAX} bytes of paths in one recipe`);
  }
  codeBlock(coder, model.mtimes, block, sink);
  codeEnd(coding, chunks, model.lastBase());
}

function textBytes({ path, link, extensions }: Pending): number {
  let bytes = path.path.length + link.length;
  for (const { length } of extensions.values) bytes += length;
  return bytes;
}

function endsBlock(block: readonly Pending[], bytes: number, next: Pending): boolean {
  if (block.length >= BLOCK_ENTRIES_MAX || bytes >= BLOCK_TEXT_BYTES) return true;
  return block.length >= BLOCK_ENTRIES_MIN && groupOf((block.at(-1) as Pending).path) !== groupOf(next.path);
}

/** The mtimes of a block of entries; its rows are complete then. */
function codeBlock(coder: BitCoder, mtimes: MtimeModel, block: readonly Pending[], sink: Sink): void {
  const dated = block.flatMap((pending) => pending.dated ?? []);
  mtimes.code(coder, dated);
  for (const { path, link, extensions, main, baseEntry } of block) {
    if (extensions.shape.extensions.length > 0) {
      for (const extension of unshape(extensions, path.path, link, main?.mtime ?? 0)) sink.row(extension, -1);
    }
    if (main) sink.row(main, baseEntry);
  }
}

/** Zeros and plain content behind the rows. */
function codeEnd({ coder, source, sink, bases }: RecipeCoding, chunks: ChunkModel, lastBase: number): void {
  coder.enter('frame');
  const flags = createBits(2);
  const numbers = createNumberModel(2);
  const base = bases.recipes[lastBase];
  const likely = base?.zeroTail ?? ZERO_TAIL;
  const isLikely = flags.code(coder, 0, source.zeroTail === likely ? 1 : 0) === 1;
  const zeroTail = isLikely ? likely : numbers.code(coder, 0, source.zeroTail);
  let tail: readonly ChunkRef[] = [];
  if (flags.code(coder, 1, source.tail.length > 0 ? 1 : 0) === 1) {
    let sourceBytes = 0;
    for (const { length } of source.tail) sourceBytes += length;
    const bytes = numbers.code(coder, 1, sourceBytes);
    if (bytes > RECIPE_NUMBER_MAX) throw new TransferError('LIMIT_EXCEEDED', `a tail of ${bytes} bytes`);
    sink.atRow(-1);
    coder.enter('chunk');
    if (base && base.tail.length > 0) chunks.expect(bases.firstTailChunk(lastBase));
    tail = chunks.code(coder, bytes, source.tail);
  }
  sink.end(zeroTail, tail);
}
