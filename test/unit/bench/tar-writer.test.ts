import * as fc from 'fast-check';
import { mkdtemp, readFile, rm, symlink, writeFile, mkdir, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeLayer } from '../../../bench/corpora/layer.ts';
import { createTarWriter, type TarEntry } from '../../../bench/corpora/tar-writer.ts';
import { sha256Digest } from '../../../shared/hash.ts';
import { utf8 } from '../../../shared/bytes.ts';
import { runCommand } from '../../support/command.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-tar-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function write(entries: readonly TarEntry[]): Promise<string> {
  const path = join(directory, 'out.tar');
  const writer = createTarWriter(path);
  for (const entry of entries) writer.add(entry);
  writer.end();
  return path;
}

/** As GNU tar reads them, one path a line. */
async function listed(path: string): Promise<string[]> {
  const text = (await runCommand('tar', ['-tf', path, '--quoting-style=literal'])).toString();
  return text.split('\n').filter(Boolean);
}

describe('tar writer', () => {
  it('writes files, folders and links as GNU tar reads them', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(140)}`;
    const path = await write([
      { path: 'app/', mode: 0o755, mtime: 1_750_000_000, content: 'directory' },
      { path: 'app/a.js', mode: 0o644, mtime: 1_750_000_000, content: { bytes: utf8('hello') } },
      { path: 'app/link', mode: 0o777, mtime: 1_750_000_000, content: { symlink: `../${'t'.repeat(150)}` } },
      { path: `${'p'.repeat(90)}/${'n'.repeat(90)}`, mode: 0o755, mtime: 0, content: { bytes: new Uint8Array(513) } },
      { path: long, mode: 0o600, mtime: 5, content: { bytes: new Uint8Array(0) } },
    ]);
    const text = (await runCommand('tar', ['-tvf', path, '--utc', '--full-time'])).toString();
    expect(text.split('\n')).toEqual([
      expect.stringMatching(/^drwxr-xr-x 0\/0 +0 2025-06-15 15:06:40 app\/$/),
      expect.stringMatching(/^-rw-r--r-- 0\/0 +5 2025-06-15 15:06:40 app\/a\.js$/),
      expect.stringMatching(new RegExp(`^lrwxrwxrwx 0/0 +0 .* app/link -> ../${'t'.repeat(150)}$`)),
      expect.stringMatching(new RegExp(`^-rwxr-xr-x 0/0 +513 1970-01-01 00:00:00 ${'p'.repeat(90)}/${'n'.repeat(90)}$`)),
      expect.stringMatching(new RegExp(`^-rw------- 0/0 +0 .* ${long}$`)),
      '',
    ]);
  });

  it('any path of ordinary characters comes back', async () => {
    const segment = fc.stringMatching(/^[\w@+é-]{1,120}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(segment, { minLength: 1, maxLength: 4 }), async (segments) => {
        const path = segments.join('/');
        const tar = await write([{ path, mode: 0o644, mtime: 0, content: { bytes: utf8(path) } }]);
        expect(await listed(tar)).toEqual([path]);
      }),
      { numRuns: 25 },
    );
  });
});

/** Seven bytes, said to be `size`. */
const streamed = (size: number): TarEntry => ({
  path: 'big',
  mode: 0o644,
  mtime: 0,
  content: { size, parts: [utf8('one '), new Uint8Array(0), utf8('two')] },
});

describe('content that comes in parts', () => {
  it('gives the same archive as content in one', async () => {
    const parts = await readFile(await write([streamed(7)]));
    expect(await readFile(await write([{ path: 'big', mode: 0o644, mtime: 0, content: { bytes: utf8('one two') } }]))).toEqual(parts);
  });

  it.each([6, 8])('is refused where it has not the %d bytes that were announced', async (size) => {
    await expect(write([streamed(size)])).rejects.toMatchObject({ code: 'INTERNAL', message: `big has 7 bytes instead of ${size}` });
  });
});

describe('layer', () => {
  it('has the same bytes for the same files, wherever and whenever it is made', async () => {
    const tree = join(directory, 'tree');
    await mkdir(join(tree, 'b'), { recursive: true });
    await writeFile(join(tree, 'b', 'two'), 'two');
    await writeFile(join(tree, 'a'), 'one');
    await chmod(join(tree, 'a'), 0o700);
    await symlink('b/two', join(tree, 'c'));
    const path = join(directory, 'a.layer');
    writeLayer(path, [{ directory: tree, prefix: 'usr/lib', builtAt: 1_750_000_000 }]);
    expect(await listed(path)).toEqual(['usr/', 'usr/lib/', 'usr/lib/a', 'usr/lib/b/', 'usr/lib/b/two', 'usr/lib/c']);
    expect(sha256Digest(await readFile(path))).toMatchInlineSnapshot(
      `"sha256:6dfd63cc4b76e1623229b5781d2680548d9bad5ecdb13d36b3efabc35ad871e5"`,
    );
  });
});
