/** The columns of an encoded recipe, in the order they are written, and what both directions of the codec share (RECIPE.md, "At rest"). */

export const RECIPE_VERSION = 1;
/** The columns follow, compressed. Other codecs are for recipes that lean on another recipe. */
export const CODEC_PLAIN = 0;
/** The same for a wrapped stream, behind its method and its length. */
export const CODEC_WRAPPED = 1;
/** As the first, for a recipe that nests streams. */
export const CODEC_NESTING = 2;

export const COLUMN_NAMES = [
  'templates',
  'templateOf',
  'literals',
  'nameShared',
  'nameRest',
  'nameBytes',
  'linkLengths',
  'linkBytes',
  'modes',
  'uids',
  'gids',
  'mtimes',
  'sizes',
  'bodies',
  'bodyBytes',
  'inlineBytes',
  'paddings',
  'paddingBytes',
  'chunkCounts',
  'chunkLengths',
  'chunkIds',
  'nestedIds',
] as const;

export type ColumnName = (typeof COLUMN_NAMES)[number];

/** Signed numbers as unsigned ones, small ones staying small: 0, -1, 1, -2 become 0, 1, 2, 3. */
export function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
