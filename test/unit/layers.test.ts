/** The architecture as a test: who may import whom, and one importer for each package. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !file.startsWith('shared/wasm/assembly/'));
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?'([^']+)'|import\('([^']+)'\)/g;

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(IMPORT)].map((match) => (match[1] ?? match[2]) as string);
}

/** Product files, each with the product files that it imports. */
const product = ['sender', 'receiver', 'shared'].flatMap(sourceFiles);
const local = (file: string): string[] =>
  imports(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(root, resolve(root, dirname(file), name)));
const packages = (file: string): string[] =>
  imports(file)
    .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );

/** Packages that describe values rather than touch the world may be imported where values are described. */
const VALUE_PACKAGES = new Set(['zod']);
/** Two agents that never import each other each have their own adapter of these. */
const ONE_PER_AGENT = new Set(['ws', 'dockerode', 'commander', 'cli-table3']);

describe('layers', () => {
  it('finds the product', () => {
    expect(product.length).toBeGreaterThan(40);
  });

  it.each(product)('%s imports only what it may', (file) => {
    const area = file.split('/')[0] as string;
    const allowed = new Set([area, 'shared']);
    expect(local(file).filter((target) => !allowed.has(target.split('/')[0] as string))).toEqual([]);
  });

  it('use cases and formats touch neither command lines nor transports', () => {
    const core = product.filter((file) => !/\/(?:cli|transport)\//.test(file) && !/\/(?:main|docker-ship)\.ts$/.test(file));
    expect(
      core.flatMap((file) =>
        local(file)
          .filter((target) => /\/(?:cli|transport)\//.test(target))
          .map((target) => `${file} -> ${target}`),
      ),
    ).toEqual([]);
  });

  it('each package has one importer', () => {
    const importers = new Map<string, Set<string>>();
    for (const file of product) {
      for (const name of packages(file)) {
        if (VALUE_PACKAGES.has(name)) continue;
        const key = ONE_PER_AGENT.has(name) ? `${name} in ${file.split('/')[0] as string}` : name;
        importers.set(key, (importers.get(key) ?? new Set()).add(file));
      }
    }
    expect([...importers].filter(([, files]) => files.size > 1).map(([name, files]) => `${name}: ${[...files].join(', ')}`)).toEqual([]);
  });

  it('nothing imports bench or test', () => {
    expect(product.flatMap(local).filter((target) => /^(?:bench|test)\//.test(target))).toEqual([]);
  });

  it('every dependency is imported, and every import is a dependency', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: Record<string, string> };
    expect([...new Set(product.flatMap(packages))].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
  });
});
