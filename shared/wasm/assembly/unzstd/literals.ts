/** The literals of a block as Huffman codes, in one stream or in four (RFC 8878, 3.1.1.3.1 and 4.2.2). */
import { left, endWriting, startReading, startWriting, writeBits, writtenEnd } from './bits';
import { CODED_LITERALS, COUNTS, HUFFMAN_CODES, HUFFMAN_DECODER, LITERALS } from './layout';
import { DECODER_LOG } from './tree';

/** Counts the bytes at an address: one more than the last value there is. `mostCount` is the greatest count. */
export function countBytes(at: usize, bytes: u32): u32 {
  memory.fill(COUNTS, 0, 1024);
  for (let i: usize = 0; i < bytes; i++) {
    const place = COUNTS + (<usize>load<u8>(at + i) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  let symbols: u32 = 0;
  mostCount = 0;
  for (let symbol: u32 = 0; symbol < 256; symbol++) {
    const count = load<u32>(COUNTS + (<usize>symbol << 2));
    if (count != 0) symbols = symbol + 1;
    mostCount = max(mostCount, count);
  }
  return symbols;
}

export let mostCount: u32 = 0;

/** Writes the bytes with HUFFMAN_CODES to CODED_LITERALS; returns the bytes, 0 where four streams cannot say their sizes. */
export function codeLiterals(at: usize, bytes: u32, isSingle: bool): u32 {
  if (isSingle) return <u32>(codeStream(at, bytes, CODED_LITERALS) - CODED_LITERALS);
  const part = (bytes + 3) >>> 2;
  let out: usize = CODED_LITERALS + 6;
  for (let i: u32 = 0; i < 4; i++) {
    if (i * part > bytes) return 0;
    const end = codeStream(at + i * part, min(part, bytes - i * part), out);
    if (end - out > 65535) return 0;
    if (i < 3) store<u16>(CODED_LITERALS + (<usize>i << 1), <u16>(end - out));
    out = end;
  }
  return <u32>(out - CODED_LITERALS);
}

/** From the last byte to the first. */
function codeStream(at: usize, bytes: u32, out: usize): usize {
  startWriting(out);
  for (let from = at + bytes; from > at; ) {
    const code = load<u32>(HUFFMAN_CODES + (<usize>load<u8>(--from) << 2));
    writeBits(code & 0xffff, code >>> 16);
  }
  endWriting();
  return writtenEnd;
}

/** Reads so many literals to LITERALS with HUFFMAN_DECODER; false where the bytes are not theirs. */
export function readLiterals(at: usize, bytes: u32, literals: u32, isSingle: bool): bool {
  if (isSingle) return readStream(at, bytes, LITERALS, literals);
  if (bytes < 6) return false;
  const part = (literals + 3) >>> 2;
  let from = at + 6;
  const end = at + bytes;
  for (let i: u32 = 0; i < 4; i++) {
    const size = i < 3 ? <u32>load<u16>(at + (<usize>i << 1)) : <u32>(end - from);
    if (from + size > end || part * i > literals) return false;
    if (!readStream(from, size, LITERALS + part * i, min(part, literals - part * i))) return false;
    from += size;
  }
  return true;
}

function readStream(at: usize, bytes: u32, out: usize, literals: u32): bool {
  if (!startReading(at, bytes)) return false;
  let bits: i32 = left;
  const mask: u32 = (1 << DECODER_LOG) - 1;
  const end = out + literals;
  while (out < end && bits >= <i32>DECODER_LOG) {
    const from = <u32>bits - DECODER_LOG;
    const entry = <u32>load<u16>(HUFFMAN_DECODER + (<usize>((load<u32>(at + (from >>> 3)) >>> (from & 7)) & mask) << 1));
    store<u8>(out++, <u8>entry);
    bits -= <i32>(entry >>> 8);
  }
  const first = load<u32>(at);
  while (out < end && bits >= 0) {
    const next = ((first & ((1 << bits) - 1)) << (DECODER_LOG - bits)) & mask;
    const entry = <u32>load<u16>(HUFFMAN_DECODER + (<usize>next << 1));
    store<u8>(out++, <u8>entry);
    bits -= <i32>(entry >>> 8);
  }
  return out == end && bits == 0;
}
