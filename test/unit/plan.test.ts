import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashBytes } from '../../shared/hash.ts';
import { utf8 } from '../../shared/bytes.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { BODY_CHUNKS, type ChunkRef, type Recipe } from '../../shared/recipe/recipe.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';
import { TEMPLATE_BYTES } from '../../shared/tar/header.ts';
import { planRuns, type PlannedRun, type PlanOptions } from '../../sender/content/plan.ts';

const OPTIONS: PlanOptions = { runBytes: 1000, windowBytes: 4000, baseBytes: 3000, looksForSimilar: 'over held' };

/** A recipe of files: name to lengths of chunks; a chunk is told from others by its file, place and `version`, or is new where `changed` has its place. */
function recipeOf(files: Readonly<Record<string, readonly number[]>>, version: string, changed: ReadonlySet<number> = new Set()): Recipe {
  const table = createRecipeTable();
  const template = table.template(new Uint8Array(TEMPLATE_BYTES));
  for (const [name, lengths] of Object.entries(files)) {
    const chunks: ChunkRef[] = lengths.map((length, i) => ({
      id: hashBytes(utf8(`${name} ${i} ${changed.has(i) ? 'new' : version}`)),
      length,
    }));
    const bytes = lengths.reduce((sum, length) => sum + length, 0);
    const common = { template, literal: undefined, link: new Uint8Array(0), mode: 0o644, uid: 0, gid: 0, mtime: 1 };
    table.append({
      ...common,
      name: utf8(name),
      size: bytes,
      body: BODY_CHUNKS,
      bodyBytes: bytes,
      inline: undefined,
      chunks,
      nested: undefined,
      padding: undefined,
    });
  }
  return table.finish(hashBytes(utf8(`${version} ${[...changed].join()}`)));
}

/** A recipe of nothing but a tail, whose chunks are of `version` where `changed` has their places. */
function tailOf(version: string, count: number, changed: ReadonlySet<number>): Recipe {
  const table = createRecipeTable();
  for (let i = 0; i < count; i++) table.pushChunk(hashBytes(utf8(`${i} ${changed.has(i) ? version : ''}`)), 1000);
  return table.finish(hashBytes(utf8(version)));
}

function plan(
  target: Recipe,
  bases: readonly Recipe[],
  needed?: readonly number[],
  { leansOnTails = true, leansOnHeld = false, options = OPTIONS } = {},
): PlannedRun[] {
  const difference = encodeDifference(target, bases);
  const all = Array.from(difference.fresh, (_, i) => i);
  return [...planRuns({ recipe: target, difference, bases, needed: needed ?? all, leansOnHeld, leansOnTails }, () => options)];
}

describe('plan', () => {
  it('puts small files together, and ends a run when it has enough', () => {
    const runs = plan(recipeOf({ a: [300], b: [300], c: [500], d: [200] }, 'new'), []);
    expect(runs.map(({ fresh, bytes, base }) => [fresh, bytes, base.rows])).toEqual([
      [[0, 1, 2], 1100, false],
      [[3], 200, false],
    ]);
  });

  it('leans on the old versions of the files in the run', () => {
    const old = recipeOf({ a: [300], b: [300], z: [900] }, 'old');
    const [run] = plan(recipeOf({ a: [310], b: [290] }, 'new'), [old]);
    expect(run?.base).toEqual({ rows: true, ranges: [] });
    expect(run?.baseChunks).toEqual([...old.row(0).chunks, ...old.row(1).chunks]);
  });

  it('cuts a large file into windows, each leaning on the same place of the old one', () => {
    const old = recipeOf({ big: Array.from({ length: 20 }, () => 1000) }, 'old');
    const runs = plan(recipeOf({ big: Array.from({ length: 20 }, () => 1000) }, 'new'), [old]);
    expect(runs.map(({ bytes }) => bytes)).toEqual([4000, 4000, 4000, 4000, 4000]);
    for (const [i, { base }] of runs.entries()) {
      const [range] = base.ranges;
      expect(range?.chunkCount).toBeLessThanOrEqual(3);
      expect(Math.abs((range?.firstChunk ?? 0) - i * 4)).toBeLessThanOrEqual(2);
    }
  });

  it('leans on the old content around each change where changes are scattered over a large file', () => {
    const before = Array.from({ length: 40 }, () => 1000);
    const old = recipeOf({ big: before }, 'old');
    const [run, ...others] = plan(recipeOf({ big: before }, 'old', new Set([3, 36])), [old]);
    expect(others).toEqual([]);
    expect(run?.base.ranges).toEqual([
      { base: 0, row: 0, firstChunk: 3, chunkCount: 1 },
      { base: 0, row: 0, firstChunk: 36, chunkCount: 1 },
    ]);
  });

  it('leans a tail on the tail of the first base that has one, around the same places', () => {
    const none = recipeOf({ a: [300] }, 'none');
    const old = tailOf('old', 30, new Set());
    const [run, ...others] = plan(tailOf('new', 30, new Set([4, 20])), [none, old]);
    expect(others).toEqual([]);
    expect(run?.base).toEqual({
      rows: false,
      ranges: [
        { base: 1, row: 0, firstChunk: 4, chunkCount: 1 },
        { base: 1, row: 0, firstChunk: 20, chunkCount: 1 },
      ],
    });
    expect(run?.baseChunks).toEqual([old.tail[4], old.tail[20]]);
    // Without one it is content like any other, as to a receiver that does not know that runs lean on tails.
    expect(plan(tailOf('new', 30, new Set([4, 20])), [none, old], undefined, { leansOnTails: false }).map(({ base }) => base)).toEqual([{ rows: false, ranges: [] }]); // prettier-ignore
    expect(plan(tailOf('new', 2, new Set([0, 1])), [none]).map(({ base }) => base)).toEqual([{ rows: false, ranges: [] }]);
  });

  it('leaves room for content that is alike where it is looked for: for all streams, or for those that lean on what was held', () => {
    const old = recipeOf({ a: [300], big: [2000, 2000, 2000] }, 'old');
    const target = recipeOf({ a: [310], big: [2000, 2000, 2001] }, 'new');
    const room = (options: Parameters<typeof plan>[3]): number[] => plan(target, [old], undefined, options).map(({ similarBytes }) => similarBytes); // prettier-ignore
    expect(room({ leansOnHeld: false })).toEqual([0, 0, 0]);
    expect(room({ leansOnHeld: true })).toEqual([2700, 1500, 1500]);
    expect(room({ options: { ...OPTIONS, looksForSimilar: 'all' } })).toEqual([2700, 1500, 1500]);
  });

  it('plans every needed chunk once, in order, within the bounds', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 8 });
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });
    const files = names.chain((all) => fc.record(Object.fromEntries(all.map((name) => [name, lengths]))));
    fc.assert(
      fc.property(files, files, fc.func(fc.boolean()), (before, after, isNeeded) => {
        const target = recipeOf(after, 'new');
        const bases = [recipeOf(before, 'old')];
        const { fresh } = encodeDifference(target, bases);
        const needed = Array.from(fresh, (_, i) => i).filter((i) => isNeeded(i));
        const runs = plan(target, bases, needed);
        expect(runs.flatMap((run) => run.fresh)).toEqual(needed);
        for (const run of runs) {
          expect(run.bytes).toBeLessThanOrEqual(OPTIONS.windowBytes);
          expect(run.baseChunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBeLessThanOrEqual(OPTIONS.baseBytes);
        }
      }),
    );
  });
});
