/**
 * Files that fail. Every operation on them is counted; at the n-th something happens, and the same n gives the same thing in
 * every run. Loop n from 1 until a run meets no fault and every operation has failed once.
 */
import { dirname, join } from 'node:path';
import { TransferError } from '../../shared/errors.ts';
import { nodeFiles, type StoreFile, type StoreFiles } from '../../shared/store/files.ts';

/**
 * - `no-space`: the operation fails with NO_SPACE and does nothing;
 * - `half-written`: the same, but a write leaves its first half;
 * - `io-error`: the operation fails as by a broken disk;
 * - `power-cut`: the operation and all after it fail, and what was not synced is forgotten;
 * - `power-cut-half`: the same, but the first half of what was not synced reached the disk;
 * - `power-cut-zeros`: the same, but what was not synced reads as zeros, as some file systems leave it.
 */
export type Fault = 'no-space' | 'half-written' | 'io-error' | 'power-cut' | 'power-cut-half' | 'power-cut-zeros';

export interface FaultyFiles extends StoreFiles {
  /** True once the fault has happened. */
  readonly faulted: boolean;
  /** The operation that it happened to. */
  readonly faultedOperation: string | undefined;
  /** Names of the operations that were counted so far, in order. */
  readonly operations: readonly string[];
  /** Closes every file that is open, as the end of a process does. */
  abandon(): Promise<void>;
  /** From here on nothing fails that has not failed yet. */
  disarm(): void;
  /** Counts an operation of something else that is to fail along with the files. */
  operation(name: string): Promise<void>;
}

interface FileContent {
  length: number;
  syncedLength: number;
}

/**
 * A file system that does `fault` at operation number `at`, counted from 1.
 * @param ownOnly counts only operations at which the fault does what no simpler one does. `half-written` is `no-space` everywhere but at a
 * write; `power-cut-half` and `power-cut-zeros` are `power-cut` wherever all bytes are synced.
 */
export function createFaultyFiles(fault: Fault, at: number, { ownOnly = false } = {}): FaultyFiles {
  const contents = new Map<string, FileContent>();
  /** Undoes what directories were told and not yet synced for, newest last. */
  const unsyncedNames: { readonly directory: string; readonly undo: () => Promise<void> }[] = [];
  const openFiles = new Set<StoreFile>();
  const operations: string[] = [];
  let asides = 0;
  let faultedOperation: string | undefined;
  let isOff = false;
  let isArmed = true;

  const cutPower = async (): Promise<void> => {
    isOff = true;
    for (const { undo } of unsyncedNames.toReversed()) await undo();
    for (const [path, content] of contents) {
      if ((await nodeFiles.size(path)) === undefined) continue;
      await forget(path, content, fault);
    }
  };

  const isSimpler = (isWrite: boolean): boolean => {
    if (fault === 'half-written') return !isWrite;
    return fault.startsWith('power-cut-') && [...contents.values()].every(({ length, syncedLength }) => length === syncedLength);
  };

  const step = async (name: string, half?: () => Promise<void>): Promise<void> => {
    if (isOff) throw new TransferError('STORE_CORRUPT', `${name}: the power is off`);
    if (!isArmed || (ownOnly && isSimpler(half !== undefined))) return;
    operations.push(name);
    if (operations.length !== at) return;
    faultedOperation = name;
    if (fault === 'half-written') await half?.();
    if (fault.startsWith('power-cut')) await cutPower();
    throw new TransferError(fault === 'no-space' || fault === 'half-written' ? 'NO_SPACE' : 'STORE_CORRUPT', `${name}: ${fault}`);
  };

  const wrap = (file: StoreFile, content: FileContent): StoreFile => ({
    async read(into, position) {
      await step('read');
      return file.read(into, position);
    },
    async write(parts, position) {
      await step('write', () => file.write([Buffer.concat(parts).subarray(0, lengthOf(parts) >> 1)], position));
      await file.write(parts, position);
      content.length = Math.max(content.length, position + lengthOf(parts));
    },
    async sync() {
      const { length } = content;
      await step('sync');
      await file.sync();
      content.syncedLength = Math.max(content.syncedLength, length);
    },
    async truncate(length) {
      await step('truncate');
      await file.truncate(length);
      content.length = length;
      content.syncedLength = Math.min(content.syncedLength, length);
    },
    async close() {
      if (openFiles.delete(file)) await file.close();
    },
  });

  return {
    get faulted() {
      return faultedOperation !== undefined;
    },
    operations,
    get faultedOperation() {
      return faultedOperation;
    },
    async abandon() {
      for (const file of openFiles) await file.close();
      openFiles.clear();
    },
    disarm() {
      isArmed = false;
    },
    operation: (name) => step(name),
    async open(path, mode) {
      await step(`open to ${mode}`);
      const before = await nodeFiles.size(path);
      const file = await nodeFiles.open(path, mode);
      openFiles.add(file);
      if (before === undefined) unsyncedNames.push({ directory: dirname(path), undo: () => nodeFiles.remove(path) });
      const content = contents.get(path) ?? { length: before ?? 0, syncedLength: before ?? 0 };
      contents.set(path, content);
      return wrap(file, content);
    },
    async size(path) {
      await step('size');
      return nodeFiles.size(path);
    },
    async modifiedMs(path) {
      await step('modifiedMs');
      return nodeFiles.modifiedMs(path);
    },
    async freeBytes(path) {
      await step('freeBytes');
      return nodeFiles.freeBytes(path);
    },
    async list(directory) {
      await step('list');
      return nodeFiles.list(directory);
    },
    async makeDirectory(directory) {
      await step('makeDirectory');
      await nodeFiles.makeDirectory(directory);
    },
    async rename(from, to) {
      await step('rename');
      await nodeFiles.rename(from, to);
      const content = contents.get(from);
      contents.delete(from);
      if (content !== undefined) contents.set(to, content);
      unsyncedNames.push({ directory: dirname(to), undo: () => nodeFiles.rename(to, from) });
    },
    async remove(path) {
      await step('remove');
      const isFile = contents.has(path) || /\.(?:gone|wipe)$/.test(path);
      if (!isFile || (await nodeFiles.size(path)) === undefined) return nodeFiles.remove(path);
      // Kept aside until the directory is synced: a power cut may bring it back.
      const aside = join(dirname(dirname(path)), `.removed-${++asides}`);
      const content = contents.get(path);
      await nodeFiles.rename(path, aside);
      contents.delete(path);
      unsyncedNames.push({
        directory: dirname(path),
        async undo() {
          await nodeFiles.rename(aside, path);
          if (content !== undefined) contents.set(path, content);
        },
      });
    },
    async syncDirectory(directory) {
      await step('syncDirectory');
      await nodeFiles.syncDirectory(directory);
      const rest = unsyncedNames.filter((name) => name.directory !== directory);
      unsyncedNames.splice(0, unsyncedNames.length, ...rest);
    },
  };
}

async function forget(path: string, { length, syncedLength }: FileContent, fault: Fault): Promise<void> {
  const file = await nodeFiles.open(path, 'write');
  const lost = Math.max(0, length - syncedLength);
  await file.truncate(syncedLength + (fault === 'power-cut-half' ? lost >> 1 : 0));
  if (fault === 'power-cut-zeros' && lost > 0) await file.write([new Uint8Array(lost)], syncedLength);
  await file.close();
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
