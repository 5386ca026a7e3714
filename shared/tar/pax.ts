/** Records of a pax extended header: `LENGTH KEY=VALUE\n`, LENGTH counting all of it (POSIX.1-2017 `pax`). */
import { utf8Text } from '../bytes.ts';

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const LENGTH_DIGITS_MAX = 8;

/** The value of the last record with this key; undefined where there is none. What is no record ends the search. */
export function paxValue(body: Uint8Array, key: string): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (let at = 0; at < body.byteLength;) {
    const space = body.indexOf(SPACE, at);
    if (space < 0 || space - at > LENGTH_DIGITS_MAX) break;
    const end = at + decimal(body.subarray(at, space));
    const equals = body.indexOf(EQUALS, space);
    if (!(end <= body.byteLength && equals > 0 && equals < end && body[end - 1] === NEWLINE)) break;
    if (utf8Text(body.subarray(space + 1, equals)) === key) found = body.subarray(equals + 1, end - 1);
    at = end;
  }
  return found;
}

/** The `size` record: bytes of the next entry's body. */
export function paxSize(body: Uint8Array): number | undefined {
  const value = paxValue(body, 'size');
  const size = value === undefined ? Number.NaN : decimal(value);
  return Number.isSafeInteger(size) ? size : undefined;
}

/** NaN where the text is not all digits. */
function decimal(digits: Uint8Array): number {
  const text = utf8Text(digits);
  return /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
}
