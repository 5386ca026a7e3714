/** What a command that looks at a store or changes it is given, wherever it runs. */
import { z } from 'zod';
import type { Clock } from '../../shared/clock.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import type { Facts, HistoryEvent } from '../witness/history.ts';
import type { Uses } from '../catalog/uses.ts';

export interface AdminContext {
  /** Of the store. */
  readonly directory: string;
  readonly store: Store;
  readonly catalog: Catalog;
  readonly uses: Uses;
  readonly clock: Clock;
  readonly environment: ReceiverEnvironment;
  /** Resolves when the entry is in the store's history. */
  readonly record: (event: HistoryEvent, facts: Facts) => Promise<unknown>;
}

export interface AdminTerminal {
  stdout(text: string): void;
  stderr(text: string): void;
  progress(phase: string, done: number, total: number): void;
  /** An archive for where the user wants it; resolves when it is there. */
  archive(bytes: number, pieces: AsyncIterable<Uint8Array>): Promise<void>;
}

export type AdminCommand<F> = (context: AdminContext, flags: F, terminal: AdminTerminal, signal: AbortSignal) => Promise<void>;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What is to be collected: rules (keep-rules.ts), and a limit for the packs. */
export const COLLECT_FLAGS = z.object({
  keepLast: count.optional(),
  keepWithinMs: count.optional(),
  keepTags: z.array(z.string().max(4096)).max(1000),
  keepUnfinishedMs: count,
  diskBytesMax: count.optional(),
  dryRun: z.boolean(),
  json: z.boolean().optional(),
});
export type CollectFlags = z.output<typeof COLLECT_FLAGS>;
