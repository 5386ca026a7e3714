import { describe, expect, it } from 'vitest';
import { hashBytes, type Id } from '../../shared/hash.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { blanked, createBlanker, nameOf, tailOf } from '../../shared/recipe/difference/likeness.ts';
import { createRandom, recipeOf, type File } from '../property/difference-recipes.ts';

function fileAt(path: string, length: number, version: string): File {
  const id = Uint8Array.from(hashBytes(Buffer.from(path + version))) as Id;
  const common = { path, mode: 0o644, uid: 0, mtime: 1_700_000_000, link: '', nested: false };
  return path.endsWith('/') ? { ...common, type: '5', chunks: [] } : { ...common, type: '0', chunks: [{ id, length }] };
}

/** The old path that each of the new files is taken for a version of. */
function pairs(old: readonly [string, number][], fresh: readonly [string, number][]): (string | undefined)[] {
  const base = recipeOf(old.map(([path, length]) => fileAt(path, length, 'old')), 'gnu'); // prettier-ignore
  const target = recipeOf(fresh.map(([path, length]) => fileAt(path, length, 'new')), 'gnu'); // prettier-ignore
  const { baseRow } = encodeDifference(target, [base]);
  return fresh.map((_, row) => {
    const found = baseRow(row);
    return found && Buffer.from(base.row(found.row).name).toString();
  });
}

describe('a path', () => {
  it.each([
    ['opt/node-24.18.1/bin/node', 'opt/node-#/bin/node'],
    ['usr/lib/python3.11/os.py', 'usr/lib/python#/os.py'],
    ['usr/lib/x86_64-linux-gnu/libssl.so.1.1', 'usr/lib/x#-linux-gnu/libssl.so.#'],
    ['srv/main.3f2a1c.js', 'srv/main.#.js'],
    ['srv/chunk-NT25DW6B.js', 'srv/chunk-#.js'],
    ['srv/index-vsvg9063.js', 'srv/index-vsvg#.js'],
    ['srv/29df097d1082f81a.js', 'srv/#.js'],
    ['lib/lodash/facade.js', 'lib/lodash/facade.js'],
    ['foo_1.2.3-4+deb12u1_amd64.deb', 'foo_#_amd#.deb'],
  ])('%s is like %s', (path, like) => {
    expect(blanked(path)).toBe(like);
  });

  it('is the same among others', () => {
    const blank = createBlanker();
    const paths = ['lib1/a2.js', 'lib1/b', 'lib1/3/c', 'lib2/a2.js', 'top', 'lib2/', '', 'lib2/x'];
    expect(paths.map(blank)).toEqual(paths.map(blanked));
  });

  it('has last components', () => {
    expect([nameOf('a/b/c.js'), nameOf('c.js'), nameOf('')]).toEqual(['c.js', 'c.js', '']);
    expect([tailOf('a/b/c.js'), tailOf('b/c.js'), tailOf('c.js'), tailOf('')]).toEqual(['b/c.js', 'b/c.js', 'c.js', '']);
  });
});

describe('the old version of a file', () => {
  it('is the one of like size among like names', () => {
    const old: [string, number][] = [
      ['a/1a2b3c4d.js', 5000],
      ['a/2b3c4d5e.js', 90_000],
    ];
    expect(pairs(old, [['a/3c4d5e6f.js', 88_000], ['a/4d5e6f70.js', 5100]])).toEqual(['a/2b3c4d5e.js', 'a/1a2b3c4d.js']); // prettier-ignore
  });

  it('is not one that is still there, of another kind or of another size', () => {
    expect(pairs([['lib/v1.js', 900]], [['lib/v1.js', 900], ['lib/v2.js', 900]])).toEqual(['lib/v1.js', undefined]); // prettier-ignore
    expect(pairs([['lib1/', 0]], [['lib2', 900]])).toEqual([undefined]);
    expect(pairs([['lib/v1.js', 900]], [['lib/v2.js', 90_000]])).toEqual([undefined]);
  });

  it('is found in another directory where its name is rare, or the directory has the same name', () => {
    expect(pairs([['opt/app/server.js', 9000]], [['srv/code/server.js', 9100]])).toEqual(['opt/app/server.js']);
    const many = ['a', 'b', 'c', 'd'].map((name): [string, number] => [`old/${name}/index.js`, 3000]);
    expect(pairs(many, [['new/x/index.js', 3000], ['lib/c/index.js', 3000]])).toEqual([undefined, 'old/c/index.js']); // prettier-ignore
  });

  it('is the one under the renaming of the file before, whatever its name', () => {
    const random = createRandom(5);
    const names = Array.from({ length: 50 }, () => random(2 ** 31).toString(36)).toSorted();
    const old = names.map((name): [string, number] => [`opt/runtime/${name}`, 1000]);
    const fresh = names.flatMap((name, i): [string, number][] => (i % 3 === 1 ? [] : [[`srv/other/${name}`, 1000]]));
    expect(pairs(old, fresh)).toEqual(fresh.map(([path]) => path.replace('srv/other', 'opt/runtime')));
  });
});
