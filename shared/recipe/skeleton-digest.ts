/**
 * The digest of a recipe itself: equal digests mean recipes that rebuild the same bytes. It stands in for hashing a whole archive again
 * when only its skeleton is new: the layers in it were proven one by one, as streams of their own.
 */
import { createIdHasher, type Id } from '../hash.ts';
import { createByteWriter } from '../wire/varint.ts';
import { BLOCK_BYTES, encodeHeader } from '../tar/header.ts';
import type { Recipe } from './recipe.ts';

/**
 * BLAKE3 over the rows in order, then the tail. A row: its 512-byte header, then its inline body, nested id, chunk ids and explicit
 * padding, each of the four behind its length in bytes as a varint (padding: length + 1, or 0 for the usual zeros); the tail: its zero
 * bytes as a varint, then its chunk ids behind their length.
 */
export function skeletonDigest(recipe: Recipe): Id {
  const hasher = createIdHasher();
  const block = new Uint8Array(BLOCK_BYTES);
  for (let index = 0; index < recipe.rowCount; index++) {
    const row = recipe.row(index);
    if (row.literal === undefined) encodeHeader(recipe.templates[row.template ?? 0] as Uint8Array, row, block, 0);
    const writer = createByteWriter(BLOCK_BYTES + 256);
    writer.bytes(row.literal ?? block);
    for (const part of [row.inline, row.nested]) {
      writer.varint(part?.byteLength ?? 0);
      if (part !== undefined) writer.bytes(part);
    }
    writer.varint(row.chunks.length);
    for (const chunk of row.chunks) writer.bytes(chunk.id);
    writer.varint(row.padding === undefined ? 0 : row.padding.byteLength + 1);
    if (row.padding !== undefined) writer.bytes(row.padding);
    hasher.update(writer.finish());
  }
  const end = createByteWriter();
  end.varint(recipe.zeroTail);
  end.varint(recipe.tail.length);
  for (const chunk of recipe.tail) end.bytes(chunk.id);
  hasher.update(end.finish());
  return hasher.digest();
}

/** True where a stream holds others as they are, so that its skeleton's digest is its proof. */
export function isProvenBySkeleton(recipe: Recipe): boolean {
  return recipe.wrapped === undefined && recipe.nestingRows.length > 0;
}
