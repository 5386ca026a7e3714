import { describe, expect, it } from 'vitest';
import { createChunker } from '../../shared/cdc/chunker.ts';
import { findCut } from '../../shared/cdc/cut.ts';
import { createCutMemory, createPlainCutMemory, type CutMemory } from '../../shared/cdc/wasm-cut.ts';
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_BYTES_NOMINAL } from '../../shared/limits.ts';
import { createWasmInstance } from '../../shared/wasm/load.ts';
import { seededBytes } from '../support/random.ts';

/** The cut lengths of all of `bytes`. */
function cuts(memory: CutMemory, bytes: Uint8Array): number[] {
  memory.bytes.set(bytes);
  const lengths: number[] = [];
  for (let at = 0; at < bytes.byteLength; at += lengths.at(-1) as number) lengths.push(memory.findCut(at, bytes.byteLength));
  return lengths;
}

/** What a chunker emits for contents that arrive in pieces, in a room as small as it may be. */
function chunked(contents: readonly Uint8Array[], pieceBytes: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let room = createPlainCutMemory(ROOM_BYTES);
  let otherRoom = createPlainCutMemory(ROOM_BYTES);
  const chunker = createChunker(room, (chunk) => chunks.push(chunk.slice()));
  for (const content of contents) {
    for (let at = 0; at < content.byteLength; at += pieceBytes) {
      const piece = content.subarray(at, at + pieceBytes);
      if (chunker.free < piece.byteLength) {
        [room, otherRoom] = [otherRoom, room];
        chunker.moveTo(room);
      }
      chunker.push(piece);
    }
    chunker.end();
  }
  return chunks;
}

function ends(lengths: readonly number[]): number[] {
  let end = 0;
  return lengths.map((length) => (end += length));
}

/** Room for a chunk that is not yet certain, and for a piece. */
const ROOM_BYTES = 2 * CHUNK_BYTES_MAX;

describe('findCut', () => {
  it('was built as WebAssembly', () => {
    expect(createWasmInstance('cdc', 1), 'run `npm run build:wasm`').toBeDefined();
  });

  it('is the same in WebAssembly and in plain TypeScript', () => {
    for (const bytes of [seededBytes(1, 3_000_000), new Uint8Array(1_000_000), seededBytes(2, 3_000_000).map((byte) => byte & 3)]) {
      expect(cuts(createCutMemory(bytes.byteLength), bytes)).toEqual(cuts(createPlainCutMemory(bytes.byteLength), bytes));
    }
  });

  it.each([
    0,
    1,
    31,
    32,
    CHUNK_BYTES_MIN - 1,
    CHUNK_BYTES_MIN,
    CHUNK_BYTES_MIN + 1,
    CHUNK_BYTES_NOMINAL,
    CHUNK_BYTES_MAX,
    CHUNK_BYTES_MAX + 1,
  ])('agrees on the first cut of %i bytes', (length) => {
    for (const seed of [3, 4, 5]) {
      const bytes = seededBytes(seed, length);
      const memory = createCutMemory(length + 1);
      memory.bytes.set(bytes);
      expect(memory.findCut(0, length)).toBe(findCut(bytes));
    }
  });

  it('stays between minimum and maximum, near the nominal size', () => {
    const bytes = seededBytes(6, 20_000_000);
    const lengths = cuts(createCutMemory(bytes.byteLength), bytes).slice(0, -1);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(CHUNK_BYTES_MIN);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(CHUNK_BYTES_MAX);
    const mean = bytes.byteLength / lengths.length;
    expect(mean).toBeGreaterThan(CHUNK_BYTES_NOMINAL * 0.8);
    expect(mean).toBeLessThan(CHUNK_BYTES_NOMINAL * 1.5);
  });

  it('takes the maximum where nothing ever cuts', () => {
    expect(findCut(new Uint8Array(CHUNK_BYTES_MAX + 5))).toBe(CHUNK_BYTES_MAX);
  });

  it('depends on the bytes just before the cut alone', () => {
    const bytes = seededBytes(7, 1_000_000);
    const changed = bytes.slice();
    changed.set(seededBytes(8, 1000), 500);
    const before = new Set(ends(cuts(createPlainCutMemory(bytes.byteLength), bytes)));
    const after = ends(cuts(createPlainCutMemory(bytes.byteLength), changed));
    expect(after.filter((end) => !before.has(end)).length).toBeLessThanOrEqual(3);
  });
});

describe('chunker', () => {
  it('leaves a content of up to the maximum uncut', () => {
    const content = seededBytes(9, CHUNK_BYTES_MAX);
    expect(findCut(content)).toBeLessThan(CHUNK_BYTES_MAX);
    expect(chunked([content], 10_000)).toEqual([content]);
    expect(chunked([content, seededBytes(10, CHUNK_BYTES_MAX + 1)], 10_000).length).toBeGreaterThan(2);
  });

  it.each([1000, 65_536, 99_991, CHUNK_BYTES_MAX])('cuts alike in pieces of %i bytes', (pieceBytes) => {
    const contents = [seededBytes(11, 700_001), seededBytes(12, 5), new Uint8Array(0), seededBytes(13, CHUNK_BYTES_MAX + 1)];
    const chunks = chunked(contents, pieceBytes);
    expect(Buffer.concat(chunks).equals(Buffer.concat(contents))).toBe(true);
    expect(chunks.map((chunk) => chunk.byteLength)).toEqual(
      contents.flatMap((content) =>
        content.byteLength <= CHUNK_BYTES_MAX
          ? [content.byteLength].filter(Boolean)
          : cuts(createPlainCutMemory(content.byteLength), content),
      ),
    );
  });
});
