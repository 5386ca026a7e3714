/** The worked example of shared/RECIPE.md, decoded, made again and rebuilt by the code. */
import { readFileSync } from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../shared/bytes.ts';
import { GEAR } from '../../shared/cdc/gear.ts';
import { LOOSE_MASK, STRICT_MASK } from '../../shared/cdc/cut.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import { CHUNK_BYTES_MAX, CHUNK_BYTES_MIN, CHUNK_BYTES_NOMINAL } from '../../shared/limits.ts';
import { CODEC_WRAPPED, COLUMN_NAMES } from '../../shared/recipe/columns-at-rest.ts';
import { decodeRecipe } from '../../shared/recipe/decode.ts';
import { encodeRecipe } from '../../shared/recipe/encode.ts';
import { METHOD_GZIP } from '../../shared/recipe/recipe.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { createByteReader } from '../../shared/wire/varint.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { loadRecipe } from '../support/ingested.ts';
import { collect } from '../support/tar.ts';

const document = readFileSync(new URL('../../shared/RECIPE.md', import.meta.url), 'utf8');
const [example = '', wrappedExample = ''] = document.slice(document.indexOf('## Example')).split('### A wrapped stream');
const content = utf8('berth\n');
const stream = craftTar([
  craftEntry({ name: 'etc/', type: '5', mode: '0000755\0' }),
  craftEntry({ name: 'etc/host', mtime: '14512345672\0' }, content),
  craftEntry({ name: 'etc/link', type: '2', link: 'host' }),
]);

function fromHex(text: string | undefined): Uint8Array {
  return Buffer.from((text ?? '').replaceAll(/\s/g, ''), 'hex');
}

/** The recipe at rest: the lines of hex from the one that begins with version and codec. */
const atRest = fromHex(/^( {4}01 00 (?:[0-9a-f]{2}\s+)+)/m.exec(example)?.[1]);

/** The bytes of the wrapped example: the member, its recipe, the reconstruction, each a block of lines of hex. */
const [member, wrappedAtRest, reconstruction] = [...wrappedExample.matchAll(/(?:^ {4}(?:[0-9a-f]{2} )+[0-9a-f]{2}$\n?)+/gm)].map(([lines]) => fromHex(lines)) as [Uint8Array, Uint8Array, Uint8Array]; // prettier-ignore

/** The columns that a part of the document lists, each a name and its bytes. */
function listedIn(text: string): (readonly [string, string])[] {
  return [...text.matchAll(/^ {4}([a-zA-Z]{4,}) +((?:[0-9a-f]{2} ?)+)$/gm)].map(([, name = '', bytes]) => [name, hex(fromHex(bytes))]);
}

/** Columns by name, of an encoded recipe. */
function columnsOf(recipe: Uint8Array): Map<string, string> {
  const outer = createByteReader(recipe, 2);
  if (recipe[1] === CODEC_WRAPPED) {
    outer.byte('method');
    outer.varint('length of the stream');
  }
  const length = outer.varint('length');
  const reader = createByteReader(zstdDecompressSync(outer.rest(), { maxOutputLength: length }));
  reader.bytes(32, 'id');
  for (let i = 0; i < 4; i++) reader.varint('counts');
  const lengths = COLUMN_NAMES.map((name) => reader.varint(name));
  return new Map(COLUMN_NAMES.map((name, index) => [name, hex(reader.bytes(lengths[index] ?? 0, name))]));
}

describe('RECIPE.md', () => {
  it('has an example that rebuilds its stream', async () => {
    const recipe = decodeRecipe(atRest);
    expect(example).toContain(hex(recipe.id));
    const store = createMemoryStore();
    await store.put([{ kind: 'chunk', key: hashBytes(content), bytes: content }]);
    const rebuilt = await collect(rebuildStream(recipe, store, (id) => loadRecipe(store, id)));
    expect(Buffer.compare(rebuilt, stream)).toBe(0);
  });

  it('names the columns of the example', () => {
    const columns = columnsOf(atRest);
    expect(listedIn(example)).toEqual([...columns].filter(([name, bytes]) => name !== 'templates' && bytes !== ''));
    expect(columnsOf(encodeRecipe(decodeRecipe(atRest)))).toEqual(columns);
  });

  it('has a wrapped stream that is made of the plain one and its reconstruction', async () => {
    const recipe = decodeRecipe(wrappedAtRest);
    expect([recipe.wrapped, recipe.bytes, hex(recipe.id)]).toEqual([METHOD_GZIP, member.byteLength, hex(hashBytes(member))]);
    expect(wrappedExample).toContain(hex(recipe.id));
    const columns = columnsOf(wrappedAtRest);
    expect(listedIn(wrappedExample)).toEqual([...columns].filter(([name, bytes]) => name !== 'templates' && bytes !== ''));
    expect(columnsOf(encodeRecipe(recipe))).toEqual(columns);
    const store = createMemoryStore();
    await store.put([content, reconstruction].map((bytes) => ({ kind: 'chunk', key: hashBytes(bytes), bytes })));
    const rebuilt = await collect(rebuildStream(recipe, store, () => Promise.resolve(decodeRecipe(atRest))));
    expect(Buffer.compare(rebuilt, member)).toBe(0);
    expect(Buffer.compare(gunzipSync(member), stream)).toBe(0);
  });

  it('has the columns of the code, in its order', () => {
    const table = document.slice(document.indexOf('| column | content |'), document.indexOf('Every column must be used up'));
    const names = [...table.matchAll(/^\| ([a-zA-Z, ]+) \|/gm)].flatMap(([, cell]) => (cell ?? '').split(', ')).slice(1);
    expect(names).toEqual([...COLUMN_NAMES]);
  });

  it('has the chunking parameters of the code', () => {
    const grouped = [CHUNK_BYTES_MIN, CHUNK_BYTES_NOMINAL, CHUNK_BYTES_MAX].map((value) => value.toLocaleString('en'));
    expect(document).toContain(`min = ${grouped[0]}   nominal = ${grouped[1]}   max = ${grouped[2]}`);
    expect([STRICT_MASK, LOOSE_MASK].map((mask) => Math.clz32(~mask))).toEqual([17, 13]);
    const gear = [...GEAR.subarray(0, 4)].map((word) => word.toString(16).padStart(8, '0')).join(' ');
    expect(document).toContain(`\`${gear}\`, \`gear[255]\` is \`${GEAR[255]?.toString(16)}\``);
  });
});
