/** DELTA.md, section 2: arithmetic of 32 bits. */

export const PHI = 0x9e3779b1;

export const u32 = (value: number): number => value >>> 0;
export const times = (a: number, b: number): number => Math.imul(a, b) >>> 0;
export const clamp = (value: number, most: number): number => Math.max(-most, Math.min(most, value));
export const within = (value: number, least: number, most: number): number => Math.max(least, Math.min(most, value));

export function hash(a: number, b: number): number {
  const h = times(a, PHI) ^ times(b + 0x7f4a7c15, 0x85ebca6b);
  return u32(h ^ (h >>> 15));
}

/** 0, 1, 2, 3, 4 ... as 0, -1, 1, -2, 2 ... */
export function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Bytes by position; zeros outside. */
export interface Reader {
  byte(at: number): number;
  le16(at: number): number;
  le32(at: number): number;
  /** Exact below 2^53. */
  le64(at: number): number;
}

export function readerOf(bytes: Uint8Array): Reader {
  const byte = (at: number): number => bytes[at] ?? 0;
  const le16 = (at: number): number => byte(at) + byte(at + 1) * 256;
  const le32 = (at: number): number => le16(at) + le16(at + 2) * 65536;
  return { byte, le16, le32, le64: (at) => le32(at) + le32(at + 4) * 2 ** 32 };
}
