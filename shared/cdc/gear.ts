/**
 * The gear table: one random 32-bit word for each byte value (Xia et al., "Ddelta", 2014). It is generated, not listed, so that
 * another implementation can make the same one; RECIPE.md repeats the rule and its first values.
 *
 * Word i is the finalizer of MurmurHash3 (Appleby, fmix32) over the seed plus (i + 1) golden-ratio steps, all modulo 2^32.
 */
const SEED = 0x4c4d4152;
const STEP = 0x9e3779b9;

export const GEAR: Readonly<Uint32Array> = Uint32Array.from({ length: 256 }, (_, index) => mix(SEED + Math.imul(STEP, index + 1)));

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
