import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readFilePieces } from '../../shared/ingest/file-source.ts';
import { seededBytes } from '../support/random.ts';

describe('readFilePieces', () => {
  it.each([0, 1, 1024 * 1024, 2_500_000])('gives a file of %i bytes', async (length) => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'lighterman-'));
    const path = join(folder.path, 'file');
    const bytes = seededBytes(1, length);
    await writeFile(path, bytes);
    const copies: Uint8Array[] = [];
    for await (const piece of readFilePieces(path)) copies.push(Uint8Array.from(piece));
    expect(Buffer.compare(Buffer.concat(copies), bytes)).toBe(0);
  });

  it('can be left early, told to stop, and pointed at nothing', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'lighterman-'));
    const path = join(folder.path, 'file');
    await writeFile(path, seededBytes(1, 3_000_000));
    const pieces = readFilePieces(path);
    expect((await pieces.next()).done).toBe(false);
    await pieces.return();
    const stopped = readFilePieces(path, { signal: AbortSignal.abort() });
    await expect(stopped.next()).rejects.toThrow('aborted');
    await expect(readFilePieces(join(folder.path, 'none')).next()).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
