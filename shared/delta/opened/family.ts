/** Families of members: how each frames deflated data. DELTA.md, section 11. */

/** A member, taken out of its frame. */
export interface Opening {
  /** As it stands in opened content: without what follows from the data and from what they hold. */
  readonly header: Uint8Array;
  readonly deflated: Uint8Array;
  readonly content: Uint8Array;
  /** Behind the member. */
  readonly end: number;
}

export interface Family {
  readonly magic: Buffer;
  /** Bytes that `isHead` looks at. */
  readonly headBytes: number;
  /** Whether a member may begin at `start`; that many bytes are there. */
  isHead(bytes: Buffer, start: number): boolean;
  /** The member that begins at `start`; undefined where there is none. Whether it closes to the same bytes is for the caller to see. */
  open(bytes: Buffer, start: number, contentMax: number): Opening | undefined;
  /** Bytes of the header that stands at `start` of opened content; undefined where it has no end. */
  headerBytes(opened: Buffer, start: number): number | undefined;
  /** The member; undefined where no member has this header. */
  close(header: Buffer, content: Uint8Array, deflated: Uint8Array): readonly Uint8Array[] | undefined;
}

export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** `bytes` as an unsigned number of 32 bits, little-endian. */
export function le32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function be32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
