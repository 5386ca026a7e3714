/** The options of `gc` and `serve` that say what stays. */
import { TransferError } from '../../shared/errors.ts';
import { parseDuration, parseSize } from '../../shared/terminal/quantities.ts';
import type { CollectFlags } from './admin-port.ts';
import { KEEP_UNFINISHED } from './keep.ts';

/** As the command line gives them. */
export interface KeepOptions {
  readonly keepLast?: string;
  readonly keepWithin?: string;
  readonly keepTag?: readonly string[];
  readonly keepUnfinished?: string;
  readonly quota?: string;
}

interface OptionTarget {
  option(flags: string, description: string): this;
}

/** @param target a command. */
export function keepOptions<T extends OptionTarget>(target: T): T {
  return target
    .option('--keep-last <count>', 'of each repository keep so many images, those delivered last')
    .option('--keep-within <time>', 'keep what was delivered in this time, as 30d')
    .option(
      '--keep-tag <pattern...>',
      'keep images with such a tag, as v*, or such a name, as shop:v*; what no --keep option keeps goes, without any nothing does',
    )
    .option('--keep-unfinished <time>', `keep content of shipments that were cut, for the next try (default: ${KEEP_UNFINISHED})`);
}

/** @throws TransferError USAGE */
export function toCollectFlags(options: KeepOptions, dryRun: boolean, json?: boolean): CollectFlags {
  const { keepLast, keepWithin, keepTag = [], keepUnfinished = KEEP_UNFINISHED, quota } = options;
  return {
    keepLast: keepLast === undefined ? undefined : parseCount(keepLast),
    keepWithinMs: keepWithin === undefined ? undefined : parseDuration(keepWithin),
    keepTags: [...keepTag],
    keepUnfinishedMs: parseDuration(keepUnfinished),
    diskBytesMax: quota === undefined ? undefined : parseSize(quota),
    dryRun,
    json,
  };
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new TransferError('USAGE', `"${text}" is not a number of images`);
  return Number(text);
}
