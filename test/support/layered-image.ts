/** Images of crafted layers, shipped one after the other and compared with what arrives. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { createMemoryStore } from '../../shared/store/memory-store.ts';
import { imageEntries } from './craft-image.ts';
import { craftTar } from './craft-tar.ts';
import { shipArchives, type Crossing, type JoinedAgents } from './joined-agents.ts';
import { temporaryDirectory } from './store-directory.ts';

/** An archive in the OCI layout. */
export function layeredImage(tag: string, ...layers: Uint8Array[]): Uint8Array {
  return craftTar(imageEntries({ images: [{ tag, layers }], layout: 'oci' }));
}

/** Ships an image; what arrives is the same archive, byte for byte. */
export type ShipLayers = (tag: string, ...layers: Uint8Array[]) => Promise<Crossing>;

/** @param more in place of empty stores. */
export async function withAgents(
  work: (ship: ShipLayers, agents: JoinedAgents) => Promise<void>,
  more: Partial<JoinedAgents> = {},
): Promise<void> {
  await using delivered = await temporaryDirectory({ inMemory: true });
  const agents = { pool: createMemoryStore(), store: createMemoryStore(), delivered: delivered.path, ...more };
  await work(async (tag, ...layers) => {
    const sent = layeredImage(tag, ...layers);
    const crossing = await shipArchives(agents, [sent]);
    expect(sha256Digest(await readFile(join(delivered.path, `${tag.replace(':', '_')}.tar`)))).toBe(sha256Digest(sent));
    return crossing;
  }, agents);
}
