/**
 * The old bytes that are expected to come again: those of the base under the current piece, or those behind an earlier occurrence
 * of the last bytes. And how well they have done lately.
 */
/** The address of the byte expected next; bytes around it may be read. */
export let old: usize = 0;
/** One bit for each of the last 32 bytes, the newest lowest: it was as expected. */
export let hits: u32 = 0;
/** Bytes as expected since the last that was not; and how many there were before that one, at most 255. */
export let run: u32 = 0;
export let lastRun: u32 = 0;
/** The differences of the last four bytes to what was expected, the newest lowest. */
export let differences: u32 = 0;

export function startOldBytes(): void {
  old = 0;
  hits = 0;
  run = 0;
  lastRun = 0;
  differences = 0;
}

export function expect(at: usize): void {
  old = at;
}

/** Takes a byte that came where `expected` was expected. */
export function passExpected(byte: u32, expected: u32): void {
  differences = (differences << 8) | ((byte - expected) & 255);
  if (byte == expected) {
    hits = (hits << 1) | 1;
    run++;
  } else {
    hits <<= 1;
    lastRun = min(run, 255);
    run = 0;
  }
}

/** Takes a byte that came where nothing was expected. */
export function passUnexpected(byte: u32): void {
  differences = (differences << 8) | byte;
  hits <<= 1;
  run = 0;
}

/** Takes a long run of bytes as expected, which ended or was cut. */
export function passRun(): void {
  hits = u32.MAX_VALUE;
  differences = 0;
  run = 0;
}
