/**
 * A channel carries frames both ways, in order, whole, and with back-pressure. Adapters: a memory pair (tests), and any socket that
 * behaves like a WebSocket (socket-channel.ts).
 */
export interface WireCounters {
  /** Every byte handed to the socket since it was opened, handshake, framing and TLS records included. */
  readonly sentBytes: number;
  /** Every byte taken from it. */
  readonly receivedBytes: number;
}

export interface Channel {
  /** 16 random bytes that both ends know and nobody else is told: what the connection is called afterwards. */
  readonly name: Uint8Array;

  /**
   * Hands one frame over. Resolves when the channel has room for the next: awaiting it is the back-pressure.
   * The frame must not be modified afterwards.
   * @throws TransferError PEER_LOST when the channel has closed.
   */
  send(frame: Uint8Array): Promise<void>;

  /**
   * Frames from the peer, each to be used before the next is asked for. Ends when the peer closed in order; throws TransferError PEER_LOST when the link
   * broke, LIMIT_EXCEEDED for a frame above FRAME_BYTES_MAX. May be iterated once.
   */
  readonly frames: AsyncIterable<Uint8Array>;

  readonly counters: WireCounters;

  /** Closes in order after all that was sent; idempotent. */
  close(): Promise<void>;

  /** Drops the link at once. */
  abort(): void;
}
