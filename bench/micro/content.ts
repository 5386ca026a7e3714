/** Cut points, hashes and the tar walk: what every byte of an image goes through. */
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { createChunker } from '../../shared/cdc/chunker.ts';
import { createCutMemory, createPlainCutMemory, type CutMemory } from '../../shared/cdc/wasm-cut.ts';
import { createSha256, hashBytes } from '../../shared/hash.ts';
import { CHUNK_BYTES_NOMINAL } from '../../shared/limits.ts';
import { createTarWalk } from '../../shared/tar/walk.ts';
import { piecesOf, type Material } from './material.ts';
import { nothingToDispose, type Micro, type MicroCase } from './micro.ts';

const ROOM_BYTES = 4 * 1024 * 1024;
const PIECE_BYTES = 256 * 1024;

export function chunkerMicro({ archive }: Material): Micro {
  return {
    name: 'chunker',
    unit: 'MB/s',
    cases: [
      { name: 'WebAssembly', work: archive.byteLength, run: () => chunkAll(archive, createCutMemory(ROOM_BYTES)) },
      { name: 'plain TypeScript', work: archive.byteLength, run: () => chunkAll(archive, createPlainCutMemory(ROOM_BYTES)) },
      hashCase(archive),
      copyCase(archive),
    ],
    ...nothingToDispose,
  };
}

export function hashMicro({ archive }: Material): Micro {
  return {
    name: 'hash',
    unit: 'MB/s',
    cases: [hashCase(archive), { name: 'SHA-256, streamed', work: archive.byteLength, run: () => sha256All(archive) }, copyCase(archive)],
    ...nothingToDispose,
  };
}

export function tarMicro({ layer }: Material): Micro {
  return {
    name: 'tar walk',
    unit: 'MB/s',
    cases: [
      { name: 'walk', work: layer.byteLength, run: () => walkAll(layer) },
      { name: 'tar-stream', work: layer.byteLength, run: () => extractAll(layer) },
      copyCase(layer),
    ],
    ...nothingToDispose,
  };
}

/** Plain copying: as fast as this machine can touch every byte. */
export function copyCase(bytes: Uint8Array): MicroCase {
  const target = new Uint8Array(PIECE_BYTES);
  const run = (): void => {
    for (const piece of piecesOf(bytes, PIECE_BYTES)) target.set(piece);
  };
  return { name: 'plain copying', isReference: true, work: bytes.byteLength, run };
}

function hashCase(bytes: Uint8Array): MicroCase {
  const run = (): void => {
    for (const piece of piecesOf(bytes, CHUNK_BYTES_NOMINAL)) hashBytes(piece);
  };
  return { name: 'BLAKE3 of chunks', work: bytes.byteLength, run };
}

function chunkAll(bytes: Uint8Array, room: CutMemory): void {
  let at = 0;
  const chunker = createChunker(room, () => undefined);
  while (at < bytes.byteLength) {
    const piece = bytes.subarray(at, at + Math.min(chunker.free, PIECE_BYTES));
    chunker.push(piece);
    at += piece.byteLength;
    // The room is used again from its start, as in ingest: what is left unfinished is carried over.
    if (chunker.free < PIECE_BYTES) chunker.moveTo(room);
  }
  chunker.end();
}

function sha256All(bytes: Uint8Array): void {
  const hasher = createSha256();
  for (const piece of piecesOf(bytes, PIECE_BYTES)) hasher.update(piece);
  hasher.digest();
}

function walkAll(bytes: Uint8Array): void {
  const walk = createTarWalk({
    template: () => 0,
    acceptsRow: () => true,
    bodyStart: () => undefined,
    body: () => undefined,
    row: () => undefined,
    tail: () => undefined,
  });
  for (const piece of piecesOf(bytes, PIECE_BYTES)) walk.write(piece);
  walk.end();
}

async function extractAll(bytes: Uint8Array): Promise<void> {
  const reader = extract();
  reader.on('entry', (_, content, next) => {
    content.on('end', next);
    content.resume();
  });
  await pipeline(Readable.from(piecesOf(bytes, PIECE_BYTES)), reader);
}
