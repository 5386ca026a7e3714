/** Decoders of single things: frames, recipes, differences, content, records, and the JSON beside them. */
import { crc32, zstdCompressSync } from 'node:zlib';
import { parseGrant } from '../../receiver/access/grant.ts';
import { openCatalog } from '../../receiver/catalog/catalog.ts';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { concatBytes, utf8, utf8Text } from '../../shared/bytes.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import { decodeContent, EFFORT_LEVELS, encodeContent } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { hashBytes } from '../../shared/hash.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { decodeEntry, decodeLocation, decodeState } from '../../shared/store/chunk-index.ts';
import { createUnpacker } from '../../shared/store/codec.ts';
import type { StoreFile } from '../../shared/store/files.ts';
import { parseIdentity } from '../../shared/store/identity.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { decodePackHeader, encodePackHeader } from '../../shared/store/pack-header.ts';
import { scanPack } from '../../shared/store/pack-scan.ts';
import { encodeRecordHeader, RECORD_HEADER_BYTES } from '../../shared/store/record.ts';
import { decodeSegmentFrame, decodeStreamFrame, encodeSegmentFrame, encodeStreamFrame, OWN_STREAM } from '../../shared/wire/bulk.ts';
import { frameName } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage } from '../../shared/wire/messages.ts';
import { createByteReader, createByteWriter } from '../../shared/wire/varint.ts';
import { gzipArchive, smallArchive } from '../support/archives.ts';
import { codeContent, textContent } from '../support/delta-contents.ts';
import { ingest } from '../support/ingested.ts';
import { gzipMember, pngImage, zipFile } from '../support/members.ts';
import { seededBytes } from '../support/random.ts';
import type { Target } from './target.ts';

const NOTHING = new Uint8Array(0);
const ID = hashBytes(utf8('an id'));

const frames: Target = {
  name: 'frame',
  bytesMax: 64 * 1024,
  seeds: () =>
    Promise.resolve([
      encodeMessage('hello', [[2], 'lighterman 0']),
      encodeMessage('welcome', [2, 'lightermand 0', new Uint8Array(8)]),
      encodeMessage('offer', [0, 'shop:2', ID, NOTHING, new Uint8Array(16), 1]),
      encodeMessage('answer', [0, 0, new Uint8Array(24), 1]),
      encodeMessage('need', [3, 0, new Uint8Array(9)]),
      encodeMessage('stored', [7, 50]),
      encodeMessage('ran', ['nightly', 600, 2, 7, 0, 1, 1000, 60, 'NO_SPACE']),
      encodeMessage('commit', [0, 4, 'shop:2']),
      encodeMessage('progress', [0, 'load', 10, 20]),
      encodeMessage('receipt', [0, [[['shop:2'], 'sha256:0', 'sha256:1', ['r/shop:2@sha256:2']]], ['a note']]),
      encodeMessage('failed', [0, 'NO_SPACE', 'full', 'hint']),
      encodeMessage('error', ['INTERNAL', 'message', 'hint']),
      encodeStreamFrame({ stream: 1, image: 0, id: ID, skeleton: ID, bases: [{ kind: 'held', index: 3 }, { kind: 'sent', stream: 0 }], askBytes: 6, asked: new Uint8Array(18), recipe: seededBytes(1, 40) }), // prettier-ignore
      encodeSegmentFrame({
        segment: 2,
        stream: 1,
        runs: [
          { codec: 1, chunkCount: 3, base: { rows: true, ranges: [] }, payload: seededBytes(2, 30) },
          {
            codec: 2,
            chunkCount: 1,
            base: {
              rows: true,
              ranges: [
                { base: 0, row: 5, firstChunk: 0, chunkCount: 2 },
                { base: OWN_STREAM, row: 0, firstChunk: 1, chunkCount: 1 },
              ],
            },
            payload: NOTHING,
          },
        ],
      }),
    ]),
  run(frame) {
    const name = frameName(frame);
    if (name === 'stream') decodeStreamFrame(frame);
    else if (name === 'segment') decodeSegmentFrame(frame);
    else if (name !== undefined) decodeMessage(name, frame);
  },
};

async function recipes(): Promise<readonly Recipe[]> {
  const archives = await Promise.all([1, 2].map((seed) => smallArchive({ seed, layerBytes: [70_000, 300], layout: seed === 1 ? 'legacy' : 'oci' }))); // prettier-ignore
  const taken = await Promise.all([...archives, await gzipArchive(3)].map((archive) => ingest(archive)));
  return taken.flatMap(({ streams }) => streams.map(({ recipe }) => recipe));
}

