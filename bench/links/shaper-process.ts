/** The shaper in a process of its own, so that its work is in nobody's CPU time and its timers wait for nobody. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { TransferError } from '../../shared/errors.ts';
import { createSerial } from '../../shared/serial.ts';
import type { Link } from './link.ts';
import type { WireCount } from './shaper.ts';

export interface ShaperProcess extends AsyncDisposable {
  /** Makes it this link, with nothing on it. One at a time: what was laid before is gone. */
  lay(link: Link): Promise<LaidLink>;
}

/** Disposing it breaks what is still connected and frees its port. */
export interface LaidLink extends AsyncDisposable {
  /** Opens the link to a loopback port; gives the port to connect to instead, which may be asked for. Once. */
  open(targetPort: number, port?: number): Promise<number>;
  /** What has crossed; zeros before `open`. */
  count(): Promise<WireCount>;
}

/** What the child is asked; it answers each message once: with nothing much, its port, or a `WireCount`. */
export type ShaperOrder = { readonly lay: Link } | { readonly open: number; readonly port: number } | 'count' | 'lift';

/** Starts a shaper; the caller disposes it. @throws TransferError INTERNAL when it does not come up. */
export async function startShaperProcess(): Promise<ShaperProcess> {
  const child = fork(fileURLToPath(new URL('shaper-main.ts', import.meta.url)), { serialization: 'advanced' });
  const exited = once(child, 'exit');
  const inTurn = createSerial();
  const ask = (order: ShaperOrder): Promise<unknown> =>
    inTurn(async () => {
      const answer = once(child, 'message');
      if (child.connected) child.send(order);
      const [value] = (await Promise.race([answer, exited.then(() => [undefined])])) as [unknown];
      if (value === undefined) throw new TransferError('INTERNAL', 'the link shaper ended early');
      return value;
    });
  await ask('lift');
  let current: symbol | undefined;
  return {
    async lay(link) {
      const own = Symbol(link.name);
      current = own;
      await ask({ lay: link });
      // A shipment that was given up may come too late for its link, and must not take the next one's.
      const askOwn = async (order: ShaperOrder): Promise<unknown> => {
        if (current !== own) throw new TransferError('INTERNAL', 'the link was lifted');
        return ask(order);
      };
      return {
        open: async (targetPort, port = 0) => (await askOwn({ open: targetPort, port })) as number,
        count: async () => (await askOwn('count')) as WireCount,
        async [Symbol.asyncDispose]() {
          if (current !== own) return;
          current = undefined;
          await ask('lift');
        },
      };
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
