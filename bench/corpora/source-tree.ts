/** An application's own source files, made up from a seed: modules of small functions, and a version file. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MODULES = 60;
const FUNCTIONS = 40;
const VERBS = ['load', 'save', 'render', 'check', 'price', 'list', 'merge', 'send', 'parse', 'index'];
const NOUNS = ['cart', 'order', 'user', 'invoice', 'stock', 'label', 'route', 'token', 'basket', 'voucher'];

export interface SourceOptions {
  readonly seed: number;
  /** Goes into version.js: the one file that differs between two builds of the same source. */
  readonly version: string;
  /** Modules rewritten with another seed, for a later state of the same application. */
  readonly rewritten?: number;
}

/** Writes the files into `directory`, which it makes. */
export async function writeSourceTree(directory: string, { seed, version, rewritten = 0 }: SourceOptions): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (let module = 0; module < MODULES; module++) {
    const random = createRandom(seed * 1000 + module + (module < rewritten ? 500_000 : 0));
    await writeFile(join(directory, `module-${module}.js`), Array.from({ length: FUNCTIONS }, () => sourceFunction(random)).join('\n'));
  }
  await writeFile(join(directory, 'version.js'), `export const version = '${version}';\n`);
}

function sourceFunction(random: () => number): string {
  const pick = (words: readonly string[]): string => words[random() % words.length] as string;
  const noun = pick(NOUNS);
  const name = `${pick(VERBS)}_${noun}_${random() % 10_000}`;
  return [
    `export function ${name}(${noun}, options = { limit: ${random() % 500} }) {`,
    `  if (${noun}.${pick(NOUNS)} === undefined) return ${pick(VERBS)}(${noun}, ${random()});`,
    `  return ${noun}.items.filter((item) => item.${pick(NOUNS)} > options.limit).map((item) => item.${pick(NOUNS)});`,
    `}`,
    ``,
  ].join('\n');
}

/** Unsigned 32-bit numbers: xorshift32 (Marsaglia, "Xorshift RNGs", 2003). */
function createRandom(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}
