import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { createBases } from '../../shared/recipe/difference/bases.ts';
import { createCursors, NO_ENTRY } from '../../shared/recipe/difference/cursors.ts';
import { createTemplateList, fieldsOf, type Entry } from '../../shared/recipe/difference/entry.ts';
import { createShaper, unshape, valueCount } from '../../shared/recipe/difference/extension.ts';
import { parseRecords, recordText } from '../../shared/recipe/difference/pax.ts';
import {
  comparePaths,
  createPathReader,
  directoryOf,
  extensionOf,
  normalPath,
  renamed,
  renamingBetween,
} from '../../shared/recipe/difference/path.ts';
import { createBitDecoder, createBitEncoder, type BitCoder } from '../../shared/recipe/difference/range-coder.ts';
import { indexOf, lookupOf } from '../../shared/recipe/difference/recipe-index.ts';
import { createTextModel } from '../../shared/recipe/difference/text.ts';
import { groupOf, inWriteOrder } from '../../shared/recipe/difference/write-order.ts';
import { hashBytes } from '../../shared/hash.ts';
import { hashText } from '../../shared/recipe/difference/decision.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createRandom, randomFiles, recipeOf, STYLES, type File } from '../property/difference-recipes.ts';

function fileAt(path: string, more: Partial<File> = {}): File {
  return { path, type: path.endsWith('/') ? '5' : '0', mode: 0o644, uid: 0, mtime: 1, link: '', chunks: [], nested: false, ...more };
}

const layerOf = (...paths: string[]): Recipe =>
  recipeOf(
    paths.map((path) => fileAt(path)),
    'gnu',
  );

describe('paths', () => {
  it('are matched without what writers differ in', () => {
    const same = ['usr/lib', './usr/lib', '/usr/lib/', '././usr/lib//', 'usr/lib/'];
    expect(new Set(same.map(normalPath))).toEqual(new Set(['usr/lib']));
    expect(['.', './', '/', ''].map(normalPath)).toEqual(['', '', '', '']);
    expect(normalPath('.config')).toBe('.config');
    expect(normalPath('..')).toBe('..');
  });

  it('come in the order of a walk by name', () => {
    const walk = ['a', 'a/b', 'a/b/c', 'a/c', 'a-b', 'a.b', 'ab', 'b'];
    expect(walk.toReversed().toSorted(comparePaths)).toEqual(walk);
    expect(comparePaths('a/b', 'a/b')).toBe(0);
  });

  it('have a directory and an extension', () => {
    expect(['a/b/c.js', 'a/b/', 'a', ''].map(directoryOf)).toEqual(['a/b/', 'a/', '', '']);
    expect(['a.b/c', 'c.js.map', '.bashrc', 'x/.profile', 'x/a.'].map(extensionOf)).toEqual(['', '.map', '', '', '.']);
  });

  it('are renamed by what is before their common end', () => {
    const renaming = renamingBetween('app/1.2/dist/index.js', 'srv/app/1.3/dist/index.js');
    expect(renaming).toEqual({ from: 'app/1.2', to: 'srv/app/1.3' });
    expect(renamed('app/1.2/readme', renaming)).toBe('srv/app/1.3/readme');
    expect(renamed('other', renaming)).toBe('other');
    expect(renamingBetween('usr/bin', './usr/bin')).toEqual({ from: '', to: './' });
    expect(renamingBetween('liba/x', 'a/x')).toEqual({ from: 'liba', to: 'a' });
  });

  it('are read with the facts that belong to them, whatever was read before', () => {
    const read = createPathReader();
    for (const path of ['./a/b.c', './a/d.e', 'a/', 'ab/c', 'a/b/c']) expect(read(path)).toEqual(createPathReader()(path));
    expect(read('./a/b.c')).toMatchObject({ normal: 'a/b.c', directory: 'a/', directoryHash: hashText('a/'), extension: '.c' });
  });
});

describe('pax records', () => {
  it('count their own digits', () => {
    for (const length of [1, 2, 3, 90, 91, 92, 93, 989, 990, 991]) {
      const text = recordText({ key: 'path', value: 'x'.repeat(length) });
      expect(Number.parseInt(text, 10)).toBe(text.length);
    }
  });

  it('are read where they would be written alike', () => {
    expect(parseRecords('11 path=ab\n8 a=b=c\n')).toEqual([
      { key: 'path', value: 'ab' },
      { key: 'a', value: 'b=c' },
    ]);
    const others = ['011 path=ab\n', '11 path=ab', 'x', '5 a\n', '99999999 a=b\n', '0 a=b\n', '-6 a=b\n'];
    expect(others.filter((body) => parseRecords(body))).toEqual([]);
  });
});

