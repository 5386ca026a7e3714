/** The package as users get it: packed, and unpacked where an installation would put it, with nothing of the repository around it. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { runCommand } from './command.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

export interface InstalledPackage extends AsyncDisposable {
  /** Of the package itself. */
  readonly path: string;
  /** Of the links to its programs. */
  readonly bin: string;
}

/**
 * Builds, packs and installs under a new directory, without a network: packages that the manifest names as dependencies are linked in,
 * and no others.
 * @param without optional dependencies that are left out, as on another platform.
 */
export async function installPackage({ without = [] }: { readonly without?: readonly string[] } = {}): Promise<InstalledPackage> {
  const root = await mkdtemp(join(tmpdir(), 'lmp-'));
  const modules = join(root, 'lib/node_modules');
  const path = join(modules, 'lighterman');
  const bin = join(root, 'bin');
  await mkdir(path, { recursive: true });
  await mkdir(bin);
  await runCommand('npm', ['run', '--silent', 'build:dist'], { cwd: REPOSITORY });
  await runCommand('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', root], { cwd: REPOSITORY });
  const archive = (await readdir(root)).find((name) => name.endsWith('.tgz')) ?? '';
  await runCommand('tar', ['-xzf', join(root, archive), '-C', path, '--strip-components=1']);
  const manifest = JSON.parse(await readFile(join(path, 'package.json'), 'utf8')) as Manifest;
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    if (without.includes(name)) continue;
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(REPOSITORY, 'node_modules', name), join(modules, name));
  }
  for (const [name, file] of Object.entries(manifest.bin)) {
    await chmod(join(path, file), 0o755);
    await symlink(join(path, file), join(bin, name));
  }
  return { path, bin, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
