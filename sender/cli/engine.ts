/** The engine as a source of images. */
import type { EngineAddress } from '../../shared/engine/address.ts';
import type { ImageSource } from '../image/port.ts';

/** The engine client is large, and archives need none: it is loaded when an image of the engine is named. */
export async function openEngine(address: EngineAddress): Promise<ImageSource> {
  const { createEngineSource } = await import('../image/engine-source.ts');
  return createEngineSource(address);
}