describe('the order of writing', () => {
  const read = createPathReader();
  const placed = (...paths: string[]): string[] =>
    inWriteOrder(paths.map((path) => ({ path: read(path), isDirectory: path.endsWith('/') }))).map(({ entry }) => entry.path.path);

  it('keeps npm packages together, each by extension and name as npm packs it', () => {
    const order = ['LICENSE', 'index.cjs', 'src/a.js', 'B.js', 'c.js', 'package.json'].map((name) => `node_modules/p/${name}`);
    const other = 'node_modules/@s/q/x.js';
    expect(placed(...order.toSorted(), other)).toEqual([...order.filter((path) => path.includes('/p/')), other]);
  });

  it('has the directories last, the innermost first', () => {
    expect(placed('a/', 'a/b/', 'a/b/c', 'a/d')).toEqual(['a/d', 'a/b/c', 'a/b/', 'a/']);
  });

  it('keeps files of one directory in their order elsewhere', () => {
    expect(placed('usr/z.a', 'usr/b.c', 'usr/a.z')).toEqual(['usr/z.a', 'usr/b.c', 'usr/a.z']);
  });

  it('knows the package of a path', () => {
    const groups = [
      'app/node_modules/a/lib/x',
      'app/node_modules/@s/b/x',
      'app/node_modules/a/node_modules/c/x',
      'app/node_modules/x',
      'usr/lib/x',
      'x',
    ];
    expect(groups.map((path) => groupOf(read(path)))).toEqual([
      'app/node_modules/a/',
      'app/node_modules/@s/b/',
      'app/node_modules/a/node_modules/c/',
      'app/node_modules/',
      'usr/lib/',
      '',
    ]);
  });
});

/** What a text model gives back of texts, in both directions. */
function texts(values: readonly string[], hints: readonly string[] = []): { decoded: string[]; bytes: number } {
  const run = (coder: BitCoder): string[] => {
    const model = createTextModel(14);
    return values.map((value, index) => model.code(coder, index % 8, hints[index] ?? '', 10_000, coder.decoding ? '' : value));
  };
  const encoder = createBitEncoder();
  run(encoder);
  const encoded = encoder.finish();
  return { decoded: run(createBitDecoder(encoded)), bytes: encoded.byteLength };
}

describe('texts', () => {
  const bytes = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));

  it('are given back whatever is in them', () => {
    const values = ['', 'usr/lib', '\0', 'a\0b\0', bytes, 'x'.repeat(9000), 'usr/lib'];
    expect(texts(values).decoded).toEqual(values);
  });

  it('cost little where they repeat or resemble their hint', () => {
    const random = createRandom(3);
    const noise = Array.from({ length: 40 }, () => String.fromCharCode(97 + random(26))).join('');
    const once = texts([noise]).bytes;
    expect(texts(Array.from({ length: 16 }, () => noise)).bytes).toBeLessThan(once * 2);
    expect(texts([`${noise}!`], [noise]).bytes).toBeLessThan(once / 2);
    expect(texts([`${noise}!`], [noise]).decoded).toEqual([`${noise}!`]);
  });

  it('have a limit', () => {
    const encoder = createBitEncoder();
    createTextModel(12).code(encoder, 0, '', 100, 'x'.repeat(60));
    createTextModel(12).code(encoder, 0, '', 100, `${'x'.repeat(59)}\0`);
    const decode = (limit: number): string[] => {
      const decoder = createBitDecoder(encoder.finish());
      return [0, 1].map(() => createTextModel(12).code(decoder, 0, '', limit, ''));
    };
    expect(() => decode(59)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });
});

/** An entry with a pax header of this name. */
function longer(path: string, name: string): Entry {
  const { extensions, ...entry } = createBases([recipeOf([fileAt(`${'d/'.repeat(60)}f`)], 'gnu')]).entry(0);
  return { ...entry, path, extensions: extensions.map((extension) => ({ ...extension, template: -1, literal: '', name })) };
}

