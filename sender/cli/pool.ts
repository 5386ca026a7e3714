/** `--pool-quota`. */
import { TransferError } from '../../shared/errors.ts';
import type { Store } from '../../shared/store/port.ts';
import { parseSize } from '../../shared/terminal/quantities.ts';
import { boundPool } from '../pool-quota.ts';

export const POOL_QUOTA_HELP = 'when the pool takes more, as 20GB, what was used longest ago goes from it (default: nothing goes)';

/** Undefined where there is none. @throws TransferError USAGE */
export function parsePoolQuota(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseSize(text);
}

/** After the work is done: that the pool could not be made smaller must not make it fail, and is told. */
export async function keepPoolQuota(
  pool: Store,
  text: string | undefined,
  signal: AbortSignal,
  stderr: { write(text: string): unknown },
): Promise<void> {
  const quota = parsePoolQuota(text);
  if (quota === undefined || signal.aborted) return;
  try {
    await boundPool(pool, quota, signal);
  } catch (error) {
    stderr.write(`the pool stays larger than its quota: ${TransferError.from(error).message}\n`);
  }
}
