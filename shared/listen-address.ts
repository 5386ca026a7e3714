/** Addresses to listen on. */
import { systemCode, TransferError } from './errors.ts';

/** @throws TransferError USAGE for anything but `HOST:PORT`, an IPv6 address in brackets. */
export function parseListenAddress(address: string): { host: string; port: number } {
  const match = /^(\[[0-9a-fA-F:]+\]|[^:\s]+):(\d{1,5})$/.exec(address);
  const port = Number(match?.[2]);
  if (match === null || port > 65_535)
    throw new TransferError('USAGE', `"${address}" is not an address to listen on`, { hint: 'want HOST:PORT, such as 127.0.0.1:7700' });
  return { host: (match[1] as string).replaceAll(/[[\]]/g, ''), port };
}

export function bindError(error: Error, address: string, what: string): TransferError {
  return new TransferError('USAGE', `cannot listen on ${address}: ${systemCode(error) ?? error.message}`, {
    cause: error,
    hint: `is another ${what} listening there?`,
  });
}

/** HOST:PORT of what `server.address()` says. */
export function formatListenAddress({ address, family, port }: { address: string; family: string; port: number }): string {
  return `${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
