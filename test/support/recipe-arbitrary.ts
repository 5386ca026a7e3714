/** Random recipes that hold together, for property tests. */
import * as fc from 'fast-check';
import { hashBytes, type Id } from '../../shared/hash.ts';
import {
  BODY_CHUNKS,
  BODY_INLINE,
  BODY_NESTED,
  BODY_NONE,
  type BodyKind,
  type ChunkRef,
  type Recipe,
  type Row,
} from '../../shared/recipe/recipe.ts';
import { createRecipeTable } from '../../shared/recipe/table.ts';
import { TEMPLATE_BYTES } from '../../shared/tar/header.ts';

/** The rows and the rest that a recipe was made of. */
export interface RecipeParts {
  readonly templates: readonly Uint8Array[];
  readonly rows: readonly Row[];
  readonly zeroTail: number;
  readonly tail: readonly ChunkRef[];
}

const id: fc.Arbitrary<Id> = fc.nat().map((seed) => hashBytes(Uint8Array.of(seed, seed >> 8, seed >> 16, seed >> 24)));
const chunk: fc.Arbitrary<ChunkRef> = fc.record({ id, length: fc.integer({ min: 1, max: 131_072 }) });
const word = fc.nat({ max: 0xffffffff });
/** Small numbers mostly, and some up to the limit. */
const large = fc.oneof(fc.nat({ max: 5000 }), fc.integer({ min: 0, max: 2 ** 50 }));
const bytesOf = (min: number, max: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: min, maxLength: max });
const path = fc
  .array(fc.constantFrom('usr/', 'lib/', 'node_modules/', 'a', 'b.js'), { maxLength: 8 })
  .map((parts) => Uint8Array.from(Buffer.from(parts.join(''))));

type Body = Pick<Row, 'body' | 'bodyBytes' | 'inline' | 'chunks' | 'nested'>;

const none = { inline: undefined, chunks: [], nested: undefined } as const;
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.constant({ ...none, body: BODY_NONE, bodyBytes: 0 }),
  bytesOf(1, 40).map((inline) => ({ ...none, body: BODY_INLINE as BodyKind, bodyBytes: inline.byteLength, inline })),
  fc
    .array(chunk, { minLength: 1, maxLength: 5 })
    .map((chunks) => ({ ...none, body: BODY_CHUNKS as BodyKind, bodyBytes: sum(chunks), chunks })),
  fc
    .record({ nested: id, bodyBytes: fc.integer({ min: 1, max: 2 ** 50 }) })
    .map((nested) => ({ ...none, body: BODY_NESTED as BodyKind, ...nested })),
);

const row = (templateCount: number): fc.Arbitrary<Row> =>
  fc
    .record({
      header:
        templateCount === 0
          ? fc.record({ template: fc.constant(undefined), literal: bytesOf(512, 512) })
          : fc.oneof(
              { weight: 5, arbitrary: fc.record({ template: fc.nat({ max: templateCount - 1 }), literal: fc.constant(undefined) }) },
              fc.record({ template: fc.constant(undefined), literal: bytesOf(512, 512) }),
            ),
      name: fc.oneof(path, bytesOf(0, 100)),
      link: bytesOf(0, 100),
      mode: word,
      uid: fc.oneof(fc.constant(0), word),
      gid: fc.oneof(fc.constant(0), word),
      mtime: fc.oneof(large, large.map((value) => 0 - value)), // prettier-ignore
      size: fc.option(large, { nil: undefined }),
      body,
      padding: fc.option(bytesOf(0, 511), { nil: undefined }),
    })
    .map(({ header, body: { ...following }, size, ...fields }) => ({
      ...header,
      ...fields,
      ...following,
      size: size ?? following.bodyBytes,
    }));

/** Parts whose lengths add up to less than 2^53. */
export const recipeParts: fc.Arbitrary<RecipeParts> = fc
  .uniqueArray(fc.nat({ max: 255 }), { maxLength: 3 })
  .chain((seeds) =>
    fc.record({
      templates: fc.constant(seeds.map((seed) => new Uint8Array(TEMPLATE_BYTES).fill(seed))),
      rows: fc.array(row(seeds.length), { maxLength: 12 }),
      zeroTail: fc.oneof(fc.constant(1024), large),
      tail: fc.array(chunk, { maxLength: 3 }),
    }),
  )
  .filter(({ rows }) => rows.reduce((total, { bodyBytes }) => total + bodyBytes, 0) < 2 ** 52);

export const recipeId: Id = hashBytes(new Uint8Array(1));

export function buildRecipe({ templates, rows, zeroTail, tail }: RecipeParts): Recipe {
  const table = createRecipeTable();
  for (const template of templates) table.template(template);
  for (const next of rows) table.append(next);
  for (const { id: chunkId, length } of tail) table.pushChunk(chunkId, length);
  table.setZeroTail(zeroTail);
  return table.finish(recipeId);
}

/** All that a recipe says, as plain values that can be compared. */
export function plain(recipe: Recipe): unknown {
  const rows = Array.from({ length: recipe.rowCount }, (_, index) => plainBytes(wholeRow(recipe.row(index))));
  return plainBytes({
    id: recipe.id,
    bytes: recipe.bytes,
    templates: recipe.templates,
    rows,
    zeroTail: recipe.zeroTail,
    tail: recipe.tail,
  });
}

/** All fields of a row, which only reads them when it is asked. */
export function wholeRow(from: Row): Row {
  return {
    template: from.template,
    literal: from.literal,
    name: from.name,
    link: from.link,
    mode: from.mode,
    uid: from.uid,
    gid: from.gid,
    mtime: from.mtime,
    size: from.size,
    body: from.body,
    bodyBytes: from.bodyBytes,
    inline: from.inline,
    chunks: from.chunks,
    nested: from.nested,
    padding: from.padding,
  };
}

/** Bytes of every kind of array as hex. */
export function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plainBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainBytes(inner)]));
}

function sum(chunks: readonly ChunkRef[]): number {
  return chunks.reduce((total, { length }) => total + length, 0);
}
