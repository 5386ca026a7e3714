/**
 * Writes tar archives whose bytes depend on nothing but what is given: POSIX ustar, with a pax header where a path is too long for it
 * (POSIX.1-2017, pax, "ustar Interchange Format"). Owners are root, as in images.
 */
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { TransferError } from '../../shared/errors.ts';
import { utf8, utf8Text } from '../../shared/bytes.ts';

const BLOCK_BYTES = 512;
const COPY_BYTES = 1024 * 1024;

export interface TarEntry {
  /** Without a leading slash; a directory's ends with one. */
  readonly path: string;
  readonly mode: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly content:
    { readonly bytes: Uint8Array } | { readonly file: string } | StreamedContent | { readonly symlink: string } | 'directory';
}

/** Content that is never in memory as a whole. */
export interface StreamedContent {
  readonly size: number;
  /** `size` bytes together; each is written before the next one is taken. */
  readonly parts: Iterable<Uint8Array>;
}

export interface TarWriter {
  /** @throws TransferError INTERNAL where streamed content has another size than it said. */
  add(entry: TarEntry): void;
  /** Writes the end blocks and closes the file. */
  end(): void;
}

export function createTarWriter(path: string): TarWriter {
  const descriptor = openSync(path, 'w');
  const write = (bytes: Uint8Array): void => {
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
  };
  const pad = (length: number): void => write(new Uint8Array((BLOCK_BYTES - (length % BLOCK_BYTES)) % BLOCK_BYTES));
  const addBytes = (header: Uint8Array, bytes: Uint8Array): void => {
    write(header);
    write(bytes);
    pad(bytes.length);
  };

  return {
    add(entry) {
      const { content } = entry;
      const records = paxRecords(entry);
      if (records.length > 0) addBytes(tarHeader({ path: 'PaxHeader', type: 'x', size: records.length, mode: 0o644, mtime: 0 }), records);
      const common = { path: ustarPath(entry.path), mode: entry.mode, mtime: entry.mtime };
      if (content === 'directory') write(tarHeader({ ...common, type: '5', size: 0 }));
      else if ('symlink' in content) write(tarHeader({ ...common, type: '2', size: 0, link: content.symlink.slice(0, 100) }));
      else if ('bytes' in content) addBytes(tarHeader({ ...common, type: '0', size: content.bytes.length }), content.bytes);
      else if ('parts' in content) {
        write(tarHeader({ ...common, type: '0', size: content.size }));
        writeParts(entry.path, content, write);
        pad(content.size);
      } else {
        const size = statSync(content.file).size;
        write(tarHeader({ ...common, type: '0', size }));
        copyFile(content.file, size, write);
        pad(size);
      }
    },
    end() {
      write(new Uint8Array(2 * BLOCK_BYTES));
      closeSync(descriptor);
    },
  };
}

interface Header {
  readonly path: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: number;
  readonly link?: string;
}

function tarHeader({ path, type, size, mode, mtime, link = '' }: Header): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (text: string, at: number): void => block.set(utf8(text), at);
  const octal = (value: number, at: number, length: number): void => put(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  const [name, prefix] = splitPath(path) ?? ['', ''];
  put(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(mtime, 136, 12);
  put('        ', 148);
  put(type, 156);
  put(link, 157);
  put('ustar\x0000', 257);
  put(prefix, 345);
  const checksum = block.reduce((sum, byte) => sum + byte, 0);
  put(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Name and prefix as ustar holds them, or undefined where no slash divides the path so that both fit. */
function splitPath(path: string): [name: string, prefix: string] | undefined {
  if (utf8(path).length <= 100) return [path, ''];
  for (let slash = path.indexOf('/'); slash > 0 && slash < path.length - 1; slash = path.indexOf('/', slash + 1)) {
    const [name, prefix] = [path.slice(slash + 1), path.slice(0, slash)];
    if (utf8(name).length <= 100 && utf8(prefix).length <= 155) return [name, prefix];
  }
  return undefined;
}

/** What stands in the header where the pax record has the whole path. */
function ustarPath(path: string): string {
  return splitPath(path) === undefined ? utf8Text(utf8(path).subarray(0, 99)) : path;
}

function paxRecords({ path, content }: TarEntry): Uint8Array {
  const records: string[] = [];
  if (splitPath(path) === undefined) records.push(paxRecord('path', path));
  if (content !== 'directory' && 'symlink' in content && utf8(content.symlink).length > 100)
    records.push(paxRecord('linkpath', content.symlink));
  return utf8(records.join(''));
}

/** `LENGTH key=value\n`, where the length counts its own digits. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = utf8(rest).length;
  while (String(length).length + utf8(rest).length !== length) length = String(length).length + utf8(rest).length;
  return `${length}${rest}`;
}

function writeParts(path: string, { size, parts }: StreamedContent, write: (bytes: Uint8Array) => void): void {
  let left = size;
  for (const part of parts) {
    left -= part.length;
    write(part);
  }
  if (left !== 0) throw new TransferError('INTERNAL', `${path} has ${size - left} bytes instead of ${size}`);
}

function copyFile(path: string, size: number, write: (bytes: Uint8Array) => void): void {
  const descriptor = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(Math.min(size, COPY_BYTES));
    for (let left = size; left > 0;) {
      const count = readSync(descriptor, buffer, 0, Math.min(left, buffer.length), null);
      if (count === 0) throw new TransferError('INTERNAL', `${path} became shorter while it was read`);
      write(buffer.subarray(0, count));
      left -= count;
    }
  } finally {
    closeSync(descriptor);
  }
}
