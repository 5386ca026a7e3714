/**
 * The quick set: images of about 37 MB from pinned npm packages and made-up source files. Its bytes are the same on every machine and every
 * day, which is what the regression guard stands on.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openCache } from './cache.ts';
import type { Corpus, VersionPlan } from './corpus.ts';
import { writeLayer, type LayerTree } from './layer.ts';
import { packageTree } from './npm-package.ts';
import { PACKAGE_PINS, type PinnedPackage } from './package-pins.ts';
import { writeSaveArchive } from './save-archive.ts';
import { writeSourceTree, type SourceOptions } from './source-tree.ts';

const DAY_SECONDS = 86_400;
const FIRST_BUILD = 1_750_000_000;
const NEXT_DAY = FIRST_BUILD + DAY_SECONDS;
const NEXT_MONTH = FIRST_BUILD + 30 * DAY_SECONDS;
/** Raise it when the making of the bytes changes, so that nobody's cache holds the old ones. */
const GENERATION = 1;

interface LayerPlan {
  readonly packages?: readonly PinnedPackage[];
  readonly source?: SourceOptions;
  readonly prefix: string;
  readonly builtAt: number;
}

const BASE: readonly PinnedPackage[] = [
  '@esbuild/linux-x64@0.25.8',
  '@rollup/rollup-linux-x64-gnu@4.46.1',
  '@sqlite.org/sqlite-wasm@3.50.1-build1',
  'source-map@0.7.4',
];
const BASE_UPGRADED: readonly PinnedPackage[] = [
  '@esbuild/linux-x64@0.25.9',
  '@rollup/rollup-linux-x64-gnu@4.46.1',
  '@sqlite.org/sqlite-wasm@3.50.4-build1',
  'source-map@0.7.4',
];
const DEPENDENCIES: readonly PinnedPackage[] = [
  'express@5.0.1',
  'graphql@16.10.0',
  'prettier@3.6.1',
  'rxjs@7.8.1',
  'undici@7.12.0',
  'zod@4.0.14',
];
const DEPENDENCIES_REFRESHED: readonly PinnedPackage[] = [
  'express@5.1.0',
  'graphql@16.11.0',
  'prettier@3.6.2',
  'rxjs@7.8.2',
  'undici@7.13.0',
  'zod@4.0.17',
];

const LAYERS: Readonly<Record<string, readonly LayerPlan[]>> = {
  'base-1': [{ packages: BASE, prefix: 'usr/lib', builtAt: FIRST_BUILD }],
  'base-2': [{ packages: BASE_UPGRADED, prefix: 'usr/lib', builtAt: NEXT_MONTH }],
  'deps-1': [{ packages: DEPENDENCIES, prefix: 'app/node_modules', builtAt: FIRST_BUILD }],
  'deps-2': [{ packages: DEPENDENCIES, prefix: 'app/node_modules', builtAt: NEXT_DAY }],
  'deps-3': [{ packages: DEPENDENCIES_REFRESHED, prefix: 'app/node_modules', builtAt: NEXT_MONTH }],
  'src-1': [{ source: { seed: 1, version: '1.0.0' }, prefix: 'app/src', builtAt: FIRST_BUILD }],
  'src-2': [{ source: { seed: 1, version: '1.0.1' }, prefix: 'app/src', builtAt: NEXT_DAY }],
  'src-3': [{ source: { seed: 1, version: '1.1.0', rewritten: 6 }, prefix: 'app/src', builtAt: NEXT_MONTH }],
};
const FLAT = ['base-2', 'deps-3', 'src-3'];

const VERSIONS: Readonly<Record<string, VersionPlan>> = {
  'base-1': { ref: 'base:1', layout: 'oci', builtAt: FIRST_BUILD, layers: ['base-1'] },
  'base-2': { ref: 'base:2', layout: 'oci', builtAt: NEXT_MONTH, layers: ['base-2'] },
  'shop-1': { ref: 'shop:1', layout: 'legacy', builtAt: FIRST_BUILD, layers: ['base-1', 'deps-1', 'src-1'] },
  'shop-2': { ref: 'shop:2', layout: 'legacy', builtAt: NEXT_DAY, layers: ['base-1', 'deps-2', 'src-2'] },
  'shop-3': { ref: 'shop:3', layout: 'legacy', builtAt: NEXT_MONTH, layers: ['base-2', 'deps-3', 'src-3'] },
  'shop-flat': { ref: 'shop:flat', layout: 'legacy', builtAt: NEXT_MONTH, layers: ['flat'] },
};

export interface QuickCorpus extends Corpus {
  /** The path of one layer's tar: `deps-1` has thousands of small files. */
  layer(name: string): Promise<string>;
}

/** Opens the set; archives are built on first use. */
export function openQuickCorpus(cacheDirectory: string, announce: (name: string) => void): QuickCorpus {
  const shape = JSON.stringify([GENERATION, LAYERS, FLAT, VERSIONS, PACKAGE_PINS]);
  const fingerprint = createHash('sha256').update(shape).digest('hex').slice(0, 12);
  const packages = openCache(cacheDirectory, announce);
  const cache = openCache(join(cacheDirectory, `quick-${fingerprint}`), announce);

  const layer = (name: string): Promise<string> =>
    cache.entry(`${name}.layer`, async (path) => {
      const plans = name === 'flat' ? FLAT.flatMap((part) => LAYERS[part] ?? []) : (LAYERS[name] ?? []);
      const trees: LayerTree[] = [];
      for (const plan of plans) trees.push(...(await planTrees(plan, `${path}.source`)));
      writeLayer(path, trees);
      await rm(`${path}.source`, { recursive: true, force: true });
    });
  const planTrees = async ({ packages: names = [], source, prefix, builtAt }: LayerPlan, sourceDirectory: string): Promise<LayerTree[]> => {
    const trees: LayerTree[] = [];
    for (const name of names) {
      trees.push({ directory: await packageTree(packages, name), prefix: `${prefix}/${name.slice(0, name.lastIndexOf('@'))}`, builtAt });
    }
    if (source !== undefined) {
      await writeSourceTree(sourceDirectory, source);
      trees.push({ directory: sourceDirectory, prefix, builtAt });
    }
    return trees;
  };
  return {
    name: 'quick',
    pairs: [
      { name: 'base', title: 'two of four tools of a base image upgraded', old: 'base-1', new: 'base-2' },
      { name: 'rebuild', title: 'application rebuilt from the same lock file', old: 'shop-1', new: 'shop-2' },
      { name: 'refresh', title: 'base and dependencies a month newer', old: 'shop-1', new: 'shop-3' },
      { name: 'flat', title: 'the same files in one layer', old: 'shop-3', new: 'shop-flat' },
      { name: 'same', title: 'no change', old: 'shop-1', new: 'shop-1' },
      { name: 'first', title: 'first shipment', old: undefined, new: 'shop-1' },
    ],
    history: ['shop-1', 'shop-2', 'shop-3', 'shop-flat'],
    layer,
    archive: (version) =>
      cache.entry(`${version}.tar`, async (path) => {
        const plan = VERSIONS[version] as VersionPlan;
        const layers: string[] = [];
        for (const name of plan.layers) layers.push(await layer(name));
        await writeSaveArchive(path, plan.layout, { ref: plan.ref, layers, builtAt: plan.builtAt });
      }),
  };
}
