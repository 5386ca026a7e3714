/** Where trees and tables of codes lie. */
/** A tree has frequency, length, code and parent of each node, as words. */
export const TREE_NODES: u32 = 573;
export const TREE_BYTES: usize = <usize>TREE_NODES * 16;
export const LITERAL_TREE: usize = 1024;
export const DISTANCE_TREE: usize = LITERAL_TREE + TREE_BYTES;
export const LENGTH_TREE: usize = DISTANCE_TREE + TREE_BYTES;
export const FIXED_LITERAL_TREE: usize = LENGTH_TREE + TREE_BYTES;
export const FIXED_DISTANCE_TREE: usize = FIXED_LITERAL_TREE + TREE_BYTES;
export const HEAP: usize = FIXED_DISTANCE_TREE + TREE_BYTES;
export const DEPTHS: usize = HEAP + <usize>TREE_NODES * 4 + 16;
export const LENGTH_COUNTS: usize = DEPTHS + <usize>TREE_NODES * 4;
export const NEXT_CODES: usize = LENGTH_COUNTS + 64;
export const LENGTH_CODES: usize = NEXT_CODES + 64;
export const DISTANCE_CODES: usize = LENGTH_CODES + 256;
export const EXTRA_BITS: usize = DISTANCE_CODES + 512;
export const BASES: usize = EXTRA_BITS + 96;
