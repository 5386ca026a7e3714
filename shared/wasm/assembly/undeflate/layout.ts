/** Where everything lies. The first part is that of ../deflate/layout: trees, and tables of codes. */

/** The last position of each hash, 17 bits at most: chains.ts; of 14 bits: chunks.ts. */
export const HEADS: usize = 512 * 1024;
export const HEADS_BYTES: usize = 131072 * 2;
/** Of each position (modulo 65,536) the four places before it with its hash: chains.ts. */
export const LINKS: usize = HEADS + HEADS_BYTES;
export const LINKS_BYTES: usize = 65536 * 8;
/** Decoding: symbol * 16 + bits of every possible next 11 (10) bits; 0 where the code is longer. */
export const LITERAL_DECODER: usize = LINKS + LINKS_BYTES;
export const LITERAL_DECODER_BITS: u32 = 11;
export const DISTANCE_DECODER: usize = LITERAL_DECODER + 4096 * 2;
export const DISTANCE_DECODER_BITS: u32 = 10;
/** For longer codes: counts by length, and the symbols in the order of their codes. */
export const LITERAL_COUNTS: usize = DISTANCE_DECODER + 2048;
export const LITERAL_ORDER: usize = LITERAL_COUNTS + 64;
export const DISTANCE_COUNTS: usize = LITERAL_ORDER + 1024;
export const DISTANCE_ORDER: usize = DISTANCE_COUNTS + 64;
/** Headers of blocks, see header.ts: the one that was read last, that of the block at hand, and as the encoder would write it. */
export const READ: usize = DISTANCE_ORDER + 1024;
export const ACTUAL: usize = READ + 2048;
export const PLANNED: usize = ACTUAL + 2048;
export const PLANNED_BEFORE: usize = PLANNED + 2048;
/** Codes of the block that is written: code, and its bits * 65,536, words. */
export const LITERAL_CODES: usize = PLANNED_BEFORE + 2048;
export const DISTANCE_CODES: usize = LITERAL_CODES + 288 * 4;
export const RUN_CODES: usize = DISTANCE_CODES + 32 * 4;
/** Of lengths and of distances, with extra bits; and the next code of each length: codes.ts. */
export const LENGTH_WORDS: usize = RUN_CODES + 32 * 4;
export const DISTANCE_WORDS: usize = LENGTH_WORDS + 256 * 4;
export const CODES_NEXT: usize = DISTANCE_WORDS + 512 * 8;
/** Sorting and merging of frequencies: merge.ts. */
export const LEAVES: usize = CODES_NEXT + 64;
export const MERGED: usize = LEAVES + 2048;
export const MERGED_BYTES: usize = 16 * 640 * 4;
/** Tokens of a chunk for encoders that work by chunks. */
export const CHUNK_TOKENS: usize = 1408 * 1024;
export const CHUNK_TOKENS_BYTES: usize = 256 * 1024;
/** The last two places of each seven bytes: tables.ts. */
export const LONG_PLACES: usize = CHUNK_TOKENS + CHUNK_TOKENS_BYTES;
export const LONG_PLACES_BYTES: usize = 32768 * 8;
/** Compressed bytes that come in, or go out. */
export const COMPRESSED: usize = LONG_PLACES + LONG_PLACES_BYTES;
export const COMPRESSED_BYTES: usize = 256 * 1024;
/** Corrections, out or in. */
export const CORRECTIONS: usize = COMPRESSED + COMPRESSED_BYTES + 4096;
export const CORRECTIONS_BYTES: usize = 128 * 1024;
/** Plain bytes: positions are offsets from here. The first are never used, so that 0 is no position. */
export const PLAIN: usize = CORRECTIONS + CORRECTIONS_BYTES + 4096;
export const PLAIN_FIRST: u32 = 65536;
export const PLAIN_BYTES: u32 = 1024 * 1024;
/** Kept behind the position of the predictor when the plain bytes are moved down: the window, and a stored block. */
export const PLAIN_KEPT: u32 = 98304 + 1024;
/** Tokens, words: those of the block at hand, or all that were read and not looked at. */
export const TOKENS: usize = PLAIN + PLAIN_BYTES + 4096;
export const TOKENS_MAX: u32 = 1024 * 1024;
export const MEMORY_END: usize = TOKENS + <usize>TOKENS_MAX * 4 + 4096;
