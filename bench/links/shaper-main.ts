/** Entry point of the shaper's process; see shaper-process.ts for what it is asked. Ends when its parent does. */
import { UNLIMITED, type Link } from './link.ts';
import { createShaper, type Shaper, type WireCount } from './shaper.ts';
import type { ShaperOrder } from './shaper-process.ts';

const NOTHING: WireCount = { upBytes: 0, downBytes: 0, turns: 0, connections: 0 };

let link: Link = UNLIMITED;
let shaper: Shaper | undefined;

async function obey(order: ShaperOrder): Promise<unknown> {
  if (order === 'count') return shaper?.count() ?? NOTHING;
  if (order === 'lift' || 'lay' in order) {
    await shaper?.[Symbol.asyncDispose]();
    shaper = undefined;
    if (order !== 'lift') link = order.lay;
    return 'ready';
  }
  shaper = await createShaper({ link, targetPort: order.open, port: order.port });
  return shaper.port;
}

process.on('message', (order) => void obey(order as ShaperOrder).then((answer) => process.send?.(answer)));
// Ctrl-C reaches every process of the terminal; this one ends with its parent.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit(0));
