/**
 * The two maps of logistic mixing (Mahoney, "Adaptive Weighing of Context Models for Lossless Data Compression", 2005), as integer
 * tables. A probability is in units of 1/65536; its logit, ln(p / (1 - p)), in units of 1/256.
 */

/** Logit of 65535/65536. */
export const LOGIT_MAX = 2839;

/** Probability of the logit `index - LOGIT_MAX`: 65536 / (1 + e^(-logit/256)), to the nearest, from 1 to 65535. */
export const SQUASH = createSquash();
/** Logit of a probability: the smallest one whose probability is at least this. */
export const STRETCH = createStretch();

function createSquash(): Uint16Array {
  // Powers by multiplication only, which every IEEE 754 machine does alike; no entry is near enough to a half for its error to matter.
  const step = 1.0039138893383475;
  const table = new Uint16Array(2 * LOGIT_MAX + 1);
  let power = 1;
  for (let logit = 0; logit <= LOGIT_MAX; logit++) {
    const probability = Math.min(65535, Math.floor((65536 * power) / (1 + power) + 0.5));
    table[LOGIT_MAX + logit] = probability;
    table[LOGIT_MAX - logit] = 65536 - probability;
    power *= step;
  }
  return table;
}

function createStretch(): Int16Array {
  const table = new Int16Array(65536);
  let index = 0;
  for (let probability = 0; probability < 65536; probability++) {
    while (index < 2 * LOGIT_MAX && (SQUASH[index] as number) < probability) index++;
    table[probability] = index - LOGIT_MAX;
  }
  return table;
}
