/** The worked example of STORE.md is a store: it is read here from the document, and written again to the same bytes. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { asId, hashBytes, hex } from '../../shared/hash.ts';
import * as limits from '../../shared/limits.ts';
import { decodeEntry, decodeState, encodeLocation, encodeState, indexKey } from '../../shared/store/chunk-index.ts';
import { parseIdentity } from '../../shared/store/identity.ts';
import { openLevelIndex } from '../../shared/store/level-index.ts';
import { nodeFiles } from '../../shared/store/files.ts';
import { decodePackHeader, encodePackHeader } from '../../shared/store/pack-header.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { StoreRecord } from '../../shared/store/port.ts';
import { decodeRecordHeader, encodeRecordHeader, RECORD_HEADER_BYTES } from '../../shared/store/record.ts';
import { packPath, temporaryDirectory } from '../support/store-directory.ts';

const document = await readFile(new URL('../../shared/STORE.md', import.meta.url), 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([^\`]*)\`\`\``).exec(document)![1]!;
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replaceAll(/#.*|\s/g, ''), 'hex'));

const pack = bytesOf(block('hex'));
const identity = parseIdentity(block('json'))!;
const index = block('index')
  .trim()
  .split('\n')
  .map((line) => line.split(' ').map(bytesOf) as [Uint8Array, Uint8Array]);

const hello = Buffer.from('hello');
const letters = new Uint8Array(300).fill('a'.charCodeAt(0));
const records: StoreRecord[] = [
  { kind: 'chunk', key: hashBytes(hello), bytes: hello },
  { kind: 'chunk', key: hashBytes(letters), bytes: letters },
  { kind: 'image', key: hashBytes(hello), bytes: Buffer.from('{}') },
];

describe('the worked example of STORE.md', () => {
  it('has the identity that it says', () => {
    expect(identity).toEqual({ storeId: Uint8Array.from({ length: 16 }, (_, at) => at), seed: 0x12345678 });
  });

  it('has a pack header that decodes and encodes to the same bytes', () => {
    const header = decodePackHeader(pack)!;
    expect(header).toEqual({ ...identity, pack: 1 });
    expect(hex(encodePackHeader(header))).toBe(hex(pack.subarray(0, 64)));
  });

  it.each([
    { offset: 64, kindByte: 1, codec: 0, rawLength: 5, storedLength: 5 },
    { offset: 125, kindByte: 1, codec: 1, rawLength: 300, storedLength: 18 },
    { offset: 199, kindByte: 3, codec: 0, rawLength: 2, storedLength: 2 },
  ])('has a record header at $offset that decodes and encodes to the same bytes', ({ offset, ...fields }) => {
    const bytes = pack.subarray(offset, offset + RECORD_HEADER_BYTES);
    const header = decodeRecordHeader(bytes, identity.seed)!;
    expect(header).toMatchObject({ ...fields, goneKindByte: 0 });
    const again = new Uint8Array(RECORD_HEADER_BYTES);
    encodeRecordHeader(header, identity.seed, again);
    expect(hex(again)).toBe(hex(bytes));
  });

  it('has an index that decodes and encodes to the same bytes', () => {
    const [stateRow, ...rows] = index;
    const state = decodeState(stateRow![1])!;
    expect(state).toEqual({
      storeId: identity.storeId,
      coveredPack: 1,
      coveredOffset: pack.byteLength,
      earlierBytes: 0,
      counters: { records: { chunk: 2, recipe: 0, image: 1 }, chunkBytes: 305 },
    });
    expect(hex(encodeState(state))).toBe(hex(stateRow![1]));
    const offsets = rows.map(([key, value]) => {
      const entry = decodeEntry(key, value)!;
      expect(hex(indexKey(entry.kind, entry.key))).toBe(hex(key));
      expect(hex(encodeLocation(entry.location))).toBe(hex(value));
      return entry.location.offset;
    });
    expect(offsets).toEqual([125, 64, 199]);
  });

  it('opens as a store, without its index', async () => {
    await using place = await temporaryDirectory();
    await mkdir(join(place.path, 'packs'));
    await writeFile(join(place.path, 'store.json'), block('json'));
    await writeFile(packPath(place.path, 1), pack);
    {
      await using store = await openStore(place.path);
      for (const { kind, key, bytes } of records) expect(hex((await store.get(kind, key))!)).toBe(hex(bytes));
      expect(await store.check({ readAll: true })).toEqual({ recordsRead: 3, problems: [] });
    }
    const rebuilt = await openLevelIndex(join(place.path, 'index'), nodeFiles);
    const keys = index.slice(1).map(([key]) => asId(key.subarray(1)));
    expect((await rebuilt.getMany('chunk', keys.slice(0, 2))).map((location) => hex(encodeLocation(location!)))).toEqual(
      index.slice(1, 3).map(([, value]) => hex(value)),
    );
    expect(hex(encodeState((await rebuilt.state())!))).toBe(hex(index[0]![1]));
    await rebuilt.close();
  });

  it('is what the store writes', async () => {
    await using place = await temporaryDirectory();
    // The frame is left out: another version of zstd may find another one.
    const random = (): Uint8Array => Uint8Array.from([...identity.storeId, 0x78, 0x56, 0x34, 0x12]);
    {
      await using store = await openStore(place.path, { random });
      await store.put([records[0]!]);
      await store.put([records[2]!]);
    }
    const written = new Uint8Array(await readFile(packPath(place.path, 1)));
    expect(hex(written)).toBe(hex(pack.subarray(0, 125)) + hex(pack.subarray(199)));
    expect(parseIdentity(await readFile(join(place.path, 'store.json'), 'utf8'))).toEqual(identity);
  });
});

describe('the limits of STORE.md', () => {
  const values = limits as Readonly<Record<string, number>>;
  const rows = [...document.matchAll(/`(STORE_[A-Z_]+)`\s*\|\s*([\d,]+)( MiB)?/g)];

  it('are all there', () => {
    const told = rows.map(([, name]) => name!);
    expect(told.toSorted()).toEqual(
      Object.keys(values)
        .filter((name) => name.startsWith('STORE_'))
        .toSorted(),
    );
  });

  it.each(
    rows.map(([, name, number, unit]) => [name!, Number(number!.replaceAll(',', '')) * (unit === undefined ? 1 : 1024 * 1024)] as const),
  )('%s is %i', (name, value) => {
    expect(values[name]).toBe(value);
  });
});
