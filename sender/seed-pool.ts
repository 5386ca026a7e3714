/**
 * Fills the pool from images that are at hand, without any link: a pool that was lost can then lend bases again for what a receiver holds
 * of these images.
 */
import type { Clock } from '../shared/clock.ts';
import type { Store } from '../shared/store/port.ts';
import { readSource, type Source } from './source.ts';

export interface SeedContext {
  readonly pool: Store;
  /** Where compressed layers are laid aside while they are read: beside the pool there is room. */
  readonly spoolDirectory?: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: string, done: number, total: number) => void;
}

export interface SeededImage {
  /** As the user wrote it. */
  readonly source: string;
  /** Config digests of the images in the archive. */
  readonly imageIds: readonly string[];
  readonly archiveBytes: number;
  /** Of them, bytes that the pool did not have. */
  readonly newBytes: number;
}

/** Durable when it resolves. @throws TransferError as reading a source to ship it. */
export async function seedPool(sources: readonly Source[], context: SeedContext): Promise<SeededImage[]> {
  const seeded: SeededImage[] = [];
  for (const source of sources) {
    let newBytes = 0;
    const archive = await readSource(source, context.pool, {
      now: context.clock.now(),
      signal: context.signal,
      spoolDirectory: context.spoolDirectory,
      onProgress: context.onProgress,
      onStream: (stream) => void (newBytes += stream.newBytes),
    });
    const imageIds = archive.index.images.map((image) => image.configDigest);
    seeded.push({ source: source.name, imageIds, archiveBytes: archive.recipe.bytes, newBytes });
  }
  await context.pool.flush();
  return seeded;
}