/** Looks at everything that a decoded recipe has. */
function walk(recipe: Recipe): void {
  for (let row = 0; row < recipe.rowCount; row++)
    for (const chunk of recipe.chunksOf(row)) if (chunk.length < 0) throw new TypeError('length');
}

const recipe: Target = {
  name: 'recipe',
  bytesMax: 64 * 1024,
  seeds: async () => (await recipes()).map((one) => encodeRecipe(one)),
  run: (bytes) => walk(decodeRecipe(bytes, 1 << 24)),
};

/** As `recipe`, but mutated before the compression, so that what is changed gets as far as the columns. */
const columns: Target = {
  name: 'recipe-columns',
  bytesMax: 64 * 1024,
  async seeds() {
    const { zstdDecompressSync } = await import('node:zlib');
    // A wrapped recipe has its rows in the same form.
    const plain = (await recipes()).filter(({ wrapped: method }) => method === undefined);
    return plain.map((one) => {
      const reader = createByteReader(encodeRecipe(one), 2);
      reader.varint('length');
      return new Uint8Array(zstdDecompressSync(reader.rest()));
    });
  },
  run(bytes) {
    const writer = createByteWriter();
    writer.bytes(Uint8Array.of(1, 0));
    writer.varint(bytes.byteLength);
    writer.bytes(zstdCompressSync(bytes));
    walk(decodeRecipe(writer.finish()));
  },
};

let bases: Promise<readonly Recipe[]> | undefined;
const difference: Target = {
  name: 'difference',
  bytesMax: 16 * 1024,
  async seeds() {
    const [first, , third, ...rest] = await (bases ??= recipes());
    const held = [first as Recipe, third as Recipe];
    return [first as Recipe, ...rest].flatMap((one) => [encodeDifference(one, held, [ID]).bytes, encodeDifference(one, [], [ID]).bytes]);
  },
  async run(bytes) {
    const [first, , third] = await (bases ??= recipes());
    const decoded = decodeDifference(bytes, [first as Recipe, third as Recipe], [ID]);
    walk(decoded.resolve(Array.from(decoded.freshLengths, () => ID), ID)); // prettier-ignore
  },
};

const OLD = codeContent(1, 60);
const delta: Target = {
  name: 'delta',
  bytesMax: 32 * 1024,
  seeds: () =>
    Promise.resolve(
      [codeContent(1, 60, 20, 3), textContent(3, 900), seededBytes(4, 300)].flatMap((target) =>
        EFFORT_LEVELS.flatMap((level) =>
          [undefined, OLD].map((base) => {
            const { codec, usesBase, payload } = encodeContent(target, base, level);
            const { byteLength } = target;
            return concatBytes([Uint8Array.of(codec, usesBase ? 1 : 0, byteLength & 255, byteLength >> 8), payload]);
          }),
        ),
      ),
    ),
  run(input) {
    const [codec = 0, base = 0, low = 0, high = 0] = input;
    const targetBytes = low + 256 * high;
    const content = decodeContent(codec, input.subarray(4), base % 2 === 1 ? OLD : undefined, targetBytes);
    if (content.byteLength !== targetBytes) throw new TypeError(`codec ${codec} gave ${content.byteLength} bytes, not ${targetBytes}`);
  },
};

const JAR = zipFile(Array.from({ length: 4 }, (_, i) => [`C${i}`, textContent(i, 80)] as const));
const REBUILT = [
  zipFile(Array.from({ length: 4 }, (_, i) => [`C${i}`, textContent(i === 2 ? 9 : i, 80)] as const)),
  zipFile([['in.jar', JAR]], { hasDescriptors: true }),
  pngImage(textContent(3, 200), 'tide', 200),
  gzipMember(textContent(4, 300), 9),
];
/** Opened content over a base with members: the payload without its codec, behind the length of the target. */
const opened: Target = {
  name: 'opened',
  bytesMax: 32 * 1024,
  seeds: () =>
    Promise.resolve(
      REBUILT.flatMap((target) =>
        [undefined, JAR].map((base) => {
          const { usesBase, payload } = encodeContent(target, base, 'max');
          return concatBytes([Uint8Array.of(usesBase ? 1 : 0, target.byteLength & 255, target.byteLength >> 8), payload]);
        }),
      ),
    ),
  run(input) {
    const [base = 0, low = 0, high = 0] = input;
    const hasBase = base % 2 === 1;
    const content = decodeContent(
      hasBase ? CODEC.openedBase : CODEC.opened,
      input.subarray(3),
      hasBase ? JAR : undefined,
      low + 256 * high,
    );
    if (content.byteLength !== low + 256 * high) throw new TypeError(`opened content gave ${content.byteLength} bytes`);
  },
};

