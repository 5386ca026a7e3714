/** The formats of the store: what is encoded decodes to the same, and any bytes give a value, undefined or a TransferError. */
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { TransferError } from '../../shared/errors.ts';
import { asId } from '../../shared/hash.ts';
import { decodeEntry, decodeLocation, decodeState, encodeLocation, encodeState } from '../../shared/store/chunk-index.ts';
import { createUnpacker } from '../../shared/store/codec.ts';
import { createCompressor } from '../../shared/store/compressor.ts';
import type { StoreFile } from '../../shared/store/files.ts';
import { parseIdentity } from '../../shared/store/identity.ts';
import { decodePackHeader, encodePackHeader } from '../../shared/store/pack-header.ts';
import { scanPack, type ScannedDamage, type ScannedRecord } from '../../shared/store/pack-scan.ts';
import { decodeRecordHeader, encodeRecordHeader, RECORD_HEADER_BYTES, RECORD_MAGIC, type RecordHeader } from '../../shared/store/record.ts';
import { STORE_RECORD_BYTES_MAX } from '../../shared/limits.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const length = fc.integer({ min: 0, max: STORE_RECORD_BYTES_MAX });
const fixed = (bytes: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: bytes, maxLength: bytes });
const header: fc.Arbitrary<RecordHeader> = fc.record({
  kindByte: u8,
  codec: u8,
  goneKindByte: u8,
  rawLength: length,
  storedLength: length,
  key: fixed(32).map(asId),
  storedCrc: u32,
});

function encoded(fields: RecordHeader, seed: number): Uint8Array {
  const out = new Uint8Array(RECORD_HEADER_BYTES);
  encodeRecordHeader(fields, seed, out);
  return out;
}

function codeOf(error: unknown): string {
  return error instanceof TransferError ? error.code : String(error);
}

function outcome<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    return codeOf(error);
  }
}

describe('record header', () => {
  it('decodes to what was encoded', () => {
    fc.assert(
      fc.property(header, u32, (fields, seed) => {
        expect(decodeRecordHeader(encoded(fields, seed), seed)).toEqual(fields);
      }),
    );
  });

  it('is not sound with any one byte changed, with another seed, or cut short', () => {
    fc.assert(
      fc.property(
        header,
        u32,
        fc.integer({ min: 0, max: RECORD_HEADER_BYTES - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (fields, seed, at, change) => {
          const bytes = encoded(fields, seed);
          expect(decodeRecordHeader(bytes.subarray(0, at), seed)).toBeUndefined();
          expect(decodeRecordHeader(bytes, (seed ^ change) >>> 0)).toBeUndefined();
          bytes[at] = (bytes[at] as number) ^ change;
          expect(decodeRecordHeader(bytes, seed)).toBeUndefined();
        },
      ),
    );
  });

  it.each([8, 12])('is not sound with a length above the limit, at %i', (at) => {
    const fields = fc.sample(header, 1)[0]!;
    for (const over of [0, 1]) {
      const limited = { ...fields, [at === 8 ? 'rawLength' : 'storedLength']: STORE_RECORD_BYTES_MAX + over };
      expect(decodeRecordHeader(encoded(limited, 1), 1) === undefined).toBe(over === 1);
    }
  });
});

describe('the other formats', () => {
  it('decode to what was encoded', () => {
    const big = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(u32, u32, u32, u32, fixed(16), big, big, (a, b, c, d, storeId, e, f) => {
        const location = { pack: a, offset: b, storedLength: c, rawLength: d };
        expect(decodeLocation(encodeLocation(location))).toEqual(location);
        const counters = { records: { chunk: e, recipe: f, image: a }, chunkBytes: e };
        const state = { storeId, coveredPack: a, coveredOffset: b, earlierBytes: f, counters };
        expect(decodeState(encodeState(state))).toEqual(state);
        const pack = { pack: a, seed: b, storeId };
        expect(decodePackHeader(encodePackHeader(pack))).toEqual(pack);
      }),
    );
  });

  it('take any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (a, b) => {
        const decoders = [decodeLocation, decodeState, decodePackHeader, (bytes: Uint8Array) => decodeRecordHeader(bytes, 0)];
        const values = [...decoders.map((decode) => decode(a)), decodeEntry(a, b)];
        expect(values.every((value) => value === undefined || typeof value === 'object')).toBe(true);
      }),
    );
  });

  it('read any store.json', () => {
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc
        .record({ format: fc.constant('lighterman store'), version: fc.jsonValue(), storeId: fc.jsonValue(), seed: fc.jsonValue() })
        .map((each) => JSON.stringify(each)),
    );
    fc.assert(
      fc.property(value, (text) => {
        expect([undefined, 16, 'STORE_VERSION']).toContain(outcome(() => parseIdentity(text)?.storeId.byteLength));
      }),
    );
  });
});

