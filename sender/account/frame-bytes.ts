/** What a frame costs on the socket: itself, and the header of its WebSocket message (RFC 6455, 5.2). */

/** What a client sends is masked. */
const MASK_BYTES = 4;

export function sentBytesOf(frame: Uint8Array): number {
  return receivedBytesOf(frame) + MASK_BYTES;
}

export function receivedBytesOf(frame: Uint8Array): number {
  if (frame.byteLength < 126) return frame.byteLength + 2;
  return frame.byteLength + (frame.byteLength < 65_536 ? 4 : 10);
}
