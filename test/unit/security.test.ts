/** What SECURITY.md promises of packages, the service unit and CI. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly hasInstallScript?: boolean;
  readonly optional?: boolean;
}

function nameOf(path: string): string {
  return path.split('node_modules/').at(-1) as string;
}

describe('packages', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as { readonly packages: Readonly<Record<string, Locked>> };
  const manifest = JSON.parse(read('package.json')) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  const installed = Object.entries(packages).filter(([path]) => path !== '');

  it('with install scripts are listed by name, and described', () => {
    const scripted = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true).map(([path]) => nameOf(path));
    expect(Object.keys(manifest['allowScripts'] as object).toSorted()).toEqual(scripted.toSorted());
    for (const name of scripted) expect(read('SECURITY.md')).toContain(`\`${name}\``);
  });

  it('are pinned, each with a digest', () => {
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
      for (const [name, version] of Object.entries(manifest[kind] as object))
        expect([name, version]).toEqual([name, expect.stringMatching(/^\d/)]);
    // Those of other platforms stand in the lock file by name alone.
    const needed = installed.filter(([, { optional }]) => optional !== true);
    expect(needed.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-')).map(([path]) => path)).toEqual([]);
  });
});

describe('the service unit', () => {
  const unit = read('shared/examples/lightermand.service');
  const values = (name: string): string[] => [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map((match) => match[1] as string);

  it('runs as an unprivileged user that may write its store alone', () => {
    for (const [name, value] of Object.entries({
      User: 'lighterman',
      NoNewPrivileges: 'yes',
      CapabilityBoundingSet: '',
      ProtectSystem: 'strict',
      ProtectHome: 'yes',
      PrivateDevices: 'yes',
      RestrictNamespaces: 'yes',
      StateDirectory: 'lighterman',
      StateDirectoryMode: '0700',
      SupplementaryGroups: 'docker',
      UMask: '0077',
    }))
      expect([name, values(name)]).toEqual([name, [value]]);
    expect(values('ReadWritePaths')).toEqual([]);
    expect(values('SystemCallFilter')).toEqual(['@system-service', '~@privileged']);
  });

  it('starts the receiver with words that it knows, and with TLS', async () => {
    const [command = ''] = values('ExecStart');
    const [, ...words] = command.split(' ');
    const { main } = await import('../../receiver/cli/main.ts');
    const said: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (text: string | Uint8Array) => said.push(String(text)) > 0;
    try {
      expect(await main(['node', 'lightermand', 'serve', '--help'])).toBe(0);
    } finally {
      process.stdout.write = write;
    }
    const flags = words.filter((word) => word.startsWith('--'));
    expect(flags).toContain('--tls-cert');
    for (const flag of flags) expect(said.join('')).toMatch(new RegExp(`^ +${flag}\\b`, 'm'));
  });

  it('is one for systemd, where there is a systemd to ask', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lmu-'));
    const path = join(directory, 'lightermand.service');
    // The program need not be installed here.
    await writeFile(path, unit.replaceAll('/usr/local/bin/lightermand', '/bin/true'));
    const ask = (...words: string[]) => spawnSync('systemd-analyze', [...words, path], { encoding: 'utf8' });
    const verified = ask('verify', '--man=no');
    const isThere = !(verified.error !== undefined && 'code' in verified.error && verified.error.code === 'ENOENT');
    const level = /exposure level for [^:]+: ([\d.]+)/.exec(ask('security', '--offline=true').stdout ?? '')?.[1] ?? '0';
    await rm(directory, { recursive: true });
    expect(isThere ? `${verified.stdout}${verified.stderr}` : '').toBe('');
    expect(Number(level)).toBeLessThan(2);
  });
});

describe('CI', () => {
  it('audits and fuzzes', () => {
    expect(read('.ci/run')).toMatch(/^\.ci\/audit$/m);
    expect(read('.ci/run')).toMatch(/^npm run fuzz -- --seconds 60$/m);
  });
});
