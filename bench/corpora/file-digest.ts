/** SHA-256 of a file, in hex. */
import { createReadStream } from 'node:fs';
import { createSha256, hex } from '../../shared/hash.ts';

export async function fileSha256(path: string): Promise<string> {
  const hasher = createSha256();
  for await (const bytes of createReadStream(path, { highWaterMark: 1024 * 1024 })) hasher.update(bytes as Uint8Array);
  return hex(hasher.digest());
}
