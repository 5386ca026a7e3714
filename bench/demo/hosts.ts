/** The two hosts between which the demo ships: each a Docker engine, or no more than a folder. */
import type { DemoVersion } from './demo-image.ts';

export interface Hosts extends AsyncDisposable {
  /** For people. */
  readonly title: string;
  /** What `lightermand serve` is told of the far host. */
  readonly serveOptions: readonly string[];
  /** Puts a version on the near host. */
  place(version: DemoVersion): Promise<void>;
  /** What `lighterman ship` is told of the near host. */
  shipOptions(version: DemoVersion): readonly string[];
  /** The image as the near host's `docker save` writes it. */
  save(version: DemoVersion, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** Ids of the image at both ends. @throws TransferError INTEGRITY where it did not arrive as it left. */
  identify(version: DemoVersion): Promise<{ readonly here: string; readonly there: string }>;
  /** What the far host prints when it runs `command` in the image; undefined where it cannot run images. */
  run(version: DemoVersion, command: readonly string[]): Promise<string | undefined>;
}
