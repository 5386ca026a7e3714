/** A TCP proxy that is a bad link: it cuts connections after some bytes, and lets some lie without a word. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';

/** What becomes of one connection. */
export interface Fate {
  /** It is cut when so many bytes have passed, both ways together; undefined: not. */
  readonly cutAfterBytes: number | undefined;
}

export interface CuttingProxy extends AsyncDisposable {
  /** `ws://HOST:PORT`. */
  readonly address: string;
  /** Connections that it cut. */
  readonly cuts: number;
  /** Bytes that it let through. */
  readonly bytes: { readonly up: number; readonly down: number };
}

/** @param target HOST:PORT of the moment; undefined where nobody listens. */
export async function startCuttingProxy(target: () => string | undefined, fate: () => Fate): Promise<CuttingProxy> {
  const open = new Set<Socket>();
  const bytes = { up: 0, down: 0 };
  let cuts = 0;
  const server = createServer((near) => {
    const there = target();
    if (there === undefined) {
      near.resetAndDestroy();
      return;
    }
    const [host = '', port] = there.split(':');
    const far = connect({ host, port: Number(port) });
    const { cutAfterBytes = Number.POSITIVE_INFINITY } = fate();
    let passed = 0;
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    const relay = (from: Socket, to: Socket, direction: 'up' | 'down'): void => {
      open.add(from);
      from.on('close', () => {
        open.delete(from);
        // What was handed over still arrives, as on a link that ends.
        to.end();
      });
      from.on('error', () => {});
      from.on('data', (data: Buffer) => {
        const through = data.subarray(0, Math.max(0, cutAfterBytes - passed));
        passed += data.byteLength;
        bytes[direction] += through.byteLength;
        if (!to.write(through)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
        if (passed < cutAfterBytes) return;
        cuts++;
        end();
      });
    };
    relay(near, far, 'up');
    relay(far, near, 'down');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get cuts() {
      return cuts;
    },
    bytes,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
