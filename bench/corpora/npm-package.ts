/** Packages and installed trees from whatever registry npm is configured for; what is pinned is verified. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TransferError } from '../../shared/errors.ts';
import type { Cache } from './cache.ts';
import { PACKAGE_PINS, type PinnedPackage } from './package-pins.ts';

const run = promisify(execFile);
const QUIET = ['--loglevel=error', '--no-audit', '--no-fund', '--ignore-scripts'];

/** The unpacked files of a pinned package. @throws TransferError INTEGRITY when the registry has other bytes under that version. */
export function packageTree(cache: Cache, name: PinnedPackage): Promise<string> {
  return cache.entry(join('packages', name.replaceAll('/', '+')), async (path) => {
    const temporary = await mkdtemp(join(tmpdir(), 'bench-npm-'));
    try {
      const { stdout } = await run('npm', ['pack', ...QUIET, '--silent', '--pack-destination', temporary, name]);
      const file = join(temporary, stdout.trim().split('\n').at(-1) as string);
      const integrity = `sha512-${createHash('sha512')
        .update(await readFile(file))
        .digest('base64')}`;
      if (integrity !== PACKAGE_PINS[name])
        throw new TransferError('INTEGRITY', `${name} is not the package that was pinned: ${integrity}`);
      await mkdir(path, { recursive: true });
      await run('tar', ['-xzf', file, '-C', path, '--strip-components=1', '--no-same-owner']);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
}

/** A folder with `dependencies` installed as npm would have done on that day. */
export function installedTree(
  cache: Cache,
  entry: string,
  dependencies: Readonly<Record<string, string>>,
  before: string,
): Promise<string> {
  return cache.entry(join('installed', entry), async (path) => {
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'package.json'), JSON.stringify({ name: 'shop', version: '1.0.0', private: true, dependencies }));
    await run('npm', ['install', ...QUIET, '--before', before], { cwd: path });
  });
}
