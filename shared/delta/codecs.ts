/** The codecs of content, by number: the wire's and the store's names for them. What each does: DELTA.md. */
export const CODEC = {
  /** The content as it is. */
  raw: 0,
  /** One zstd frame (RFC 8878). */
  zstd: 1,
  /** One zstd frame with the base as raw-content dictionary. */
  zstdBase: 2,
  /** Context mixing. */
  mix: 3,
  /** Context mixing over the base, aligned. */
  mixBase: 4,
  /** Differences to the base, aligned, in four streams. */
  patch: 5,
  /** Members opened, and another of these codecs for that. */
  opened: 6,
  /** The same over the base, with members opened too. */
  openedBase: 7,
} as const;

export type CodecName = keyof typeof CODEC;
export type Codec = (typeof CODEC)[CodecName];

const NAMES = new Map<number, CodecName>(Object.entries(CODEC).map(([name, codec]) => [codec, name as CodecName]));
const NEEDING_BASE: ReadonlySet<number> = new Set([CODEC.zstdBase, CODEC.mixBase, CODEC.patch, CODEC.openedBase]);

/** The name of a codec; a number that this version does not know is named by itself. */
export function codecName(codec: number): string {
  return NAMES.get(codec) ?? `codec ${codec}`;
}

/** True where there is no decoding without the base. */
export function needsBase(codec: number): boolean {
  return NEEDING_BASE.has(codec);
}

const FAST: ReadonlySet<number> = new Set([CODEC.raw, CODEC.zstd, CODEC.zstdBase]);

/** True where decoding takes long enough to be worth a thread of its own. */
export function isSlowToDecode(codec: number): boolean {
  return !FAST.has(codec);
}
