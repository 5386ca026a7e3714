/** DELTA.md, section 6: codec patch. */
import { zstdDecompressSync } from 'node:zlib';
import { createByteReader, type ByteReader } from '../../../shared/wire/varint.ts';
import { createMoved, type Piece } from './images.ts';
import { readerOf, unzigzag } from './numbers.ts';
import { createOperands } from './operands.ts';

export function decodePatch(payload: Uint8Array, base: Uint8Array, targetBytes: number): Uint8Array {
  const reader = createByteReader(payload);
  const pieces = readPieces(reader.varint('n'), reader);
  const [lengths, differences, rest] = [1, 2, 3].map(() => createByteReader(readStream(reader))) as [ByteReader, ByteReader, ByteReader];
  const target = new Uint8Array(targetBytes);
  const operands = createOperands(readerOf(base), base.byteLength, readerOf(target), createMoved(pieces));
  let pos = 0;
  let last = 0;
  const takeRest = (bytes: number): void => {
    target.set(rest.bytes(bytes, 'rest'), pos);
    pos += bytes;
    if (pos >= 8) last = target[pos - 1] ?? 0;
  };
  for (const { from, bytes, at } of pieces) {
    takeRest(from - pos);
    for (let isPromised = true; pos < from + bytes; isPromised = !isPromised)
      for (let run = lengths.varint('length'); run > 0; run--) {
        const a = at + pos - from;
        if (operands.left() === 0) operands.find(a, pos, last);
        const isTrusted = operands.left() > 0 && (operands.outcomes() & 3) !== 3;
        const promise = isTrusted ? operands.predicted() : (base[a] ?? 0);
        last = (promise + (isPromised ? 0 : differences.byte('difference'))) % 256;
        target[pos++] = last;
        if (operands.left() > 0) operands.pass(last);
      }
    operands.drop();
  }
  takeRest(targetBytes - pos);
  for (const stream of [reader, lengths, differences, rest]) if (stream.remaining > 0) throw new Error('a stream is too long');
  return target;
}

function readPieces(count: number, outer: ByteReader): Piece[] {
  const reader = createByteReader(readStream(outer));
  let end = 0;
  let shift = 0;
  return Array.from({ length: count }, () => {
    const from = end + reader.varint('gap');
    const bytes = reader.varint('bytes');
    shift += unzigzag(reader.varint('shift'));
    end = from + bytes;
    return { from, bytes, at: from - shift };
  });
}

function readStream(reader: ByteReader): Uint8Array {
  const length = reader.varint('length');
  const coded = reader.bytes(reader.varint('coded'), 'stream');
  return coded.byteLength === length ? coded : zstdDecompressSync(coded);
}
