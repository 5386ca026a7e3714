/** The shaper in a process of its own, so that its work is in nobody's CPU time and its timers wait for nobody. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TransferError } from '../../shared/errors.ts';
import type { Link } from './link.ts';
import type { WireCount } from './shaper.ts';

export interface ShaperProcess extends AsyncDisposable {
  /** Opens the link to a loopback port; gives the port to connect to instead, which may be asked for. Once per process. */
  open(targetPort: number, port?: number): Promise<number>;
  /** What has crossed; zeros before `open`. */
  count(): Promise<WireCount>;
}

/** What the child is asked; it answers each message once: with nothing much, its port, or a `WireCount`. */
export type ShaperOrder = { readonly prepare: Link } | { readonly open: number; readonly port: number } | 'count';

/** Starts a shaper; the caller disposes it. @throws TransferError INTERNAL when it does not come up. */
export async function startShaperProcess(link: Link): Promise<ShaperProcess> {
  const child = fork(fileURLToPath(new URL('shaper-main.ts', import.meta.url)), { serialization: 'advanced' });
  const exited = once(child, 'exit');
  const ask = async (order: ShaperOrder): Promise<unknown> => {
    const answer = once(child, 'message');
    child.send(order);
    const [value] = (await Promise.race([answer, exited.then(() => [undefined])])) as [unknown];
    if (value === undefined) throw new TransferError('INTERNAL', 'the link shaper ended early');
    return value;
  };
  await ask({ prepare: link });
  return {
    open: async (targetPort, port = 0) => (await ask({ open: targetPort, port })) as number,
    count: async () => (await ask('count')) as WireCount,
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
