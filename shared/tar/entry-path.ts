/** The path that an entry really has, as the headers before it may say: GNU long names and pax records override the name field. */
import { copyBytes } from '../bytes.ts';
import { paxValue } from './pax.ts';

export interface EntryPaths {
  /** An entry's path and link target, for rows given in order; undefined for a row that only describes the next entry. */
  next(
    row: { readonly name: Uint8Array; readonly link: Uint8Array; readonly inline: Uint8Array | undefined },
    typeflag: number,
  ): EntryPath | undefined;
}

export interface EntryPath {
  readonly path: Uint8Array;
  readonly link: Uint8Array;
}

const GNU_LONG_NAME = 0x4c;
const GNU_LONG_LINK = 0x4b;
const PAX_NEXT = 0x78;
const PAX_GLOBAL = 0x67;

export function createEntryPaths(): EntryPaths {
  let path: Uint8Array | undefined;
  let link: Uint8Array | undefined;
  return {
    next(row, typeflag) {
      const body = row.inline ?? new Uint8Array(0);
      switch (typeflag) {
        case GNU_LONG_NAME:
          path = upToNul(body);
          return undefined;
        case GNU_LONG_LINK:
          link = upToNul(body);
          return undefined;
        case PAX_NEXT:
          path = paxValue(body, 'path') ?? path;
          link = paxValue(body, 'linkpath') ?? link;
          return undefined;
        case PAX_GLOBAL:
          return undefined;
        default: {
          const entry = { path: path ?? row.name, link: link ?? row.link };
          path = undefined;
          link = undefined;
          return entry;
        }
      }
    },
  };
}

function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return copyBytes(end < 0 ? bytes : bytes.subarray(0, end));
}
