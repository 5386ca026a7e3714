/** The vectors and examples of shared/DIFFERENCE.md, decoded and made again by the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../shared/bytes.ts';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import { createBits, createMixer, hashText, mix } from '../../shared/recipe/difference/decision.ts';
import { decodeDifference } from '../../shared/recipe/difference/decode.ts';
import { encodeDifference } from '../../shared/recipe/difference/encode.ts';
import { createBitEncoder, type BitCoder } from '../../shared/recipe/difference/range-coder.ts';
import { rebuildStream } from '../../shared/recipe/rebuild.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { createRandom, changedFiles, randomFiles, recipeOf, streams, STYLES } from '../property/difference-recipes.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { ingest, loadRecipe } from '../support/ingested.ts';
import { collect } from '../support/tar.ts';

const document = readFileSync(new URL('../../shared/DIFFERENCE.md', import.meta.url), 'utf8');

/** The hex lines of the example with this heading. */
function exampleBytes(heading: string): Uint8Array {
  const text = document.slice(document.indexOf(`### ${heading}`));
  const [lines = ''] = /(?:^ {4}(?:[0-9a-f]{2} ?)+\n)+/m.exec(text) ?? [];
  return Buffer.from(lines.replaceAll(/\s/g, ''), 'hex');
}

/** The probabilities that `run` codes with. */
function probabilities(run: (coder: BitCoder) => void): string {
  const seen: number[] = [];
  run({ decoding: false, enter() {}, code: (bit, one) => (seen.push(one), bit) });
  return seen.join(' ');
}

const head = craftEntry({ name: 'etc/', type: '5', mode: '0000755\0' });
const link = craftEntry({ name: 'etc/link', type: '2', link: 'host' });
const first = craftTar([head, craftEntry({ name: 'etc/host', mtime: '14512345672\0' }, 'berth\n'), link]);
const newer = craftTar([
  craftEntry({ name: 'etc/', type: '5', mode: '0000755\0', mtime: '14512346000\0' }),
  craftEntry({ name: 'etc/host', mtime: '14512346001\0' }, 'quay 7\n'),
  link,
  craftEntry({ name: 'etc/motd', mtime: '14512346001\0' }, 'welcome\n'),
]);
const noTar = utf8('not a tar\n');

async function recipeOfStream(stream: Uint8Array): Promise<Recipe> {
  return (await ingest(stream)).result.archive.recipe;
}

/** The stream that a difference rebuilds, from the chunks of `stream`. */
async function rebuilt(
  difference: Uint8Array,
  bases: readonly Recipe[],
  fresh: readonly string[],
  stream: Uint8Array,
): Promise<Uint8Array> {
  const { store } = await ingest(stream);
  const recipe = decodeDifference(difference, bases).resolve(
    fresh.map((content) => hashBytes(utf8(content))),
    hashBytes(stream),
  );
  return collect(rebuildStream(recipe, store, (id: Id) => loadRecipe(store, id)));
}

describe('DIFFERENCE.md', () => {
  it('has the hashes and probabilities of the code', () => {
    expect(document).toContain(
      `hash("") = ${hashText('')}, hash("usr/") = ${hashText('usr/')}, mix(1, 2) = ${mix(1, 2)}, mix(-5, 2^40 + 3) = ${mix(-5, 2 ** 40 + 3)}.`,
    );
    const bits = probabilities((coder) => {
      const model = createBits(1);
      for (const bit of [1, 1, 0, 1, 1, 1]) model.code(coder, 0, bit);
    });
    expect(document).toContain(`probabilities ${bits}.`);
    const mixed = probabilities((coder) => {
      const mixer = createMixer(2, 1, 8);
      for (const [index, bit] of [1, 1, 0, 1, 1, 1, 0, 1].entries()) {
        mixer.contexts[0] = 7;
        mixer.contexts[1] = mix(1, index % 2);
        mixer.code(coder, 0, 0, bit);
      }
    });
    expect(document).toContain(`probabilities ${mixed}.`);
  });

  it('has the decisions of its first example', async () => {
    const bytes = exampleBytes('Decisions');
    const coder = createBitEncoder();
    const decisions = [...document.matchAll(/^ {4}(?:frame|chunk) (\d+) ([01])(?: |$)/gm)];
    for (const [, one, bit] of decisions) coder.code(Number(bit), Number(one));
    expect(decisions).toHaveLength(12);
    expect(hex(coder.finish())).toBe(hex(bytes));
    expect(hex(encodeDifference(await recipeOfStream(noTar), []).bytes)).toBe(hex(bytes));
    expect(await rebuilt(bytes, [], ['not a tar\n'], noTar)).toEqual(noTar);
  });

  it('has a first recipe', async () => {
    const bytes = exampleBytes('A first recipe');
    expect(hex(encodeDifference(await recipeOfStream(first), []).bytes)).toBe(hex(bytes));
    expect(Buffer.compare(await rebuilt(bytes, [], ['berth\n'], first), first)).toBe(0);
  });

  it('has the same recipe again', async () => {
    const base = await recipeOfStream(first);
    const bytes = exampleBytes('The same recipe again');
    expect(hex(encodeDifference(base, [base]).bytes)).toBe(hex(bytes));
    expect(Buffer.compare(await rebuilt(bytes, [base], [], first), first)).toBe(0);
  });

  it('has a newer version', async () => {
    const base = await recipeOfStream(first);
    const bytes = exampleBytes('A newer version');
    expect(hex(encodeDifference(await recipeOfStream(newer), [base]).bytes)).toBe(hex(bytes));
    expect(decodeDifference(bytes, [base])).toMatchObject({ freshLengths: Uint32Array.of(7, 8), freshRow: Int32Array.of(1, 3) });
    expect(Buffer.compare(await rebuilt(bytes, [base], ['quay 7\n', 'welcome\n'], newer), newer)).toBe(0);
  });
});

describe('the format', () => {
  it('has not changed', () => {
    // Recipes with everything in them: agents of one protocol version must make and take the same bytes.
    const digest = STYLES.map((style, seed) => {
      const random = createRandom(seed);
      const files = randomFiles(random, 300);
      const bases = [recipeOf(files, style, random), recipeOf(randomFiles(random, 50), 'gnu', random)];
      const changed = Array.from({ length: 5 }).reduce<typeof files>((current) => changedFiles(random, current), files);
      const { bytes } = encodeDifference(recipeOf(changed, style, random), bases, streams);
      return `${bytes.byteLength} ${hex(hashBytes(bytes)).slice(0, 16)}`;
    });
    expect(digest).toEqual(['379 b22ddc95d209cd9b', '467 9a4459643afd4ae1', '639 68aab385b40d384f', '2714 db48fd64d9408a0a']);
  });
});
