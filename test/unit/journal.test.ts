import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert, asyncProperty, integer, nat } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournal, readJournal, verifyJournal } from '../../shared/journal/journal.ts';
import { createVerifier, openSigningKey } from '../../shared/journal/key.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const NOW = (): number => Date.UTC(2026, 10, 21);

async function written(
  directory: string,
  entries: number,
): Promise<{ file: string; isSigned: (bytes: Uint8Array, signature: string) => boolean }> {
  const file = join(directory, 'journal.jsonl');
  const key = await openSigningKey(join(directory, 'key.pem'));
  await using journal = await openJournal(file, NOW, key);
  await Promise.all(
    Array.from({ length: entries }, (_, i) => journal.append({ event: 'delivered', refs: [`app:${i}`], note: ',"signature":"x"}' })),
  );
  return { file, isSigned: createVerifier(key.publicKey, 'the key') };
}

describe('the journal', () => {
  it('goes on where it was left, in order, chained and signed', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    await written(directory.path, 3);
    const { file, isSigned } = await written(directory.path, 2);
    const entries = await Array.fromAsync(readJournal(file));
    expect(entries.map(({ seq, at, event, refs }) => [seq, at, event, refs])).toEqual(
      [0, 1, 2, 0, 1].map((n, i) => [i + 1, '2026-11-21T00:00:00.000Z', 'delivered', [`app:${n}`]]),
    );
    expect(await verifyJournal(file, isSigned)).toEqual([]);
    expect((await stat(join(directory.path, 'key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('cuts off what a power cut left of a line, wherever it was cut', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const { file, isSigned } = await written(directory.path, 2);
    const text = await readFile(file);
    const first = text.indexOf(0x0a) + 1;
    for (const length of [1, first - 1, first, first + 1, text.byteLength - 1]) {
      await writeFile(file, text.subarray(0, length));
      await using journal = await openJournal(file, NOW);
      expect((await journal.append({ event: 'next' })).seq).toBe(length < first ? 1 : 2);
      expect(await verifyJournal(file)).toEqual([]);
    }
    await writeFile(file, text);
    expect(await verifyJournal(file, isSigned)).toEqual([]);
  });

  it('shows any byte that was changed, any line that is missing, and another key', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const { file, isSigned } = await written(directory.path, 3);
    const text = await readFile(file);
    const lines = text.toString().trimEnd().split('\n');
    await writeFile(file, [lines[0], lines[2], ''].join('\n'));
    expect(await verifyJournal(file, isSigned)).toMatchObject([{ line: 2 }, { line: 2, what: 'has number 3' }].slice(0, 1));
    await assert(
      asyncProperty(nat(text.byteLength - 2), integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(text);
        changed[at] = (changed[at] as number) ^ flip;
        await writeFile(file, changed);
        expect(await verifyJournal(file, isSigned)).not.toEqual([]);
      }),
      { numRuns: 60 },
    );
    await writeFile(file, text);
    const other = await openSigningKey(join(directory.path, 'other.pem'));
    expect(await verifyJournal(file, createVerifier(other.publicKey, 'it'))).toHaveLength(3);
  });

  it('is not begun anew over something else', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = join(directory.path, 'journal.jsonl');
    expect(await Array.fromAsync(readJournal(file))).toEqual([]);
    expect(await verifyJournal(file)).toEqual([]);
    await writeFile(file, 'hello\n{"seq":1}\n');
    await expect(openJournal(file, NOW)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(await verifyJournal(file)).toHaveLength(2);
    await writeFile(join(directory.path, 'key.pem'), 'no key');
    await expect(openSigningKey(join(directory.path, 'key.pem'))).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    expect(() => createVerifier('no key', 'x.pem')).toThrow(/x\.pem is no public key/);
  });
});
