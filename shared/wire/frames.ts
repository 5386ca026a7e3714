/**
 * Frame types. A frame is one binary WebSocket message: a type byte, then a body. Control bodies are MessagePack arrays
 * (messages.ts); `stream` and `segment` carry bulk data behind a varint header (bulk.ts). Meaning and order: PROTOCOL.md.
 */
export const FRAME = {
  hello: 1,
  welcome: 2,
  offer: 3,
  answer: 4,
  stream: 5,
  need: 6,
  segment: 7,
  stored: 8,
  commit: 9,
  progress: 10,
  receipt: 11,
  failed: 12,
  error: 13,
  activate: 14,
  history: 15,
  past: 16,
  keep: 17,
  kept: 18,
  ran: 19,
} as const;

export type FrameName = keyof typeof FRAME;

const NAMES = new Map<number, FrameName>(Object.entries(FRAME).map(([name, type]) => [type, name as FrameName]));

/** Name of a frame's type byte, or undefined for one that this version does not know. */
export function frameName(frame: Uint8Array): FrameName | undefined {
  return NAMES.get(frame[0] ?? 0);
}

export const PROTOCOL_VERSION = 3;
/** All that are spoken, best first: version 2 has no zstd streams that are taken apart. */
export const PROTOCOL_VERSIONS: readonly number[] = [PROTOCOL_VERSION, 2];
