/** Which recipes a new one is written against. */
import { describe, expect, it } from 'vitest';
import { hashBytes, hex, type Id } from '../../shared/hash.ts';
import type { Recipe } from '../../shared/recipe/recipe.ts';
import { PREFIX_BYTES } from '../../shared/wire/messages.ts';
import { createBaseChooser, type BaseChooser } from '../../sender/content/bases.ts';
import { recipeOf, type File } from '../property/difference-recipes.ts';

/** A recipe of files of 5000 bytes; `version` tells their contents from others of the same name. */
function recipe(paths: readonly string[], version: string): Recipe {
  const files = paths.map((path): File => {
    const id = Uint8Array.from(hashBytes(Buffer.from(path + version))) as Id;
    return { path, type: '0', mode: 0o644, uid: 0, mtime: 1, link: '', nested: false, chunks: [{ id, length: 5000 }] };
  });
  return { ...recipeOf(files, 'gnu'), id: hashBytes(Buffer.from(paths.join() + version)) };
}

function many(directory: string): string[] {
  return Array.from({ length: 1000 }, (_, i) => `${directory}/${'abcdefghij'[i % 10]}/${'klmnopqrst'[Math.floor(i / 10) % 10]}/${'uvwxyz'.repeat(Math.floor(i / 100))}`); // prettier-ignore
}

function chooserOf(held: readonly Recipe[]): BaseChooser {
  const chooser = createBaseChooser({
    ids: () => Promise.resolve(held.map(({ id }) => id)),
    load: (id) => Promise.resolve(held.find((one) => hex(one.id) === hex(id)) as Recipe),
  });
  chooser.setHeld(held.map(({ id }) => id.subarray(0, PREFIX_BYTES)));
  return chooser;
}

async function chosen(chooser: BaseChooser, target: Recipe): Promise<Recipe[]> {
  return (await chooser.choose(target)).map((base) => base.recipe);
}

describe('bases', () => {
  const large = recipe(many('lib'), '1');
  const other = recipe(many('other'), '1');
  const single = recipe(['srv/a.js'], '1');

  it('are those that share most, by name or content', async () => {
    const target = recipe([...many('lib').slice(0, 700), ...many('other').slice(0, 300)], '2');
    expect(await chosen(chooserOf([single, other, large]), target)).toEqual([large, other]);
  });

  it('share names whose versions and hashes differ', async () => {
    const old = recipe(['opt/node-24.18.1/main.3f2a1c.js'], '1');
    expect(await chosen(chooserOf([single, old]), recipe(['opt/node-24.21.0/main.77ab01.js'], '2'))).toEqual([old]);
  });

  it('include one that knows a single file which the best do not', async () => {
    expect(await chosen(chooserOf([large, other, single]), recipe([...many('lib'), 'srv/a.js'], '2'))).toEqual([large, single]);
  });

  it('are recipes with files of the same kind where nothing is known, those of this session apart', async () => {
    const page = recipe(['www/index.html', 'www/b.html'], '1');
    const target = recipe(['app/x.html', 'app/y.html'], '2');
    expect(await chosen(chooserOf([single, large, page]), target)).toEqual([page, single]);
    const chooser = chooserOf([]);
    chooser.addSent(0, page);
    expect(await chosen(chooser, target)).toEqual([]);
    expect(await chosen(chooserOf([page]), recipe(['x.html'], '2'))).toEqual([]);
  });

  it('are none of those held once the receiver is not trusted', async () => {
    const chooser = chooserOf([large]);
    chooser.distrust();
    expect(await chosen(chooser, recipe(many('lib'), '2'))).toEqual([]);
  });
});
