/**
 * A table of finite state entropy: a distribution of its symbols with its description (RFC 8878, 4.1.1), and what an encoder or decoder makes of it.
 * It lies at an address; the room for it is TABLE_BYTES.
 */
import { highBit } from './bits';
import { CUMULATED, SPREAD, TABLE_BYTES } from './layout';

/** What a table is: none, or as sequences name it (RFC 8878, 3.1.1.3.2.1). */
export const NONE: u32 = 4;
export const MODE_PREDEFINED: u32 = 0;
export const MODE_RLE: u32 = 1;
export const MODE_FSE: u32 = 2;
export const MODE_REPEAT: u32 = 3;

const STATES: usize = 0;
const DELTA_BITS: usize = 1024;
const DELTA_STATES: usize = 1280;
const NORMS: usize = 1536;
const FIELDS: usize = 1664;
const DESCRIPTION: usize = 1696;
export const DESCRIPTION_BYTES_MAX: u32 = 256;

export function logOf(table: usize): u32 {
  return load<u32>(table, FIELDS);
}

/** One more than the last symbol. */
export function symbolsOf(table: usize): u32 {
  return load<u32>(table, FIELDS + 4);
}

export function kindOf(table: usize): u32 {
  return load<u32>(table, FIELDS + 8);
}

export function setKind(table: usize, kind: u32): void {
  store<u32>(table, kind, FIELDS + 8);
}

export function descriptionBytes(table: usize): u32 {
  return load<u32>(table, FIELDS + 12);
}

export function descriptionAt(table: usize): usize {
  return table + DESCRIPTION;
}

export function setSizes(table: usize, log: u32, symbols: u32): void {
  store<u32>(table, log, FIELDS);
  store<u32>(table, symbols, FIELDS + 4);
}

/** -1: less than one. */
export function normOf(table: usize, symbol: u32): i32 {
  return load<i16>(table + (<usize>symbol << 1), NORMS);
}

export function setNorm(table: usize, symbol: u32, norm: i32): void {
  store<i16>(table + (<usize>symbol << 1), <i16>norm, NORMS);
}

export function copyTable(to: usize, from: usize): void {
  memory.copy(to, from, TABLE_BYTES);
}

/** A table of one symbol, which takes no bits. */
export function makeSingle(table: usize, symbol: u32): void {
  memory.fill(table, 0, TABLE_BYTES);
  setSizes(table, 0, symbol + 1);
  setKind(table, MODE_RLE);
  setNorm(table, symbol, 1);
  store<u8>(table, <u8>symbol, DESCRIPTION);
  store<u32>(table, 1, FIELDS + 12);
}

/** Whether a symbol can be written with it. */
export function holds(table: usize, symbol: u32): bool {
  return symbol < symbolsOf(table) && normOf(table, symbol) != 0;
}

/** Reads a description between two addresses; false where it is none. */
export function readTable(table: usize, at: usize, end: usize, symbolsMax: u32, logMax: u32): bool {
  let bit: u32 = 4;
  const log: u32 = 5 + (<u32>load<u8>(at) & 15);
  if (at >= end || log > logMax) return false;
  let left: i32 = (1 << log) + 1;
  let threshold: i32 = 1 << log;
  let bits = log + 1;
  let symbol: u32 = 0;
  let wasZero = false;
  while (left > 1) {
    if (wasZero) {
      for (let run: u32 = 3; run == 3; ) {
        run = peek(at, bit) & 3;
        bit += 2;
        for (let i: u32 = 0; i < run && symbol < symbolsMax; i++) setNorm(table, symbol++, 0);
        if (symbol >= symbolsMax) return false;
      }
    }
    if (symbol >= symbolsMax || at + (bit >>> 3) >= end) return false;
    const short = 2 * threshold - 1 - left;
    let value = <i32>(peek(at, bit) & <u32>(2 * threshold - 1));
    if ((value & (threshold - 1)) < short) {
      value &= threshold - 1;
      bit += bits - 1;
    } else {
      if (value >= threshold) value -= short;
      bit += bits;
    }
    const norm = value - 1;
    setNorm(table, symbol++, norm);
    left -= norm < 0 ? -norm : norm;
    wasZero = norm == 0;
    while (left < threshold) {
      bits--;
      threshold >>= 1;
    }
  }
  const bytes = (bit + 7) >>> 3;
  if (left != 1 || at + bytes > end || bytes > DESCRIPTION_BYTES_MAX) return false;
  setSizes(table, log, symbol);
  setKind(table, MODE_FSE);
  store<u32>(table, bytes, FIELDS + 12);
  memory.copy(table + DESCRIPTION, at, bytes);
  return true;
}

// @ts-ignore: a decorator of the compiler
@inline
function peek(at: usize, bit: u32): u32 {
  return load<u32>(at + (bit >>> 3)) >>> (bit & 7);
}

