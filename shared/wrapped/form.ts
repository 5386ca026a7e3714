/** The form that reconstructions have, whatever the method: a head, a list of what stands in the stream, and sections with what is said of that. */
import { concatBytes } from '../bytes.ts';
import { createByteReader, createByteWriter, type ByteReader } from '../wire/varint.ts';
import { impossible, readSection, section } from './section.ts';

/** Bytes that are gathered into sections. */
export interface Gathered {
  /** The next bytes; they are taken over. */
  add(bytes: Uint8Array): void;
  /** So far, before they are compressed. */
  readonly bytes: number;
  finish(): readonly Uint8Array[];
}

/** @param bytesMax of a section, before it is compressed */
export function gatherSections(bytesMax: number): Gathered {
  const sections: Uint8Array[] = [];
  let waiting: Uint8Array[] = [];
  let waitingBytes = 0;
  let bytes = 0;
  const flush = (): void => {
    const whole = concatBytes(waiting);
    for (let at = 0; at < whole.byteLength; at += bytesMax) sections.push(section(whole.subarray(at, at + bytesMax)));
    waiting = [];
    waitingBytes = 0;
  };
  return {
    add(next) {
      if (waitingBytes + next.byteLength > bytesMax) flush();
      waiting.push(next);
      waitingBytes += next.byteLength;
      bytes += next.byteLength;
    },
    get bytes() {
      return bytes;
    },
    finish() {
      flush();
      return sections;
    },
  };
}

export interface Form {
  readonly version: number;
  readonly compressedBytes: number;
  readonly plainBytes: number;
  /** Entries of the list, how many they are, and what follows the last of them in the stream. */
  readonly count: number;
  readonly entries: Uint8Array;
  readonly tail: Uint8Array;
  readonly sections: readonly Uint8Array[];
}

export function writeForm({ version, compressedBytes, plainBytes, count, entries, tail, sections }: Form): Uint8Array {
  const list = createByteWriter();
  list.varint(count);
  list.bytes(entries);
  list.bytes(tail);
  const head = createByteWriter();
  head.byte(version);
  head.varint(compressedBytes);
  head.varint(plainBytes);
  return concatBytes([head.finish(), section(list.finish()), ...sections]);
}

/** What has been read of a form: the list begins with the number of its entries, the sections follow. */
export interface OpenForm extends Pick<Form, 'compressedBytes' | 'plainBytes'> {
  readonly list: ByteReader;
  readonly sections: ByteReader;
}

/** @throws TransferError INTEGRITY, PROTOCOL_VIOLATION (see `sound`), LIMIT_EXCEEDED */
export function openForm(bytes: Uint8Array, version: number, listBytesMax: number): OpenForm {
  const sections = createByteReader(bytes);
  if (sections.byte('the version') !== version) throw impossible('version');
  const compressedBytes = sections.varint('the compressed length');
  const plainBytes = sections.varint('the plain length');
  return { compressedBytes, plainBytes, list: createByteReader(readSection(sections, listBytesMax)), sections };
}
