/**
 * The image that the demo ships, in two versions: a Debian base where it can be had, Node itself, the packages of this repository,
 * and a small application. The second version is the first one rebuilt from the same lock file the day after: every package and source
 * file has a new time, and one source file has changed.
 */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { debianSources } from '../corpora/apt-sources.ts';
import { openCache } from '../corpora/cache.ts';
import { writeLayer, type LayerTree } from '../corpora/layer.ts';
import { writeSaveArchive } from '../corpora/save-archive.ts';
import { writeSourceTree } from '../corpora/source-tree.ts';

const run = promisify(execFile);

export type Version = 1 | 2;

export interface DemoVersion {
  /** `shop:1`, `shop:2`. */
  readonly ref: string;
  /** A `docker save` archive. */
  readonly archive: string;
  /** `sha256:` and the digest of its config: its id in every engine with the classic store. */
  readonly configDigest: string;
}

export interface DemoImageOptions {
  /** Takes layers and archives; the caller's. */
  readonly directory: string;
  /** False leaves the Debian base out: making it takes root and apt. */
  readonly withBase: boolean;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

const MODULES = resolve(import.meta.dirname, '../../node_modules');
const CACHE = join(MODULES, '.cache/lighterman');
/** Node is a layer of its own; what begins with a dot is npm's or a tool's. */
const IS_PACKAGE = /^(?!\.|node-linux-)/;

const BUILT_AT: Readonly<Record<Version, number>> = { 1: 1_767_600_000, 2: 1_767_686_400 };
const APPLICATION: Readonly<Record<Version, string>> = { 1: '1.0.0', 2: '1.0.1' };

/** Prints what the application in the image says of itself. */
export const RUN_APPLICATION: readonly string[] = [
  'node',
  '-e',
  `import('/app/src/version.js').then(({ version }) => console.log('shop ' + version + ' on Node ' + process.version))`,
];

/** Writes one version of the image. */
export async function writeDemoVersion(version: Version, options: DemoImageOptions): Promise<DemoVersion> {
  const { directory, withBase } = options;
  const layers: string[] = withBase ? [await debianBase(options)] : [];
  layers.push(await nodeLayer(directory), packagesLayer(version, directory), await sourceLayer(version, directory));
  options.signal.throwIfAborted();
  const ref = `shop:${version}`;
  const archive = join(directory, `shop-${version}.tar`);
  const configDigest = await writeSaveArchive(archive, 'legacy', { ref, layers, builtAt: BUILT_AT[version] });
  return { ref, archive, configDigest };
}

/** A root file system of Debian's own packages, made once and kept. */
function debianBase({ say, signal }: DemoImageOptions): Promise<string> {
  const cache = openCache(CACHE, () => say('making a Debian base with mmdebstrap (once)'));
  return cache.entry('demo-base.layer', async (path) => {
    const { release, updates } = debianSources();
    const lines = [release, ...updates].map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}`);
    const options = ['--quiet', '--variant=minbase', '--format=tar', '--include=libstdc++6,libatomic1'];
    await run('mmdebstrap', [...options, release.suite, path, ...lines], { signal });
  });
}

/** The same in both versions, as the base is. */
async function nodeLayer(directory: string): Promise<string> {
  const path = join(directory, 'node.layer');
  if (!existsSync(path)) {
    const tree = join(directory, 'node');
    await mkdir(join(tree, 'bin'), { recursive: true });
    await copyFile(process.execPath, join(tree, 'bin/node'));
    writeLayer(path, [{ directory: tree, prefix: 'usr/local', builtAt: BUILT_AT[1] }]);
    await rm(tree, { recursive: true });
  }
  return path;
}

function packagesLayer(version: Version, directory: string): string {
  const path = join(directory, 'packages.layer');
  const trees = readdirSync(MODULES)
    .filter((name) => IS_PACKAGE.test(name))
    .toSorted()
    .map((name): LayerTree => ({ directory: join(MODULES, name), prefix: `app/node_modules/${name}`, builtAt: BUILT_AT[version] }));
  writeLayer(path, trees);
  return path;
}

async function sourceLayer(version: Version, directory: string): Promise<string> {
  const path = join(directory, 'source.layer');
  const tree = join(directory, 'source');
  await writeSourceTree(tree, { seed: 1, version: APPLICATION[version] });
  writeLayer(path, [{ directory: tree, prefix: 'app/src', builtAt: BUILT_AT[version] }]);
  return path;
}
