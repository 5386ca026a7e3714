import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSentChunks } from '../../receiver/access/sent-chunks.ts';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import { SENT_CHUNKS_MAX } from '../../shared/limits.ts';
import { temporaryDirectory } from '../support/agents.ts';

const id = (n: number): Id => hashBytes(Buffer.from(String(n)));

/** Begins with the number, as the entries of the full file below. */
function kept(n: number): Id {
  const bytes = Buffer.alloc(32);
  bytes.writeUInt32BE(n);
  return bytes as Uint8Array as Id;
}

describe('what was sent with a token', () => {
  it('is known, also to whoever opens the file later', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'dc1.sent');
    const sent = createSentChunks(path);
    expect(await sent.among([id(1)])).toEqual(new Set());
    sent.add([id(1), id(2)]);
    sent.add([id(2), id(3)]);
    expect(await sent.among([id(3), id(4), id(1)])).toEqual(new Set([hex(id(1)), hex(id(3))]));
    expect((await stat(path)).size).toBe(3 * 16);
    expect(await createSentChunks(path).among([id(2), id(5)])).toEqual(new Set([hex(id(2))]));
  });

  it('a torn end counts for nothing, and a file that cannot be written only forgets', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'torn');
    await writeFile(path, Buffer.concat([id(1).subarray(0, 16), id(2).subarray(0, 7)]));
    expect(await createSentChunks(path).among([id(1), id(2)])).toEqual(new Set([hex(id(1))]));
    const nowhere = createSentChunks(join(directory.path, 'no', 'where'));
    nowhere.add([id(1)]);
    expect(await nowhere.among([id(1)])).toEqual(new Set([hex(id(1))]));
  });

  it('forgets the older half at its limit', async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'full');
    const full = Buffer.alloc(SENT_CHUNKS_MAX * 16);
    for (let i = 0; i < SENT_CHUNKS_MAX; i++) full.writeUInt32BE(i, 16 * i);
    await writeFile(path, full);
    const sent = createSentChunks(path);
    expect((await sent.among([kept(0)])).size).toBe(1);
    sent.add([id(1)]);
    expect(await sent.among([kept(0), kept(SENT_CHUNKS_MAX - 1), id(1)])).toEqual(new Set([hex(kept(SENT_CHUNKS_MAX - 1)), hex(id(1))]));
    expect((await stat(path)).size).toBe((SENT_CHUNKS_MAX / 2) * 16);
  });
});