const SEED = 0x12345678;

const never = (): Promise<never> => Promise.reject(new TransferError('INTERNAL', 'only read'));

function fileOf(bytes: Uint8Array): StoreFile {
  return {
    read(into, position) {
      const part = bytes.subarray(position, position + into.byteLength);
      into.set(part);
      return Promise.resolve(part.byteLength);
    },
    write: never,
    sync: never,
    truncate: never,
    close: () => Promise.resolve(),
  };
}

/** Sets the checksums right, as somebody would who knows the seed: what is behind them is what is looked at. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  const view = new DataView(out.buffer);
  for (let at = 0; at + RECORD_HEADER_BYTES <= out.byteLength;) {
    const stored = view.getUint32(at + 12, true);
    view.setUint32(at + 48, crc32(out.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + stored)), true);
    view.setUint32(at + 52, crc32(out.subarray(at, at + 52), SEED), true);
    at += RECORD_HEADER_BYTES + stored;
  }
  return out;
}

const record: Target = {
  name: 'record',
  bytesMax: 16 * 1024,
  seeds() {
    const content = textContent(6, 100);
    const parts = [
      [0, content],
      [1, new Uint8Array(zstdCompressSync(content))],
    ] as const;
    const records = parts.map(([codec, stored], i) => {
      const header = new Uint8Array(RECORD_HEADER_BYTES);
      const fields = { kindByte: i + 1, codec, goneKindByte: 0, rawLength: content.byteLength, storedLength: stored.byteLength };
      encodeRecordHeader({ ...fields, key: hashBytes(content), storedCrc: crc32(stored) }, SEED, header);
      return concatBytes([header, stored]);
    });
    return Promise.resolve([concatBytes(records), encodePackHeader({ pack: 1, seed: SEED, storeId: new Uint8Array(16) })]);
  },
  async run(input) {
    decodePackHeader(input);
    decodeState(input);
    decodeLocation(input);
    decodeEntry(input.subarray(0, 33), input.subarray(33));
    const { unpack } = createUnpacker();
    for (const bytes of [input, withChecksums(input)]) {
      const options = { file: fileOf(bytes), seed: SEED, from: 0, to: bytes.byteLength, readContent: true };
      for await (const found of scanPack(options)) {
        if (found.end <= found.offset) throw new TypeError('the walk stands still');
        if (found.type === 'damage') continue;
        const { codec, rawLength } = found.header;
        try {
          unpack(codec, bytes.subarray(found.offset + RECORD_HEADER_BYTES, found.end), Math.min(rawLength, 1 << 20));
        } catch (error) {
          if (!(error instanceof TransferError)) throw error;
        }
      }
    }
  },
};

const json: Target = {
  name: 'json',
  bytesMax: 16 * 1024,
  seeds: () =>
    Promise.resolve(
      [
        '{"version":1,"name":"dc1","token":"sha256:' +
          '0'.repeat(64) +
          '","allow":["shop/*"],"push":true,"createdAt":"2026-01-01T00:00:00Z"}',
        '{"format":"lighterman store","version":1,"storeId":"000102030405060708090a0b0c0d0e0f","seed":305419896}',
        `{"version":1,"archive":"${'a'.repeat(64)}","archiveBytes":9,"streams":["${'b'.repeat(64)}"],"images":[{"archiveRefs":["a:1"],"names":{"a:1":1},"configDigest":"sha256:c","layers":[{"diffId":"sha256:d","digest":"sha256:e"}]}],"storedAt":1,"deliveredAt":2,"verified":[]}`,
        'images:\n  - repository: shop\n    tags: ["1.*"]\n    semver: ">=1.2 <3"\ndestinations:\n  - {name: a, to: "ws://a:1", rate: 10mbit, budget: {bytes: 5MB, per: day}}\nschedule: {cron: "0 2 * * *"}\n',
      ].map(utf8),
    ),
  async run(input) {
    const text = utf8Text(input);
    parseGrant(text, 'dc1');
    const refusals = [() => parseIdentity(text), () => parseSyncConfig(text, 'f')];
    for (const decode of refusals)
      try {
        decode();
      } catch (error) {
        if (!(error instanceof TransferError)) throw error;
      }
    const store = createMemoryStore();
    await store.put([{ kind: 'image', key: hashBytes(input), bytes: input }]);
    await openCatalog(store);
  },
};

export const FORMAT_TARGETS: readonly Target[] = [frames, recipe, columns, difference, delta, opened, record, json];
