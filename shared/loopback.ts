/** Which addresses never leave the host: what crosses nothing that others can read needs no TLS. */
import { isIPv4 } from 'node:net';

/** True for `localhost` and names under it (RFC 6761), 127.0.0.0/8 and ::1, the last in brackets or not. */
export function isLoopback(host: string): boolean {
  const bare = host.replaceAll(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}
