/** The distribution that an encoder makes of how often symbols occur, for a table: FSE's, as Klaus Post's fse and zstd have it. */
import { highBit } from './bits';
import { normOf, setNorm, setSizes } from './table';

const UNASSIGNED: i32 = -2;

/**
 * The size of a table for `total` symbols, `symbols` being one more than the last. The subtraction wraps in eight bits where there are few.
 * `totalBits`: of the total, or of one less, for the least size.
 */
export function tableLog(logMax: u32, total: u32, totalBits: u32, symbols: u32): u32 {
  const least = min(totalBits, highBit(symbols - 1) + 2);
  let log = min(logMax, (highBit(total - 1) - 2) & 255);
  log = max(log, least);
  return min(max(log, 5), logMax);
}

/** Makes the norms of a table from counts (words). False where that fails: the encoder then makes no table. */
export function distribute(table: usize, counts: usize, symbols: u32, total: u32, log: u32): bool {
  setSizes(table, log, symbols);
  const scale: u64 = 62 - log;
  const step = ((<u64>1) << 62) / total;
  const low = total >>> log;
  let left: i32 = 1 << log;
  let largest: u32 = 0;
  let largestNorm: i32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (<usize>symbol << 2));
    if (count == 0) setNorm(table, symbol, 0);
    else if (count <= low) {
      setNorm(table, symbol, -1);
      left--;
    } else {
      const share = <u64>count * step;
      let norm = <i32>(share >> scale);
      if (norm < 8 && share - (<u64>norm << scale) > (<u64>1 << (scale - 20)) * roundingOf(norm)) norm++;
      if (norm > largestNorm) {
        largestNorm = norm;
        largest = symbol;
      }
      setNorm(table, symbol, norm);
      left -= norm;
    }
  }
  if (-left >= normOf(table, largest) >> 1) return distributeAgain(table, counts, symbols, total, log);
  setNorm(table, largest, normOf(table, largest) + left);
  return true;
}

/** What a small norm's remainder must exceed to be rounded up, of 2^20. */
function roundingOf(norm: i32): u64 {
  if (norm < 2) return norm == 0 ? 0 : 473195;
  if (norm < 4) return norm == 2 ? 504333 : 520860;
  if (norm < 6) return norm == 4 ? 550000 : 700000;
  return norm == 6 ? 750000 : 830000;
}

let distributed: u32 = 0;
let rest: u32 = 0;

/** Where rounding made too much of the largest: what is rare gets one, the others share what is left. */
function distributeAgain(table: usize, counts: usize, symbols: u32, total: u32, log: u32): bool {
  distributed = 0;
  rest = total;
  const low = total >>> log;
  let one = (total * 3) >>> (log + 1);
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = load<u32>(counts + (<usize>symbol << 2));
    if (count == 0) setNorm(table, symbol, 0);
    else if (count <= low) assign(table, symbol, -1, count);
    else if (count <= one) assign(table, symbol, 1, count);
    else setNorm(table, symbol, UNASSIGNED);
  }
  let left = (1 << log) - distributed;
  if (left != 0 && rest / left > one) {
    one = (rest * 3) / (left * 2);
    for (let symbol: u32 = 0; symbol < symbols; symbol++) {
      const count = load<u32>(counts + (<usize>symbol << 2));
      if (normOf(table, symbol) == UNASSIGNED && count <= one) assign(table, symbol, 1, count);
    }
    left = (1 << log) - distributed;
  }
  if (left == 0) return false;
  return rest == 0 ? shareAmongOnes(table, symbols, left) : shareRest(table, counts, symbols, left, log);
}

/** All were rare: those that have one get what is left in turns. */
function shareAmongOnes(table: usize, symbols: u32, left: u32): bool {
  if (distributed == 0) return false;
  let isAny = false;
  for (let symbol: u32 = 0; left > 0; symbol = (symbol + 1) % symbols) {
    if (normOf(table, symbol) > 0) {
      setNorm(table, symbol, normOf(table, symbol) + 1);
      left--;
      isAny = true;
    } else if (symbol + 1 == symbols && !isAny) return false;
  }
  return true;
}

function assign(table: usize, symbol: u32, norm: i32, count: u32): void {
  setNorm(table, symbol, norm);
  distributed++;
  rest -= count;
}

function shareRest(table: usize, counts: usize, symbols: u32, left: u32, log: u32): bool {
  const scale: u64 = 62 - log;
  const middle: u64 = ((<u64>1) << (scale - 1)) - 1;
  const step = (((<u64>1) << scale) * left + middle) / rest;
  let sum = middle;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    if (normOf(table, symbol) != UNASSIGNED) continue;
    const end = sum + <u64>load<u32>(counts + (<usize>symbol << 2)) * step;
    const norm = <i32>(end >> scale) - <i32>(sum >> scale);
    if (norm < 1) return false;
    setNorm(table, symbol, norm);
    sum = end;
  }
  return true;
}
