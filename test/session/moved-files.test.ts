/** What it costs when files change and stand elsewhere at once: about as much as if they had changed where they were. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { wireBytes } from '../support/agents.ts';
import { shipArchives } from '../support/joined-agents.ts';
import { seededBytes } from '../support/random.ts';
import { archiveOf, editedLines, layerOf, programLines, textOf, type Files } from '../support/source-files.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

/** Layers of an image, lowest first. */
type Image = readonly Uint8Array[];

/** Ships an image to a receiver that holds the old one. @returns the bytes that it took, both ways. */
async function cost(old: Image, image: Image): Promise<number> {
  await using directory = await temporaryDirectory({ inMemory: true });
  const agents = { pool: createMemoryStore(), store: createMemoryStore(), delivered: directory.path };
  await shipArchives(agents, [archiveOf('app:1', old)], 'min');
  const archive = archiveOf('app:2', image);
  const crossing = await shipArchives(agents, [archive], 'mid');
  expect(sha256Digest(await readFile(join(directory.path, 'app_2.tar')))).toBe(sha256Digest(archive));
  return wireBytes(crossing);
}

type Lines = readonly (readonly string[])[];
/** Files of 4 to 50 KB, 700 KB together, and the same with one line in 50 changed. */
const old: Lines = Array.from({ length: 24 }, (_, i) => programLines(100 + i, 100 + ((i * 37) % 40) * 40));
const changed: Lines = old.map((lines, i) => editedLines(lines, 1000 + i, 50));
const files = (contents: Lines, pathOf: (i: number) => string): Files =>
  Object.fromEntries(contents.map((lines, i) => [pathOf(i), textOf(lines)]));
const inDirectories = (i: number): string => `${'abc'[i >> 3]}/f${i}.js`;
const hashOf = (i: number): string => Buffer.from(seededBytes(i, 4)).toString('hex');
const small = files(Array.from({ length: 600 }, (_, i) => programLines(4000 + i, 6)), (i) => `var/${i}.txt`); // prettier-ignore

describe('files that changed a little', () => {
  const before = layerOf(files(old, (i) => `opt/node-24.18.1/${inDirectories(i)}`));
  let inPlace: number;

  beforeAll(async () => {
    inPlace = await cost([before], [layerOf(files(changed, (i) => `opt/node-24.18.1/${inDirectories(i)}`))]);
  });

  it('where they were', () => {
    expect(inPlace).toBeLessThan(12_000);
  });

  it('in a version directory that was renamed', async () => {
    const image = [layerOf(files(changed, (i) => `opt/node-24.21.0/${inDirectories(i)}`))];
    expect(await cost([before], image)).toBeLessThan(inPlace + 100);
  });

  it('in another directory', async () => {
    const image = [layerOf(files(changed, (i) => `usr/share/runtime/${inDirectories(i)}`))];
    expect(await cost([before], image)).toBeLessThan(inPlace + 100);
  });

  it.each(['part-', ''])('under names of "%s" and a hash', async (name) => {
    const withHashes = (contents: Lines, first: number): Uint8Array =>
      layerOf(files(contents, (i) => `srv/${name}${hashOf(first + i)}.js`));
    expect(await cost([withHashes(old, 0)], [withHashes(changed, 100)])).toBeLessThan(inPlace + 500);
  });

  it('in layers that became one, in another order', async () => {
    const images = [old, changed].map((contents) => {
      const [first, second] = [contents.slice(0, 12), contents.slice(12)];
      return [files(first, (i) => `a/${inDirectories(i)}`), files(second, (i) => `b/${inDirectories(i)}`)] as const;
    });
    const [[oldFirst, oldSecond], [newFirst, newSecond]] = images as [(typeof images)[0], (typeof images)[0]];
    const bytes = await cost([layerOf(oldFirst), layerOf(oldSecond)], [layerOf({ ...newSecond, ...newFirst })]);
    expect(bytes).toBeLessThan(inPlace + 100);
  });

  it('one of them in another layer, among many that were there', async () => {
    const [first = [], firstChanged = []] = [old[0], changed[0]];
    const image = [layerOf(small), layerOf({ ...files(old.slice(1), inDirectories) })];
    const moved = [layerOf({ ...small, 'srv/moved.js': textOf(firstChanged) }), image[1] as Uint8Array];
    const bytes = await cost(
      [image[0] as Uint8Array, layerOf({ ...files(old.slice(1), inDirectories), 'srv/moved.js': textOf(first) })],
      moved,
    );
    expect(bytes).toBeLessThan(1500);
  });
});

describe('a bundle that changed a little', () => {
  const [first, second] = [programLines(7, 6000), programLines(9, 6000)];
  const [firstChanged, secondChanged] = [editedLines(first, 8, 60), editedLines(second, 10, 60)];
  const both = [...firstChanged, ...secondChanged];
  let inPlace: number;

  beforeAll(async () => {
    inPlace = await cost([layerOf({ 'srv/a.js': textOf(first) })], [layerOf({ 'srv/a.js': textOf(firstChanged) })]);
  });

  it.each<[string, Files, Files, versions: number]>([
    ['under another name', { 'srv/a.js': textOf(first) }, { 'lib/main.mjs': textOf(firstChanged) }, 1],
    ['that was split', { 'srv/a.js': textOf(first) }, { 'srv/app.js': textOf(firstChanged.slice(0, 3500)), 'srv/vendor.js': textOf(firstChanged.slice(3500)) }, 1], // prettier-ignore
    ['that was split and kept its name', { 'srv/a.js': textOf(first) }, { 'srv/a.js': textOf(firstChanged.slice(0, 3500)), 'srv/b.js': textOf(firstChanged.slice(3500)) }, 1], // prettier-ignore
    ['that was joined', { 'srv/a.js': textOf(first), 'srv/b.js': textOf(second) }, { 'srv/bundle.js': textOf(both) }, 2],
    ['that took in another', { 'srv/a.js': textOf(first), 'srv/b.js': textOf(second) }, { 'srv/a.js': textOf(both) }, 2],
    ['whose name another has now', { 'srv/a.js': textOf(first), 'srv/b.js': textOf(second) }, { 'srv/a.js': textOf(secondChanged) }, 1], // prettier-ignore
    ['with a copy that differs', { 'srv/a.js': textOf(first) }, { 'srv/a.js': textOf(firstChanged), 'srv/copy.js': textOf(editedLines(firstChanged, 11, 60)) }, 2], // prettier-ignore
  ])('%s', async (_, before, after, versions) => {
    expect(await cost([layerOf(before)], [layerOf(after)])).toBeLessThan(versions * inPlace + 600);
  });
});
