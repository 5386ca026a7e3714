/** What the micro-benchmarks work on: parts of the quick set. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openQuickCorpus } from '../corpora/quick-corpus.ts';
import { packageTree } from '../corpora/npm-package.ts';
import { openCache } from '../corpora/cache.ts';

export interface Material {
  /** A layer of thousands of small files (22 MB). */
  readonly layer: Uint8Array;
  /** A `docker save` archive (39 MB) with that layer. */
  readonly archive: Uint8Array;
  /** The same after a rebuild: other times. */
  readonly rebuilt: Uint8Array;
  /** Two versions of one program (10 MB). */
  readonly oldProgram: Uint8Array;
  readonly newProgram: Uint8Array;
}

/** Builds what the cache does not have. */
export async function loadMaterial(cacheDirectory: string): Promise<Material> {
  const corpus = openQuickCorpus(cacheDirectory, announce);
  const packages = openCache(cacheDirectory, announce);
  const [oldTree, newTree] = [
    await packageTree(packages, '@esbuild/linux-x64@0.25.8'),
    await packageTree(packages, '@esbuild/linux-x64@0.25.9'),
  ];
  return {
    layer: await readFile(await corpus.layer('deps-1')),
    archive: await readFile(await corpus.archive('shop-1')),
    rebuilt: await readFile(await corpus.archive('shop-2')),
    oldProgram: await readFile(join(oldTree, 'bin/esbuild')),
    newProgram: await readFile(join(newTree, 'bin/esbuild')),
  };
}

function announce(name: string): void {
  process.stderr.write(`building ${name}\n`);
}

/** Pieces of a size, as a file is read. */
export function* piecesOf(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}
