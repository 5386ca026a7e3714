/**
 * Which chunks were sent with one token and belong to no image yet: after a cut the next session asks for them, and must be told that they
 * are there, though no image that the token may read has them. Kept in a file beside the grant, so that it
 * outlasts the process; what gets lost of it costs bytes on the wire, nothing else. Format: STORE.md.
 */
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hex, type Id } from '../../shared/hash.ts';
import { SENT_CHUNKS_MAX } from '../../shared/limits.ts';

export interface SentChunks {
  /** Those of `ids` that were sent, in hex. */
  among(ids: readonly Id[]): Promise<ReadonlySet<string>>;
  isEmpty(): Promise<boolean>;
  /** Remembers chunks that arrived and are in the store. */
  add(ids: readonly Id[]): void;
  /** All of them belong to images now. */
  clear(): void;
}

/** Bytes of an id that are kept: nobody finds content with the same beginning. */
const KEPT_BYTES = 16;

/** @param path of the file; nothing happens to it before something is added. */
export function createSentChunks(path: string): SentChunks {
  let known: Promise<Set<string>> | undefined;
  let writing: Promise<void> = Promise.resolve();
  const load = (): Promise<Set<string>> => (known ??= readKnown(path));
  const write = async (ids: readonly Id[]): Promise<void> => {
    const set = await load();
    const fresh = ids.map(keptPart).filter((id) => !set.has(id));
    for (const id of fresh) set.add(id);
    if (fresh.length === 0) return;
    if (set.size <= SENT_CHUNKS_MAX) return appendFile(path, Buffer.from(fresh.join(''), 'hex'), { mode: 0o600 });
    // The older half goes: it belongs to images that are whole by now.
    const kept = [...set].slice(-SENT_CHUNKS_MAX / 2);
    known = Promise.resolve(new Set(kept));
    await writeFile(`${path}.new`, Buffer.from(kept.join(''), 'hex'), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  const next = (work: () => Promise<void>): void => {
    // A full disk, or a grant that was revoked meanwhile: the chunks are sent again, should it come to that.
    writing = writing.then(work).catch(() => {});
  };
  return {
    async isEmpty() {
      await writing;
      return (await load()).size === 0;
    },
    async among(ids) {
      await writing;
      const set = await load();
      return new Set(ids.filter((id) => set.has(keptPart(id))).map((id) => hex(id)));
    },
    add: (ids) => next(() => write(ids)),
    clear: () =>
      next(async () => {
        known = Promise.resolve(new Set());
        await rm(path, { force: true });
      }),
  };
}

function keptPart(id: Id): string {
  return hex(id.subarray(0, KEPT_BYTES));
}

async function readKnown(path: string): Promise<Set<string>> {
  const bytes = await readFile(path).catch(() => new Uint8Array(0));
  const text = Buffer.from(bytes.subarray(Math.max(0, bytes.byteLength - SENT_CHUNKS_MAX * KEPT_BYTES))).toString('hex');
  const known = new Set<string>();
  for (let at = 0; at + 2 * KEPT_BYTES <= text.length; at += 2 * KEPT_BYTES) known.add(text.slice(at, at + 2 * KEPT_BYTES));
  return known;
}
