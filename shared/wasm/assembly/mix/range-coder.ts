/**
 * The binary arithmetic coder of lpaq (Mahoney 2007): an interval of 32 bits that each decision divides, whose leading bytes are
 * written as soon as both ends agree in them. One function codes in both directions, so that the models exist once.
 */

let low: u32 = 0;
let high: u32 = 0;
let value: u32 = 0;
let at: usize = 0;
let end: usize = 0;
/** True while decoding. */
export let isDecoding: bool = false;

/** Writes from `start` on, at most to `limit`; what does not fit is counted and not written. */
export function startEncoding(start: usize, limit: usize): void {
  begin(start, limit, false);
}

/** Reads from `start` to `limit`, and zeros behind it. */
export function startDecoding(start: usize, limit: usize): void {
  begin(start, limit, true);
  for (let i = 0; i < 4; i++) shiftIn();
}

function begin(start: usize, limit: usize, decoding: bool): void {
  low = 0;
  high = 0xffffffff;
  value = 0;
  at = start;
  end = limit;
  isDecoding = decoding;
}

/** Bytes written since `start`. */
export function codedBytes(start: usize): u32 {
  return <u32>(at - start);
}

/** True where decoding has used exactly the bytes that encoding wrote: it reads three ahead. */
export function isExhausted(): bool {
  return at == end + 3;
}

/** Codes one decision; `p` is the chance of a one, 1..65535 of 65536. Returns the bit. */
export function codeBit(bit: u32, p: u32): u32 {
  const range = high - low;
  const middle = low + (range >>> 16) * p + (((range & 0xffff) * p) >>> 16);
  if (isDecoding) bit = u32(value <= middle);
  if (bit) high = middle;
  else low = middle + 1;
  while (((low ^ high) & 0xff000000) == 0) {
    if (isDecoding) shiftIn();
    else put(high >>> 24);
    low <<= 8;
    high = (high << 8) | 255;
  }
  return bit;
}

/** Writes the one byte that, with the zeros read behind it, lies in the last interval. */
export function finishEncoding(): void {
  put((low >>> 24) + 1);
}

function put(byte: u32): void {
  if (at < end) store<u8>(at, <u8>byte);
  at++;
}

function shiftIn(): void {
  value = (value << 8) | (at < end ? load<u8>(at) : 0);
  at++;
}
