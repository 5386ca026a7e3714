/** Layers as other programs compress them. */
import { execFileSync } from 'node:child_process';

/** As GNU gzip writes them. */
export function gnuGzip(bytes: Uint8Array, level = 9): Uint8Array {
  const options = { input: bytes, maxBuffer: 2 * bytes.byteLength + 65_536 };
  return new Uint8Array(execFileSync('gzip', ['-n', `-${level}`], options));
}

/** Half of it, and half of it again as another member, as `cat a.gz b.gz` does. */
export function twoMembers(bytes: Uint8Array): Uint8Array {
  const middle = Math.floor(bytes.byteLength / 2);
  return Buffer.concat([gnuGzip(bytes.subarray(0, middle)), gnuGzip(bytes.subarray(middle), 6)]);
}
