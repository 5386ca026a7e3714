/** Runs that are decoded beside each other: what they take together, and what becomes of a base that cannot be read. */
import { afterAll, expect, test } from 'vitest';
import { createDecodePool, type EncodedRun } from '../../receiver/conversation/decode-pool.ts';
import { CODEC } from '../../shared/delta/codecs.ts';
import { encodeContent } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { BASE_BYTES_MAX, RUN_BYTES_MAX } from '../../shared/limits.ts';
import { editedContent, textContent } from '../support/delta-contents.ts';

const pool = createDecodePool(2);
afterAll(() => pool[Symbol.asyncDispose]());

const base = textContent(1, 3000);
const target = editedContent(base, 2, 30);

function runAt(level: 'min' | 'max'): EncodedRun {
  const { codec, usesBase, payload } = encodeContent(target, base, level);
  expect(usesBase).toBe(true);
  return { codec, payload, targetBytes: target.byteLength };
}

const readable = { bytes: base.byteLength, read: () => Promise.resolve(base.slice()) };

test.each(['min', 'max'] as const)('gives the content of a run of effort %s, and leaves its payload', async (level) => {
  const run = runAt(level);
  const before = run.payload.slice();
  expect(Buffer.compare(await pool.decode(run, readable), target)).toBe(0);
  expect(Buffer.compare(run.payload, before)).toBe(0);
});

test('a base is read when there is room for the run, and one that cannot be read leaves the room to others', async () => {
  const lost = new TransferError('INTEGRITY', 'a chunk is gone');
  let reading = 0;
  let most = 0;
  const large: EncodedRun = { codec: CODEC.mixBase, payload: new Uint8Array([3, 0]), targetBytes: RUN_BYTES_MAX };
  const read = async (): Promise<Uint8Array> => {
    most = Math.max(most, ++reading);
    await new Promise((resolve) => setImmediate(resolve));
    reading--;
    throw lost;
  };
  const works = Array.from({ length: 5 }, () => pool.decode(large, { bytes: BASE_BYTES_MAX, read }));
  const after = pool.decode(runAt('max'), readable);
  for (const result of await Promise.allSettled(works)) expect(result).toMatchObject({ reason: lost });
  expect(Buffer.compare(await after, target)).toBe(0);
  expect(most).toBe(1);
});

test('a run that does not decode leaves its room to others', async () => {
  const wrong = { ...runAt('max'), payload: new Uint8Array([3, 255, 255, 255, 255, 255]) };
  for (let i = 0; i < 10; i++) await expect(pool.decode(wrong, readable)).rejects.toMatchObject({ code: 'INTEGRITY' });
  expect(Buffer.compare(await pool.decode(runAt('min'), readable), target)).toBe(0);
});
