/** The store on disk, against one file that is appended to. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashBytes, type Id } from '../../shared/hash.ts';
import { CHUNK_BYTES_NOMINAL } from '../../shared/limits.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { StoreRecord } from '../../shared/store/port.ts';
import type { Micro } from './micro.ts';

const RECORDS = 1024;
const BATCH_RECORDS = 128;
const WORK = RECORDS * CHUNK_BYTES_NOMINAL;

/** Chunks that do not compress, so that it is the store that is measured. */
export async function storeMicro(): Promise<Micro> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-store-'));
  const store = await openStore(join(directory, 'store'));
  let written: Id[] = [];
  const putAll = async (): Promise<void> => {
    written = [];
    for (let at = 0; at < RECORDS; at += BATCH_RECORDS) {
      const records = freshRecords();
      written.push(...records.map(({ key }) => key));
      await store.put(records);
    }
    await store.flush();
  };
  return {
    name: 'store',
    unit: 'MB/s',
    cases: [
      { name: 'put, durable', work: WORK, run: putAll },
      { name: 'get, verified', work: WORK, run: async () => void (await store.getMany('chunk', written)) },
      { name: 'put of what is there', work: WORK, run: async () => void (await store.hasMany('chunk', written)) },
      { name: 'random bytes and their hashes', work: WORK, run: () => void Array.from({ length: RECORDS / BATCH_RECORDS }, freshRecords) },
      { name: 'appending to a file, durable', isReference: true, work: WORK, run: () => appendAll(join(directory, 'plain')) },
    ],
    async [Symbol.asyncDispose]() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function freshRecords(): StoreRecord[] {
  return Array.from({ length: BATCH_RECORDS }, () => {
    const bytes = new Uint8Array(randomBytes(CHUNK_BYTES_NOMINAL));
    return { kind: 'chunk', key: hashBytes(bytes), bytes };
  });
}

async function appendAll(path: string): Promise<void> {
  await using file = await open(path, 'w');
  const bytes = randomBytes(BATCH_RECORDS * CHUNK_BYTES_NOMINAL);
  for (let at = 0; at < RECORDS; at += BATCH_RECORDS) await file.write(bytes);
  await file.datasync();
}
