/** Where everything lies. */

/** Places of four bytes by their hashes, each an address and the four bytes: finder.ts. */
export const SHORT_BITS: u64 = 15;
export const LONG_BITS: u64 = 17;
export const SHORT_PLACES: usize = 64 * 1024;
export const LONG_PLACES: usize = SHORT_PLACES + 32768 * 8;
export const PLACES_END: usize = LONG_PLACES + 131072 * 8;
/** Tables of the three codes of sequences, see table.ts: of the encoder's block before, predefined, made for this block, read from it. */
export const TABLE_BYTES: usize = 2048;
export const BEFORE: usize = PLACES_END;
export const PREDEFINED: usize = BEFORE + 3 * TABLE_BYTES;
export const MADE: usize = PREDEFINED + 3 * TABLE_BYTES;
export const READ: usize = MADE + 3 * TABLE_BYTES;
/** The table of the weights of a Huffman tree. */
export const WEIGHTS_TABLE: usize = READ + 3 * TABLE_BYTES;
/** Decoders of tables: 512 states of a word each. */
export const DECODERS: usize = WEIGHTS_TABLE + TABLE_BYTES;
export const DECODER_BYTES: usize = 2048;
/** Huffman trees, see tree.ts, likewise: before, made, read. */
export const TREE_BYTES: usize = 1024;
export const TREE_BEFORE: usize = DECODERS + 3 * DECODER_BYTES;
export const TREE_MADE: usize = TREE_BEFORE + TREE_BYTES;
export const TREE_READ: usize = TREE_MADE + TREE_BYTES;
/** Of the tree that is used: code and its bits * 65,536, words; symbol and its bits * 256 for every possible next 11 bits. */
export const HUFFMAN_CODES: usize = TREE_READ + TREE_BYTES;
export const HUFFMAN_DECODER: usize = HUFFMAN_CODES + 1024;
/** Building of tables and trees. */
export const SPREAD: usize = HUFFMAN_DECODER + 4096;
export const CUMULATED: usize = SPREAD + 512;
export const COUNTS: usize = CUMULATED + 1024;
export const LEAVES: usize = COUNTS + 1024;
export const NODES: usize = LEAVES + 2048;
export const WEIGHTS: usize = NODES + 8192;
/** Codes of literal and match lengths, their extra bits, their least values: codes.ts. */
export const LENGTH_TABLES: usize = WEIGHTS + 512;
/** Distances that can be repeated, three words: those the decoder knows, those while sequences are found. */
export const REPEATS: usize = LENGTH_TABLES + 2048;
export const REPEATS_FOUND: usize = REPEATS + 16;
/** State of the checksum. */
export const CHECKSUM: usize = REPEATS_FOUND + 16;
/** Sequences of the block at hand, 16 bytes each: sequences.ts. */
export const BLOCK_BYTES_MAX: u32 = 131072;
export const SEQUENCES: usize = 2 * 1024 * 1024;
export const SEQUENCES_MAX: u32 = 43691;
/** Literals of the block at hand, plain and compressed. */
export const LITERALS: usize = SEQUENCES + <usize>SEQUENCES_MAX * 16 + 4096;
export const CODED_LITERALS: usize = LITERALS + <usize>BLOCK_BYTES_MAX + 4096;
/** A block that comes in, with its header. */
export const BLOCK_IN: usize = CODED_LITERALS + 256 * 1024;
/** A block that goes out, with its header. */
export const BLOCK_OUT: usize = BLOCK_IN + <usize>BLOCK_BYTES_MAX + 4096;
export const BLOCK_OUT_BYTES: usize = 1024 * 1024;
/** The record of a block, out or in. */
export const RECORD: usize = BLOCK_OUT + BLOCK_OUT_BYTES;
export const RECORD_BYTES: usize = 1280 * 1024;
/** Plain bytes: the window, and as much again before they are moved down. */
export const WINDOW: u32 = 8 * 1024 * 1024;
export const PLAIN: usize = RECORD + RECORD_BYTES;
export const PLAIN_BYTES: usize = 2 * <usize>WINDOW + <usize>BLOCK_BYTES_MAX;
export const MEMORY_END: usize = PLAIN + PLAIN_BYTES + 4096;
