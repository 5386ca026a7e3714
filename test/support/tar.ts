/** Small archives in memory. */
import { posix } from 'node:path';
import { extract } from 'tar-stream';
import { concatBytes } from '../../shared/bytes.ts';

/** All bytes of a stream. */
export async function collect(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const bytes of source) parts.push(bytes);
  return concatBytes(parts);
}

/** Files of a tar by name, in their order; a link has the content of what it points at. */
export async function readTar(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>();
  const links: [string, string][] = [];
  const reader = extract();
  reader.end(await collect(source));
  for await (const entry of reader) {
    const content = Buffer.from(await collect(entry as AsyncIterable<Uint8Array>));
    const { name, type, linkname } = entry.header;
    if (type === 'file') members.set(name, content);
    if (type === 'symlink') links.push([name, posix.join(posix.dirname(name), linkname ?? '')]);
  }
  for (const [name, target] of links) members.set(name, members.get(target) ?? Buffer.alloc(0));
  return members;
}
