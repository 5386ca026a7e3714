/** Counts the tokens of the block at hand: for its trees, and for where it ends. */
import { DISTANCES, distanceCodeAt, END, LENGTHS, LITERALS } from '../deflate/codes';
import { DISTANCE_TREE, LENGTH_CODES, LENGTH_TREE, LITERAL_TREE, EXTRA_BITS } from '../deflate/layout';
import { frequencyOf, setFrequency } from '../deflate/tree';
import { TOKENS_MAX } from './layout';
import { blockStart, memberEnd, setBlockStart } from './plain';
import { blockRule, blockSize, finder, GO_LAZY, RULE_CHUNK, RULE_GZIP, ZLIB_LAZY } from './settings';

const DISTANCE_EXTRA: usize = EXTRA_BITS + 29;
/** gzip guesses at every so many tokens whether to end the block. */
const GUESS_TOKENS: u32 = 4096;

/** Tokens, and matches among them. */
export let tokens: u32 = 0;
let matches: u32 = 0;
/** Whether the rule of the encoder ends the block here. */
export let isFull: bool = false;
/** Whether the rule is off until the next block: the block at hand did not follow it. */
let isRuleOff: bool = false;
let chunkEnd: u32 = 0;

/** Begins with the first block of a member. */
export function startTally(): void {
  startBlock(<u32>blockStart);
  chunkEnd = <u32>blockStart + blockSize;
}

export function startBlock(position: u32): void {
  for (let symbol: u32 = 0; symbol < LITERALS; symbol++) setFrequency(LITERAL_TREE, symbol, 0);
  for (let symbol: u32 = 0; symbol < DISTANCES; symbol++) setFrequency(DISTANCE_TREE, symbol, 0);
  setFrequency(LITERAL_TREE, END, 1);
  tokens = 0;
  matches = 0;
  isFull = false;
  isRuleOff = false;
  setBlockStart(position);
  if (position >= chunkEnd) startChunk(position);
}

/** A chunk of the plain bytes begins. */
export function startChunk(position: u32): void {
  chunkEnd = position + blockSize;
}

export function startLengths(): void {
  for (let symbol: u32 = 0; symbol < LENGTHS; symbol++) setFrequency(LENGTH_TREE, symbol, 0);
}

export function moveChunkEnd(shift: u32): void {
  chunkEnd = chunkEnd > shift ? chunkEnd - shift : 0;
}

/** The block goes on although the rule would have ended it. */
export function turnRuleOff(): void {
  isRuleOff = true;
  isFull = false;
}

/** How many tokens can come before anything depends on their number. */
export function tokensToSpare(): u32 {
  if (isFull) return 0;
  let spare = TOKENS_MAX - 1 - tokens;
  if (isRuleOff || blockSize == 0) return spare;
  if (blockRule == RULE_CHUNK) return 0;
  spare = min(spare, blockSize - 1 - tokens);
  return blockRule == RULE_GZIP ? min(spare, GUESS_TOKENS - 1 - (tokens & (GUESS_TOKENS - 1))) : spare;
}

/** So many that were counted one by one. */
export function addTokens(more: u32, matchesMore: u32): void {
  tokens += more;
  matches += matchesMore;
}

/** @param position where the token starts */
export function tally(token: u32, position: u32): void {
  tokens++;
  let length: u32 = 1;
  if (token < 256) {
    countSymbol(LITERAL_TREE, token);
  } else {
    matches++;
    length = token & 0xffff;
    countSymbol(LITERAL_TREE, 257 + <u32>load<u8>(LENGTH_CODES + length - 3));
    countSymbol(DISTANCE_TREE, <u32>load<u8>(distanceCodeAt((token >>> 16) - 1)));
  }
  if (isRuleOff || blockSize == 0) return;
  if (blockRule == RULE_CHUNK) {
    isFull = position + length == chunkEnd;
    return;
  }
  isFull = tokens == blockSize;
  const isLazy = finder == ZLIB_LAZY || finder == GO_LAZY;
  // The last literal of all comes from behind the loop that looks whether a block is full.
  if (isFull && isLazy && token < 256 && position + 1 == memberEnd) isFull = false;
  if (blockRule != RULE_GZIP || (tokens & (GUESS_TOKENS - 1)) != 0) return;
  // gzip ends a block early where it is clearly getting small.
  const input = <u32>(<i32>position + (isLazy ? 1 : 0) - blockStart);
  if (matches < tokens / 2 && roughBits() >>> 3 < input / 2) isFull = true;
}

function roughBits(): u32 {
  let bits = tokens * 8;
  for (let code: u32 = 0; code < DISTANCES; code++) bits += frequencyOf(DISTANCE_TREE, code) * (5 + <u32>load<u8>(DISTANCE_EXTRA + code));
  return bits;
}

// @ts-ignore: a decorator of the compiler
@inline
export function countSymbol(nodes: usize, symbol: u32): void {
  setFrequency(nodes, symbol, frequencyOf(nodes, symbol) + 1);
}
