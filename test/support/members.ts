/** Compressed members as common tools make them. Node's own zlib is a variant; other tools' output is made by the kernel that predicts it. */
import { crc32 } from 'node:zlib';
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { createCheck, FRAME } from '../../shared/deflate/frame.ts';
import { giveKernelBack, takeKernel } from '../../shared/deflate/kernel.ts';
import { putMemberTogether } from '../../shared/deflate/member.ts';

/** What Python's zipfile, Java's jar and most others call. */
export const ZLIB_6 = 22;
const CHUNK_TYPE_BYTES = 4;

/** What a maker makes of `content`, by default gzip -9. Content that has to be stored is none of these. */
export function deflatedBy(content: Uint8Array, maker: number): Uint8Array {
  const kernel = takeKernel();
  const form = { maker, segmentPower: 0, corrections: new Uint8Array(0) };
  const deflated = putMemberTogether(kernel, content, form, content.byteLength * 2 + 100);
  giveKernelBack(kernel);
  return deflated;
}

/** A gzip member as gzip itself makes it. */
export function gzipMember(content: Uint8Array, level: number): Uint8Array {
  const check = createCheck(FRAME.gzip);
  check.add(content);
  return concatBytes([new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), deflatedBy(content, level), check.trailer()]);
}

export interface ZipOptions {
  readonly maker?: number;
  /** CRC and sizes behind the data, as Java writes them. */
  readonly hasDescriptors?: boolean;
  /** Time of all entries. */
  readonly time?: number;
}

/** A zip file; entries of no bytes are stored. */
export function zipFile(entries: readonly (readonly [string, Uint8Array])[], options: ZipOptions = {}): Uint8Array {
  const { maker = ZLIB_6, hasDescriptors = false, time = 0x5a21_6000 } = options;
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of entries) {
    const isStored = content.byteLength === 0;
    const data = isStored ? content : deflatedBy(content, maker);
    const isBehind = hasDescriptors && !isStored;
    const sums = [crc32(content), data.byteLength, content.byteLength];
    const version = [20, isBehind ? 8 : 0, isStored ? 0 : 8];
    const local = [...numbers(2, version), ...numbers(4, [time, ...(isBehind ? [0, 0, 0] : sums)]), ...numbers(2, [name.length, 0])];
    const descriptor = isBehind ? Uint8Array.from([0x50, 0x4b, 7, 8, ...numbers(4, sums)]) : new Uint8Array(0);
    const entry = concatBytes([Uint8Array.from([0x50, 0x4b, 3, 4, ...local]), utf8(name), data, descriptor]);
    const record = [...numbers(2, [20, ...version]), ...numbers(4, [time, ...sums]), ...numbers(2, [name.length, 0, 0, 0, 0]), ...numbers(4, [0, offset])]; // prettier-ignore
    directory.push(Uint8Array.from([0x50, 0x4b, 1, 2, ...record]), utf8(name));
    parts.push(entry);
    offset += entry.byteLength;
  }
  const records = concatBytes(directory);
  const end = [...numbers(2, [0, 0, entries.length, entries.length]), ...numbers(4, [records.byteLength, offset]), 0, 0];
  return concatBytes([...parts, records, Uint8Array.from([0x50, 0x4b, 5, 6, ...end])]);
}

function numbers(bytes: 2 | 4, values: readonly number[]): number[] {
  return values.flatMap((value) => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256));
}

/** A PNG image of grey lines of 16 pixels, its data in chunks of `chunkBytes`. */
export function pngImage(pixels: Uint8Array, comment: string, chunkBytes: number, maker = 25): Uint8Array {
  const check = createCheck(FRAME.zlib);
  const lines = concatBytes(
    Array.from({ length: Math.ceil(pixels.byteLength / 16) }, (_, i) => [Uint8Array.of(0), pixels.subarray(16 * i, 16 * i + 16)]).flat(),
  );
  check.add(lines);
  const stream = concatBytes([Uint8Array.of(0x78, 0xda), deflatedBy(lines, maker), check.trailer()]);
  const data: Uint8Array[] = [];
  for (let at = 0; at < stream.byteLength; at += chunkBytes) data.push(pngChunk('IDAT', stream.subarray(at, at + chunkBytes)));
  const header = Uint8Array.of(0, 0, 0, 16, 0, 0, lines.byteLength >> 16, 0, 8, 0, 0, 0, 0);
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const text = pngChunk('tEXt', utf8(`Comment\0${comment}`));
  return concatBytes([signature, pngChunk('IHDR', header), text, ...data, pngChunk('IEND', new Uint8Array(0))]);
}

function pngChunk(type: string, content: Uint8Array): Uint8Array {
  const chunk = Buffer.alloc(content.byteLength + 12);
  chunk.writeUInt32BE(content.byteLength);
  chunk.write(type, CHUNK_TYPE_BYTES, 'latin1');
  chunk.set(content, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), content.byteLength + 8);
  return new Uint8Array(chunk);
}
