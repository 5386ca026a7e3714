/** What a transfer is called in the logs and journals of both sides. It never crosses: both know it from the handshake (PROTOCOL.md). */
import { hex } from './hash.ts';

const ID_BYTES = 8;

/** @param name of the first connection of the shipment. @returns 16 hex digits. */
export function transferId(name: Uint8Array): string {
  return hex(name.subarray(0, ID_BYTES));
}
