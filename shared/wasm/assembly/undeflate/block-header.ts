/** Reads what stands before the tokens of a block: RFC 1951, 3.2.3 to 3.2.7. */
import { lengthSymbol } from '../deflate/codes';
import { makeDecoder } from './decoder';
import * as header from './header';
import { bitCount, bits, need, putBack, take } from './input';
import {
  DISTANCE_COUNTS,
  DISTANCE_DECODER,
  DISTANCE_DECODER_BITS,
  DISTANCE_ORDER,
  LITERAL_COUNTS,
  LITERAL_DECODER,
  LITERAL_DECODER_BITS,
  LITERAL_ORDER,
  READ,
} from './layout';

/** Lengths of the fixed codes, put together where those of a dynamic block would lie. */
const FIXED_LENGTHS: usize = READ + header.SHORT_BYTES;

/** Reads a header to READ, and makes the decoders for its block. False where it is none, or an odd one. */
export function readBlockHeader(): bool {
  memory.fill(READ, 0, header.HEADER_BYTES);
  header.setFinal(READ, take(1) != 0);
  const type = take(2);
  header.setType(READ, type);
  if (type == header.STORED) return readStored();
  if (type == header.FIXED) return makeFixedDecoders();
  return type == header.DYNAMIC && readLengths() && makeReadDecoders();
}

function readStored(): bool {
  if (take(bitCount & 7) != 0) return false;
  const bytes = take(16);
  if (take(16) != (bytes ^ 0xffff)) return false;
  putBack();
  header.setStoredBytes(READ, bytes);
  return true;
}

function makeFixedDecoders(): bool {
  for (let symbol: u32 = 0; symbol < 288; symbol++) {
    store<u8>(FIXED_LENGTHS + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  }
  memory.fill(FIXED_LENGTHS + 288, 5, 30);
  return makeDecoders(FIXED_LENGTHS, 288, FIXED_LENGTHS + 288, 30);
}

function makeReadDecoders(): bool {
  const literals = header.literalLengthAt(READ, 0);
  return makeDecoders(literals, header.literalsSent(READ), header.distanceLengthAt(READ, 0), header.distancesSent(READ));
}

function makeDecoders(literals: usize, literalCount: u32, distances: usize, distanceCount: u32): bool {
  return (
    makeDecoder(literals, literalCount, LITERAL_DECODER, LITERAL_DECODER_BITS, LITERAL_COUNTS, LITERAL_ORDER) &&
    makeDecoder(distances, distanceCount, DISTANCE_DECODER, DISTANCE_DECODER_BITS, DISTANCE_COUNTS, DISTANCE_ORDER)
  );
}

function readLengths(): bool {
  const literals = take(5) + 257;
  const distances = take(5) + 1;
  const codes = take(4) + 4;
  if (literals > 286 || distances > 30) return false;
  header.setSent(READ, literals, distances);
  header.setCodesSent(READ, codes);
  for (let i: u32 = 0; i < codes; i++) store<u8>(header.codeLengthAt(READ, lengthSymbol(i)), <u8>take(3));
  if (!makeDecoder(header.codeLengthAt(READ, 0), 19, LITERAL_DECODER, 7, LITERAL_COUNTS, LITERAL_ORDER)) return false;
  let runs: u32 = 0;
  let before: u32 = 0;
  for (let i: u32 = 0; i < literals + distances; ) {
    need();
    const entry = <u32>load<u16>(LITERAL_DECODER + (<usize>(bits & 127) << 1));
    if (entry == 0) return false;
    take(entry & 15);
    const symbol = entry >>> 4;
    let count: u32 = 1;
    let extra: u32 = 0;
    if (symbol > 15) {
      extra = take(symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
      count = extra + (symbol == 18 ? 11 : 3);
      if (symbol == 16 && i == 0) return false;
      if (symbol > 16) before = 0;
    } else before = symbol;
    const run = header.runAt(READ, runs++);
    store<u8>(run, <u8>symbol);
    store<u8>(run, <u8>extra, 1);
    if (i + count > literals + distances) return false;
    for (; count != 0; count--) store<u8>(header.lengthAt(READ, i++), <u8>before);
  }
  header.setRunCount(READ, runs);
  return load<u8>(header.literalLengthAt(READ, 256)) != 0;
}