/** Writes the description of its distribution, as every encoder does. */
export function describe(table: usize): void {
  const log = logOf(table);
  let out = table + DESCRIPTION;
  let pending: u64 = log - 5;
  let pendingBits: u32 = 4;
  let left: i32 = (1 << log) + 1;
  let threshold: i32 = 1 << log;
  let bits = log + 1;
  let symbol: u32 = 0;
  let wasZero = false;
  while (left > 1) {
    if (wasZero) {
      const start = symbol;
      while (normOf(table, symbol) == 0) symbol++;
      let zeros = symbol - start;
      for (; zeros >= 3; zeros -= 3) {
        pending |= <u64>3 << pendingBits;
        pendingBits += 2;
      }
      pending |= <u64>zeros << pendingBits;
      pendingBits += 2;
    }
    const norm = normOf(table, symbol++);
    const short = 2 * threshold - 1 - left;
    left -= norm < 0 ? -norm : norm;
    let value = norm + 1;
    if (value >= threshold) value += short;
    pending |= <u64>value << pendingBits;
    pendingBits += value < short ? bits - 1 : bits;
    wasZero = norm == 0;
    while (left < threshold) {
      bits--;
      threshold >>= 1;
    }
    for (; pendingBits >= 8; pendingBits -= 8) {
      store<u8>(out++, <u8>pending);
      pending >>= 8;
    }
  }
  if (pendingBits > 0) store<u8>(out++, <u8>pending);
  store<u32>(table, <u32>(out - table - DESCRIPTION), FIELDS + 12);
}

/** Puts the symbol of each state into SPREAD. */
function spread(table: usize): void {
  const size: u32 = 1 << logOf(table);
  const symbols = symbolsOf(table);
  let high = size - 1;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    if (normOf(table, symbol) == -1) store<u8>(SPREAD + high--, <u8>symbol);
  }
  const step = (size >>> 1) + (size >>> 3) + 3;
  let position: u32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    for (let i = normOf(table, symbol); i > 0; i--) {
      store<u8>(SPREAD + position, <u8>symbol);
      do position = (position + step) & (size - 1);
      while (position > high);
    }
  }
}

/** What an encoder needs of it. */
export function makeEncoder(table: usize): void {
  if (kindOf(table) == MODE_RLE) return;
  const log = logOf(table);
  const size: u32 = 1 << log;
  const symbols = symbolsOf(table);
  spread(table);
  let total: i32 = 0;
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const norm = normOf(table, symbol);
    const states = norm < 0 ? 1 : norm;
    store<u32>(CUMULATED + (<usize>symbol << 2), total);
    const bits = states > 1 ? log - highBit(states - 1) : log;
    store<u32>(table + (<usize>symbol << 2), (bits << 16) - (states > 1 ? <u32>states << bits : size), DELTA_BITS);
    store<i32>(table + (<usize>symbol << 2), total - states, DELTA_STATES);
    total += states;
  }
  for (let state: u32 = 0; state < size; state++) {
    const place = CUMULATED + (<usize>load<u8>(SPREAD + state) << 2);
    const next = load<u32>(place);
    store<u16>(table + (<usize>next << 1), <u16>(size + state), STATES);
    store<u32>(place, next + 1);
  }
}

/** For each state a word: symbol, bits * 256, least next state * 65,536. */
export function makeDecoder(table: usize, decoder: usize): void {
  if (kindOf(table) == MODE_RLE) {
    store<u32>(decoder, symbolsOf(table) - 1);
    return;
  }
  const log = logOf(table);
  const size: u32 = 1 << log;
  spread(table);
  for (let symbol: u32 = 0; symbol < symbolsOf(table); symbol++) {
    const norm = normOf(table, symbol);
    store<u32>(CUMULATED + (<usize>symbol << 2), norm < 0 ? 1 : norm);
  }
  for (let state: u32 = 0; state < size; state++) {
    const symbol = <u32>load<u8>(SPREAD + state);
    const place = CUMULATED + (<usize>symbol << 2);
    const next = load<u32>(place);
    store<u32>(place, next + 1);
    const bits = log - highBit(next);
    store<u32>(decoder + (<usize>state << 2), symbol | (bits << 8) | (((next << bits) - size) << 16));
  }
}

// @ts-ignore: a decorator of the compiler
@inline
export function deltaBits(table: usize, symbol: u32): u32 {
  return load<u32>(table + (<usize>symbol << 2), DELTA_BITS);
}

/** The state of an encoder whose first symbol this is. */
export function firstState(table: usize, symbol: u32): u32 {
  if (kindOf(table) == MODE_RLE) return 0;
  const delta = deltaBits(table, symbol);
  const bits = (delta + (1 << 15)) >>> 16;
  return nextState(table, symbol, ((bits << 16) - delta) >>> bits);
}

// @ts-ignore: a decorator of the compiler
@inline
export function nextState(table: usize, symbol: u32, kept: u32): u32 {
  const place = <i32>kept + load<i32>(table + (<usize>symbol << 2), DELTA_STATES);
  return <u32>load<u16>(table + (<usize>place << 1), STATES);
}
