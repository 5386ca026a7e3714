/** The encoders that are predicted, by number: part of the format of a reconstruction (DEFLATE.md). */

/** An encoder and its level: family * 16 + level. */
export type Maker = number;

/** What the kernel is told of one: wasm/assembly/undeflate/settings.ts. */
export interface MakerSettings {
  readonly finder: number;
  readonly hashKind: number;
  readonly good: number;
  readonly lazy: number;
  readonly nice: number;
  readonly looks: number;
  readonly blockRule: number;
  readonly blockSize: number;
  readonly isGo: boolean;
}

const FINDER = { none: 0, zlibLazy: 1, zlibFast: 2, goLazy: 3, goFast: 4, goSpeed: 5, tables: 6 } as const;
const HASH = { zlib: 0, zlibLarge: 1, chromium: 2, go: 3 } as const;
const RULE = { tokens: 0, gzip: 1, chunk: 2 } as const;
const GO_CHUNK_BYTES = 65_535;

/** The families, in the order of their numbers. */
const GZIP = 0;
const ZLIB = 1;
const ZLIB_LARGE = 2;
const CHROMIUM = 3;
const CHROMIUM_LARGE = 4;
const GO = 5;
const OTHER = 6;
const OTHER_MERGED = 7;
const KLAUSPOST = 8;
const FAMILY_STEP = 16;

/** good, lazy, nice, looks of levels 1 to 9; what 1 to 3 call lazy is the longest match whose inside can be matched. */
const LEVELS: readonly (readonly [number, number, number, number])[] = [
  [4, 4, 8, 4],
  [4, 5, 16, 8],
  [4, 6, 32, 32],
  [4, 4, 16, 16],
  [8, 16, 32, 32],
  [8, 16, 128, 128],
  [8, 32, 128, 256],
  [32, 128, 258, 1024],
  [32, 258, 258, 4096],
];
/** How long a match of Go's levels 2 and 3 may be for its inside to be found. */
const GO_SKIPS = [5, 6];

/** Nobody in particular: no matches are predicted, and no ends of blocks. */
export const NO_MAKER = maker(OTHER, 0);

/** The common ones first: where several fit alike, the first is taken. */
export const MAKERS: readonly Maker[] = [
  maker(GO, 6),
  maker(GZIP, 9),
  maker(ZLIB, 6),
  maker(CHROMIUM, 6),
  maker(ZLIB, 9),
  maker(GZIP, 6),
  maker(GO, 1),
  maker(CHROMIUM, 9),
  ...[1, 5, 7, 8, 4, 3, 2].flatMap((level) => [GZIP, ZLIB, CHROMIUM, GO].map((family) => maker(family, level))),
  ...[6, 9, 1, 5, 7, 8, 4, 3, 2].flatMap((level) => [ZLIB_LARGE, CHROMIUM_LARGE].map((family) => maker(family, level))),
  maker(KLAUSPOST, 5),
  maker(GO, 9),
  maker(GO, 0),
  maker(OTHER, 9),
  maker(OTHER, 6),
  maker(OTHER_MERGED, 9),
  maker(OTHER_MERGED, 6),
  NO_MAKER,
].filter((one, index, all) => all.indexOf(one) === index);

/** Plain bytes after which some start anew, as powers of two: pigz, pgzip; 0: never. */
export const SEGMENT_POWERS: readonly number[] = [0, 17, 20];

/** Undefined where no maker has this number. */
export function makerSettings(number: Maker): MakerSettings | undefined {
  if (!MAKERS.includes(number)) return undefined;
  const family = Math.floor(number / FAMILY_STEP);
  const level = number % FAMILY_STEP;
  if (family === KLAUSPOST) return { ...goSettings(1), finder: FINDER.tables };
  return family === GO ? goSettings(level) : zlibSettings(family, level);
}

function zlibSettings(family: number, level: number): MakerSettings {
  const [good, lazy, nice, looks] = LEVELS[level - 1] ?? [0, 0, 0, 0];
  const finder = level === 0 ? FINDER.none : level < 4 ? FINDER.zlibFast : FINDER.zlibLazy;
  const isChromium = family === CHROMIUM || family === CHROMIUM_LARGE;
  const hashKind = isChromium ? HASH.chromium : family === ZLIB_LARGE ? HASH.zlibLarge : HASH.zlib;
  const isSmall = family === ZLIB || family === CHROMIUM;
  const blockSize = family >= OTHER ? 0 : (isSmall ? 16_384 : 32_768) - 1;
  const blockRule = family === GZIP && level > 2 ? RULE.gzip : RULE.tokens;
  return { finder, hashKind, good, lazy, nice, looks, blockRule, blockSize, isGo: family === OTHER_MERGED };
}

function goSettings(level: number): MakerSettings {
  const [good, lazy, nice, looks] = LEVELS[level - 1] ?? [0, 0, 0, 0];
  if (level < 2) {
    const finder = level === 0 ? FINDER.none : FINDER.goSpeed;
    return { finder, hashKind: HASH.go, good, lazy, nice, looks, blockRule: RULE.chunk, blockSize: GO_CHUNK_BYTES, isGo: true };
  }
  const isFast = level < 4;
  return {
    finder: isFast ? FINDER.goFast : FINDER.goLazy,
    hashKind: HASH.go,
    good,
    lazy: isFast ? (GO_SKIPS[level - 2] ?? 0) : lazy,
    nice,
    looks,
    blockRule: RULE.tokens,
    blockSize: 16_384,
    isGo: true,
  };
}

function maker(family: number, level: number): Maker {
  return family * FAMILY_STEP + level;
}
