import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtPrograms } from '../../../bench/built.ts';
import { makeArchive } from '../../../bench/scale/archive.ts';
import { CASE_NAMES, scaleCases, type CaseChoice } from '../../../bench/scale/cases.ts';
import { createContent, PIECE_BYTES } from '../../../bench/scale/content.ts';
import { readFlags } from '../../../bench/scale/flags.ts';
import { runCommand } from '../../support/command.ts';

const MAIN = resolve(import.meta.dirname, '../../../bench/scale/main.ts');

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-scale-'));
});
afterAll(() => rm(directory, { recursive: true }));

const scale = async (...args: string[]): Promise<string> =>
  (await runCommand(process.execPath, [MAIN, '--cache', join(directory, 'cache'), ...args])).toString();

/** For each layer of each case: how many files there are, and their lengths together. */
function shapes(choice: CaseChoice): { files: number; bytes: number }[][] {
  return scaleCases(choice).map(({ layers }) =>
    Array.from(layers, (entries) => {
      let [files, bytes] = [0, 0];
      for (const { content } of entries) {
        if (content === 'directory') continue;
        files++;
        if ('parts' in content) bytes += content.size;
        else if ('bytes' in content) bytes += content.bytes.length;
      }
      return { files, bytes };
    }),
  );
}

describe('scale', () => {
  it('ships every case, ships it again for next to nothing, and leaves nothing behind', async () => {
    const text = await scale('--gb', '1.5', '--scale', '0.002');
    const size = /\d[\d.]* (?:B|kB|MB|GB)/.source;
    const time = /\d[\d.]* s/.source;
    const row = (title: string): RegExp =>
      new RegExp(
        [
          title,
          size,
          time,
          /[\d.]+/.source,
          size,
          `${size} / ${size}`,
          /[\d.]+ \/ [\d.]+/.source,
          time,
          /(?:\d{3} B|1\.\d\d kB)/.source,
        ].join(' +│ +'),
      );
    for (const title of ['size 1.5 GB', 'one file of 2 GB', '500,000 files', '120 layers']) expect(text).toMatch(row(title));
    expect(await readdir(join(directory, 'cache'))).toEqual([]);
  });

  it('makes the same archive from the same plan', async () => {
    const choice: CaseChoice = { names: CASE_NAMES, gigabytes: [1], scale: 0.0005 };
    const digests = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const scaleCase of scaleCases(choice)) {
        found.push((await makeArchive(directory, scaleCase, new AbortController().signal)).sha256);
      }
      return found;
    };
    const first = await digests();
    expect(new Set(first).size).toBe(4);
    expect(await digests()).toEqual(first);
  });

  it('plans layers of at most 512 MB, headers included, and the bytes that were asked for', () => {
    const [ten = [], half = []] = shapes({ names: ['size'], gigabytes: [10, 0.5], scale: 1 });
    expect(half).toHaveLength(1);
    expect(ten).toHaveLength(20);
    for (const { files, bytes } of ten) expect(bytes + (files + 3) * 1024).toBeLessThan(512e6);
    expect(ten.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(10e9);
  });

  it('plans one file of 2 GB, 500,000 small files that all differ, and 120 layers of a few files', () => {
    expect(shapes({ names: ['file'], gigabytes: [], scale: 1 })).toEqual([[{ files: 1, bytes: 2e9 }]]);
    expect(shapes({ names: ['layers'], gigabytes: [], scale: 1 })[0]?.map(({ files }) => files >= 2 && files <= 5)).toEqual(
      Array.from({ length: 120 }, () => true),
    );
    const [files] = scaleCases({ names: ['files'], gigabytes: [], scale: 0.02 });
    const [layer = []] = files?.layers ?? [];
    const contents = [...layer].flatMap(({ content }) => (content !== 'directory' && 'bytes' in content ? [content.bytes] : []));
    expect(contents).toHaveLength(10_000);
    expect(new Set(contents.map((bytes) => bytes.toString())).size).toBe(10_000);
    expect(contents.every(({ length }) => length >= 20 && length <= 400)).toBe(true);
  });

  it('content is random, text and repeated pieces', () => {
    const pieces = Array.from(createContent(1).parts(40 * PIECE_BYTES), (part) => Buffer.from(part).toString('latin1'));
    const texts = pieces.filter((piece) => /^[a-z \n]+$/.test(piece)).length;
    expect(texts).toBeGreaterThan(10);
    expect(texts).toBeLessThan(30);
    expect(new Set(pieces).size).toBeLessThan(38);
  });

  it('takes any sizes and cases, and by default all', () => {
    expect(readFlags([])).toMatchObject({ choice: { names: CASE_NAMES, gigabytes: [1, 2, 4, 8], scale: 1 }, effort: 'auto' });
    expect(readFlags(['--gb', '10,0.5', '--cases', 'size,file', '--effort', 'low', '--scale', '0.01', '--cache', '/tmp'])).toEqual({
      choice: { names: ['size', 'file'], gigabytes: [10, 0.5], scale: 0.01 },
      effort: 'low',
      cache: '/tmp',
    });
  });

  it.each([
    [['--cases', 'colour'], 'no case is called colour'],
    [['--gb', '1,none'], '--gb does not take none'],
    [['--gb', ''], '--gb does not take '],
    [['--scale', '2'], '--scale does not take 2'],
    [['--effort', 'huge'], 'no effort is called huge'],
    [['--speed'], "Unknown option '--speed'"],
  ])('%j is a usage error', (words, message) => {
    expect(() => readFlags(words)).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }));
  });

  it('says so where the programs are not built', () => {
    expect(() => builtPrograms(directory)).toThrow(
      expect.objectContaining({ code: 'USAGE', message: 'dist/sender/main.js is not built', hint: 'run `npm run build`' }),
    );
  });
});
