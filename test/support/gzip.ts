/** Layers as other programs compress them. */
import { execFileSync } from 'node:child_process';
import { sha256Digest } from '../../shared/hash.ts';

/** By level and what was compressed: most tests compress the same layers many times. */
const members = new Map<string, Uint8Array>();

/** As GNU gzip writes them. The same content gives the same array: it is not the caller's to change. */
export function gnuGzip(bytes: Uint8Array, level = 9): Uint8Array {
  const key = `${level} ${sha256Digest(bytes)}`;
  const known = members.get(key);
  if (known !== undefined) return known;
  const options = { input: bytes, maxBuffer: 2 * bytes.byteLength + 65_536 };
  const member = new Uint8Array(execFileSync('gzip', ['-n', `-${level}`], options));
  members.set(key, member);
  return member;
}

/** Half of it, and half of it again as another member, as `cat a.gz b.gz` does. */
export function twoMembers(bytes: Uint8Array): Uint8Array {
  const middle = Math.floor(bytes.byteLength / 2);
  return Buffer.concat([gnuGzip(bytes.subarray(0, middle)), gnuGzip(bytes.subarray(middle), 6)]);
}
