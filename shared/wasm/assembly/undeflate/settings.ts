/** Which encoder is predicted: numbers that deflate/makers.ts chooses. */

/** How matches are found: see predict.ts. */
export const NO_MATCHES: u32 = 0;
export const ZLIB_LAZY: u32 = 1;
export const ZLIB_FAST: u32 = 2;
export const GO_LAZY: u32 = 3;
export const GO_FAST: u32 = 4;
export const GO_SPEED: u32 = 5;
export const TABLES: u32 = 6;

/** Where blocks end: by the number of tokens; also early, as gzip does; by chunks of the plain bytes. */
export const RULE_TOKENS: u32 = 0;
export const RULE_GZIP: u32 = 1;
export const RULE_CHUNK: u32 = 2;

export let finder: u32 = 0;
/** Whether that is by looking at the next position too. */
export let isLazy: bool = false;
export let hashKind: u32 = 0;
/** From this length on a match is good enough to look less; to not look for a better one; to stop looking; places to look at. */
export let good: u32 = 0;
export let lazy: u32 = 0;
export let nice: u32 = 0;
export let looks: u32 = 0;
export let blockRule: u32 = 0;
/** Tokens of a full block, or bytes of a chunk; 0: blocks do not end by themselves. */
export let blockSize: u32 = 0;
/** Whether blocks are made the way of Go: its trees, its order of lengths, its empty last block. */
export let isGo: bool = false;
/** After so many plain bytes the encoder starts anew, with the window behind as a dictionary; 0: never. */
export let segmentBytes: u32 = 0;
/** Plain bytes that must be known ahead of the predictor. */
export let aheadBytes: u32 = 0;

export function setSettings(
  newFinder: u32,
  newHashKind: u32,
  newGood: u32,
  newLazy: u32,
  newNice: u32,
  newLooks: u32,
  newBlockRule: u32,
  newBlockSize: u32,
  newIsGo: u32,
  newSegmentBytes: u32,
): void {
  finder = newFinder;
  isLazy = newFinder == ZLIB_LAZY || newFinder == GO_LAZY;
  hashKind = newHashKind;
  good = newGood;
  lazy = newLazy;
  nice = newNice;
  looks = newLooks;
  blockRule = newBlockRule;
  blockSize = newBlockSize;
  isGo = newIsGo != 0;
  segmentBytes = newSegmentBytes;
  aheadBytes = newFinder >= GO_SPEED ? 65536 + 1024 : 1024;
}