describe('compression at rest', () => {
  it('gives back any bytes', () => {
    const { unpack } = createUnpacker();
    const compressor = createCompressor('zstd');
    const compressible = fc
      .tuple(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.integer({ min: 1, max: 3000 }))
      .map(([bytes, times]) => new Uint8Array(Buffer.concat(Array.from({ length: times }, () => bytes))));
    fc.assert(
      fc.property(fc.array(fc.oneof(compressible, fc.uint8Array({ maxLength: 5000 })), { maxLength: 10 }), (raws) => {
        const packed = compressor.packAll(raws);
        for (const [index, { codec, stored }] of packed.entries()) {
          expect(Buffer.compare(unpack(codec, stored, raws[index]!.byteLength), raws[index]!)).toBe(0);
        }
      }),
    );
    compressor.close();
  });

  it('expands any bytes to the length that was promised, or says INTEGRITY', () => {
    const frame = fc.uint8Array({ maxLength: 300 }).map((bytes) => new Uint8Array(zstdCompressSync(bytes)));
    const { unpack } = createUnpacker();
    fc.assert(
      fc.property(
        fc.oneof(frame, fc.uint8Array({ maxLength: 300 })),
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom(0, 1),
        (stored, rawLength, codec) => {
          const result = outcome(() => unpack(codec, stored, rawLength).byteLength);
          expect([rawLength, 'INTEGRITY']).toContain(result);
        },
      ),
    );
  });

  it('does not take more memory than the length that was promised', () => {
    const { unpack } = createUnpacker();
    const bomb = zstdCompressSync(new Uint8Array(50_000_000), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    expect(() => unpack(1, bomb, 1000)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }));
    expect(() => unpack(2, bomb, 1000)).toThrow(TransferError);
  });
});

describe('walking a pack', () => {
  const SEED = 99;
  const record = fc.record({ content: fc.uint8Array({ maxLength: 200 }), key: fixed(32).map(asId) }).map(({ content, key }) => {
    const fields = {
      kindByte: 1,
      codec: 0,
      goneKindByte: 0,
      rawLength: content.byteLength,
      storedLength: content.byteLength,
      key,
      storedCrc: crc32(content),
    };
    return { isRecord: true, bytes: new Uint8Array(Buffer.concat([encoded(fields, SEED), content])) };
  });
  // Garbage that looks like records: the magic alone, and a record of another store.
  const lookalike = fc
    .record({ rest: fc.uint8Array({ maxLength: 80 }), fields: header })
    .chain(({ rest, fields }) => fc.constantFrom(new Uint8Array([...RECORD_MAGIC, ...rest]), encoded(fields, SEED + 1)));
  const garbage = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 200 }), lookalike).map((bytes) => ({ isRecord: false, bytes }));

  it('finds every record between any garbage, and leaves nothing out', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(record, garbage), { maxLength: 30 }), fc.boolean(), async (parts, readContent) => {
        const whole = new Uint8Array(Buffer.concat(parts.map(({ bytes }) => bytes)));
        let offset = 0;
        const expected: number[] = [];
        for (const { isRecord, bytes } of parts) {
          if (isRecord) expected.push(offset);
          offset += bytes.byteLength;
        }
        const items = await walk(whole, readContent);
        expect(items.filter(({ type }) => type === 'record').map((item) => item.offset)).toEqual(expected);
        let end = 0;
        for (const item of items) {
          expect(item.offset).toBe(end);
          expect(item.end).toBeGreaterThan(end);
          end = item.end;
        }
        expect(end).toBe(whole.byteLength);
      }),
    );
  });

  async function walk(bytes: Uint8Array, readContent: boolean): Promise<(ScannedRecord | ScannedDamage)[]> {
    return Array.fromAsync(scanPack({ file: memoryFile(bytes), seed: SEED, from: 0, to: bytes.byteLength, readContent }));
  }
});

function never(): Promise<never> {
  return Promise.reject(new TransferError('INTERNAL', 'a walk only reads'));
}

function memoryFile(bytes: Uint8Array): StoreFile {
  return {
    async read(into, position) {
      const part = bytes.subarray(position, position + into.byteLength);
      into.set(part);
      return part.byteLength;
    },
    write: never,
    sync: never,
    truncate: never,
    close: async () => undefined,
  };
}
