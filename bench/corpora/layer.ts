/** An image layer from a directory, the same bytes for the same files: sorted by path, owners and modes settled, mtimes given. */
import { createHash } from 'node:crypto';
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createTarWriter } from './tar-writer.ts';

export interface LayerTree {
  /** Directory whose content is taken. */
  readonly directory: string;
  /** Where it stands in the image, without slashes at the ends: `usr/local`. */
  readonly prefix: string;
  /** Seconds since the epoch: entries get mtimes within the ten seconds that follow, by a hash of their path, as an install leaves them. */
  readonly builtAt: number;
}

/** Writes a layer of several trees, with the directories above each of them. */
export function writeLayer(path: string, trees: readonly LayerTree[]): void {
  const writer = createTarWriter(path);
  const directories = new Set<string>();
  const addDirectory = (name: string, builtAt: number): void => {
    if (directories.has(name)) return;
    directories.add(name);
    writer.add({ path: `${name}/`, mode: 0o755, mtime: builtAt + spread(name), content: 'directory' });
  };
  for (const { directory, prefix, builtAt } of trees) {
    const parts = prefix.split('/');
    for (let depth = 1; depth <= parts.length; depth++) addDirectory(parts.slice(0, depth).join('/'), builtAt);
    for (const entry of walk(directory)) {
      const source = join(directory, entry.path);
      const name = `${prefix}/${entry.path}`;
      const common = { path: name, mtime: builtAt + spread(name) };
      if (entry.kind === 'directory') addDirectory(name, builtAt);
      else if (entry.kind === 'symlink') writer.add({ ...common, mode: 0o777, content: { symlink: readlinkSync(source) } });
      else writer.add({ ...common, mode: (statSync(source).mode & 0o100) === 0 ? 0o644 : 0o755, content: { file: source } });
    }
  }
  writer.end();
}

interface Found {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'symlink';
}

/** Depth first, names in byte order; sockets and devices do not occur. */
function* walk(directory: string, below = ''): Generator<Found> {
  const entries = readdirSync(join(directory, below), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isSymbolicLink()) yield { path, kind: 'symlink' };
    else if (entry.isFile()) yield { path, kind: 'file' };
    else if (entry.isDirectory()) {
      yield { path, kind: 'directory' };
      yield* walk(directory, path);
    }
  }
}

function spread(path: string): number {
  return (createHash('sha256').update(path).digest()[0] as number) % 10;
}
