/** Content on its way into a file: in its place, whole, and nothing goes on once it has failed. */
import type { FileHandle } from 'node:fs/promises';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../shared/bytes.ts';
import { writeBehind } from '../../receiver/deliver/write-behind.ts';
import { seededBytes } from '../support/random.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const MIB = 1024 * 1024;

async function* copies(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Uint8Array.from(part);
}

/** What a file would do, told by `write` and `sync`; `underWay` counts what goes on. */
function fakeHandle({
  write = (bytes: number) => bytes,
  sync = () => {},
}: {
  write?: (bytes: number, at: number) => number;
  sync?: () => void;
}) {
  const state = { underWay: 0, most: 0, syncs: 0, file: new Uint8Array(80 * MIB) };
  const during = async <T>(work: () => T, turns = 1): Promise<T> => {
    state.most = Math.max(state.most, ++state.underWay);
    try {
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      return work();
    } finally {
      state.underWay--;
    }
  };
  const handle = {
    writev: ([bytes]: readonly [Uint8Array], at: number) =>
      // Some are overtaken by later ones.
      during(
        () => {
          const bytesWritten = write(bytes.byteLength, at);
          state.file.set(bytes.subarray(0, bytesWritten), at);
          return { bytesWritten };
        },
        1 + ((at / MIB) % 3),
      ),
    datasync: () => {
      state.syncs++;
      return during(sync);
    },
  };
  return { handle: handle as unknown as FileHandle, state };
}

test('pieces of any size come to stand one behind the other', async () => {
  await using directory = await temporaryDirectory();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 20 }), async (parts) => {
      const file = join(directory.path, 'file');
      const told: number[] = [];
      {
        await using handle = await open(file, 'w');
        await writeBehind(handle, copies(parts), (bytes) => void told.push(bytes));
      }
      expect(Buffer.compare(await readFile(file), concatBytes(parts))).toBe(0);
      expect(told).toEqual(parts.map((_, i) => concatBytes(parts.slice(0, i + 1)).byteLength));
    }),
    { numRuns: 30 },
  );
});

test('what the system takes in parts is written to its end', async () => {
  const { handle, state } = fakeHandle({ write: (bytes) => Math.min(bytes, 1000) });
  const parts = [1, 2, 3].map((seed) => seededBytes(seed, 4500));
  await writeBehind(handle, copies(parts), () => {});
  expect(Buffer.compare(state.file.subarray(0, 13_500), concatBytes(parts))).toBe(0);
});

test('the disk takes it as it comes, and few pieces wait', async () => {
  const { handle, state } = fakeHandle({});
  const part = seededBytes(1, MIB);
  const told: number[] = [];
  await writeBehind(handle, copies(Array.from({ length: 70 }, () => part)), (bytes) => void told.push(bytes));
  expect(told).toEqual(Array.from({ length: 70 }, (_, i) => (i + 1) * MIB));
  expect(state.syncs).toBe(3);
  // Four pieces, and the disk that is being made to take what came before.
  expect(state.most).toBeLessThanOrEqual(5);
});

test.each([
  ['a piece that cannot be written', { write: (bytes: number, at: number) => failing(at >= 3 * MIB, 'ENOSPC') ?? bytes }, 'ENOSPC'],
  ['a disk that does not take it', { sync: () => failing(true, 'EIO') }, 'EIO'],
])('%s fails the whole, with nothing left under way', async (_, how, message) => {
  const { handle, state } = fakeHandle(how);
  const part = seededBytes(1, MIB);
  await expect(writeBehind(handle, copies(Array.from({ length: 70 }, () => part)), () => {})).rejects.toThrow(message);
  expect(state.underWay).toBe(0);
});

test('content that turns out damaged fails the whole, with nothing left under way', async () => {
  const { handle, state } = fakeHandle({});
  await expect(writeBehind(handle, damaged(), () => {})).rejects.toThrow('not what the id says');
  expect(state.underWay).toBe(0);
});

function failing(isFailing: boolean, message: string): undefined {
  if (isFailing) throw new Error(message);
  return undefined;
}

async function* damaged(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 3; i++) yield seededBytes(i, MIB);
  throw new Error('not what the id says');
}
