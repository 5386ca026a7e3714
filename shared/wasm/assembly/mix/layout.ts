/**
 * Where the coder's own tables lie. All of them start as zeros; start() of the module that owns a table gives it its first values.
 * Contents, the slot table and the match table lie behind `FIXED_END`, where the caller puts them.
 */
export const SQUASH: usize = 1024;
export const STRETCH: usize = SQUASH + 4096 * 2;
export const RECIPROCALS: usize = STRETCH + 4096 * 2;
export const STATE_NEXT: usize = RECIPROCALS + 256 * 4;
export const STATE_COUNTS: usize = STATE_NEXT + 512;
export const STATE_NUMBERS: usize = STATE_COUNTS + 512;
export const NUMBERS: usize = STATE_NUMBERS + 64 * 64 * 2;

/** The model of bytes. */
export const BYTE_CONTEXTS: u32 = 8;
export const BYTE_HASHES: usize = NUMBERS + 32 * 1024;
export const BYTE_SLOTS: usize = BYTE_HASHES + 64;
export const BYTE_STATES: usize = BYTE_SLOTS + 64;
export const BYTE_INPUTS: usize = BYTE_STATES + 64;
export const BYTE_MAPS: usize = BYTE_INPUTS + 64;
export const GUESS_MAPS: usize = BYTE_MAPS + BYTE_CONTEXTS * 2 * 256 * 4;
export const BYTE_WEIGHTS: usize = GUESS_MAPS + 2 * 65536 * 4;
export const BYTE_WEIGHT_ROWS: u32 = 3 * 2048;
export const BYTE_REFINE: usize = BYTE_WEIGHTS + <usize>BYTE_WEIGHT_ROWS * 64;
export const REFINE_ROW: u32 = 33 * 2;
export const BYTE_REFINE_ROWS: u32 = 1024 + 8192;

/** The model of hits. */
export const HIT_CONTEXTS: u32 = 15;
export const HIT_PLACES: usize = BYTE_REFINE + <usize>BYTE_REFINE_ROWS * REFINE_ROW + 64;
export const HIT_INPUTS: usize = HIT_PLACES + 64;
export const HIT_WEIGHTS: usize = HIT_INPUTS + 64;
export const HIT_WEIGHT_ROWS: u32 = 3 * 2048;
export const HIT_REFINE: usize = HIT_WEIGHTS + <usize>HIT_WEIGHT_ROWS * 64;
export const HIT_REFINE_ROWS: u32 = 32768 + 8192;
export const HIT_TABLES: usize = HIT_REFINE + <usize>HIT_REFINE_ROWS * REFINE_ROW + 64;
export const HIT_TABLE_BITS: u32 = 16;

/** Operands and images. */
export const EXACT_MOVES: usize = HIT_TABLES + ((<usize>HIT_CONTEXTS * 4) << HIT_TABLE_BITS);
export const REGION_MOVES: usize = EXACT_MOVES + (8 << 16);
export const OUTCOMES: usize = REGION_MOVES + (8 << 14);
export const IMAGES: usize = OUTCOMES + 256;
export const SPANS: usize = IMAGES + 64 * 32;
export const FRAME_TABLES: usize = SPANS + 64 * 8 * 16;
export const RECENT_SHIFTS: usize = FRAME_TABLES + 64 * 16;

export const FIXED_END: usize = (RECENT_SHIFTS + 64 + 65535) & ~65535;