describe('extensions', () => {
  it.each(STYLES)('of style %s are made again from their shape', (style) => {
    const recipe = recipeOf(randomFiles(createRandom(11), 120), style, createRandom(4));
    const bases = createBases([recipe]);
    const shaper = createShaper(bases.templates);
    const keys = new Set<string>();
    for (let number = 0; number < bases.entryCount; number++) {
      const entry = bases.entry(number);
      const shaped = shaper.shape(entry);
      keys.add(shaped.shape.key);
      expect(shaped.values).toHaveLength(valueCount(shaped.shape));
      expect(unshape(shaped, entry.path, entry.link, entry.main?.mtime ?? 0)).toEqual(entry.extensions);
    }
    expect(keys.size).toBeGreaterThan(1);
    expect(keys.size).toBeLessThan(4);
  });

  it('of entries with longer paths have the name that was learned', () => {
    const shaper = createShaper(createTemplateList());
    const first = shaper.shape(longer('app/lib/file', './lib/PaxHeaders.7/file'));
    const { shape } = shaper.shape(longer('app/other/file', './other/PaxHeaders.7/file'));
    expect(shape.extensions[0]?.rule).toEqual({ from: 'app', to: '.', token: 'PaxHeaders.7/' });
    expect(shape.key).toBe(first.shape.key);
  });

  it('that say numbers in text are refused', () => {
    const bases = createBases([recipeOf([fileAt(`${'d/'.repeat(60)}f`, { mtime: 5 })], 'go')]);
    const { shape } = createShaper(bases.templates).shape(bases.entry(0));
    expect(() => unshape({ shape, values: ['5'] }, 'path', '', 5)).not.toThrow();
    expect(() => unshape({ shape, values: ['x'] }, 'path', '', 5)).toThrow(TransferError);
  });
});

/** Follows target paths through bases; each is taken from the first guess that has its path. */
function follow(bases: readonly Recipe[], paths: readonly string[]): string[] {
  const all = createBases(bases);
  const cursors = createCursors(all);
  return paths.map((path) => {
    const guesses = [cursors.first, cursors.second];
    const found = guesses.findIndex((guess) => guess !== NO_ENTRY && all.entry(guess).path === path);
    cursors.follow(path, guesses[found] ?? NO_ENTRY);
    return ['first', 'second'][found] ?? 'none';
  });
}

describe('cursors', () => {
  it('go through a base in order', () => {
    expect(follow([layerOf('b', 'a', 'c')], ['b', 'a', 'c'])).toEqual(['first', 'first', 'first']);
  });

  it('merge bases by path', () => {
    expect(follow([layerOf('a', 'd', 'e'), layerOf('b', 'f'), layerOf('c')], ['a', 'b', 'c', 'd', 'e', 'f'])).toEqual(
      Array.from({ length: 6 }, () => 'first'),
    );
  });

  it('pass by what another base has, too', () => {
    expect(follow([layerOf('a', 'c', 'd'), layerOf('a', 'c', 'z')], ['a', 'c', 'd', 'z'])).toEqual(
      Array.from({ length: 4 }, () => 'first'),
    );
  });

  it('stay where they are when an entry has no base', () => {
    expect(follow([layerOf('a', 'c')], ['a', 'b', 'c'])).toEqual(['first', 'none', 'first']);
  });

  it('have nothing to say without bases', () => {
    expect(follow([], ['a'])).toEqual(['none']);
  });
});

describe('the index of a recipe', () => {
  const recipe = recipeOf(randomFiles(createRandom(2), 150), 'gnu');
  const index = indexOf(recipe);

  it('begins entries at rows that no extension is before', () => {
    const types = [...index.entryStarts].map((row) => fieldsOf(recipe.row(row), (template) => template).body);
    expect(index.entryStarts.length).toBeLessThan(recipe.rowCount);
    expect(types).toContain(1);
    expect(index.entryStarts[0]).toBe(0);
  });

  it('finds entries by path and chunks by id', () => {
    const bases = createBases([recipe]);
    for (let entry = 0; entry < bases.entryCount; entry++) {
      expect([...lookupOf(recipe).entriesByPath(hashText(normalPath(bases.entry(entry).path)))]).toContain(entry);
    }
    for (let number = 0; number < recipe.chunkCount; number++) {
      const found = lookupOf(recipe).chunkById(recipe.chunk(number).id);
      expect(found === undefined ? undefined : recipe.chunk(found)).toEqual(recipe.chunk(number));
    }
    expect(lookupOf(recipe).chunkById(hashBytes(new Uint8Array(1)))).toBeUndefined();
  });

  it('is made once', () => {
    expect(indexOf(recipe)).toBe(index);
  });
});
