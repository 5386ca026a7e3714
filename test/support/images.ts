/** Small real images, built on an engine from Debian's static busybox; no registry is asked for anything. */
import { chmod, copyFile, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { dockerCli } from './docker-cli.ts';
import { seededBytes } from './random.ts';

export interface ImageRecipe {
  /** Its name, as `app:1`. */
  readonly tag: string;
  /** One layer each, above that of busybox: path in the image -> content. */
  readonly layers: readonly Readonly<Record<string, Uint8Array>>[];
  /** More lines of the Dockerfile that make no layer, as `LABEL a=b`. */
  readonly instructions?: readonly string[];
}

/** Built files are older than any test, so that a second build of the same files is the same layer. */
const FILE_TIME = new Date('2024-05-06T07:08:09Z');

/** Builds the image on the engine at `socket`: a layer with /bin/busybox, then the recipe's. */
export async function buildImage(socket: string, recipe: ImageRecipe): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'lmb-'));
  try {
    await mkdir(join(context, '0/bin'), { recursive: true });
    await copyFile('/bin/busybox', join(context, '0/bin/busybox'));
    await chmod(join(context, '0/bin/busybox'), 0o755);
    await utimes(join(context, '0/bin/busybox'), FILE_TIME, FILE_TIME);
    const dockerfile = ['FROM scratch', 'COPY 0/ /', 'ENV PATH=/bin', 'CMD ["busybox", "true"]'];
    for (const [index, files] of recipe.layers.entries()) {
      for (const [path, bytes] of Object.entries(files)) {
        const target = join(context, String(index + 1), path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, bytes);
        await utimes(target, FILE_TIME, FILE_TIME);
      }
      dockerfile.push(`COPY ${index + 1}/ /`);
    }
    await writeFile(join(context, 'Dockerfile'), [...dockerfile, ...(recipe.instructions ?? []), ''].join('\n'));
    await dockerCli(socket, 'build', '-q', '-t', recipe.tag, context);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Sizes of the random content in the images of `buildVersions`, bytes. */
export interface VersionSizes {
  readonly sharedBytes: number;
  readonly ownBytes: number;
}

/**
 * Builds `NAME:1`, `NAME:2` and so on: busybox, a layer of random bytes that all share, and a last layer that differs: /version holds the
 * number, /srv/own.bin random bytes.
 */
export async function buildVersions(socket: string, name: string, count: number, sizes: VersionSizes): Promise<void> {
  const shared = { 'srv/shared.bin': seededBytes(1, sizes.sharedBytes) };
  for (let version = 1; version <= count; version++) {
    const own = { version: new TextEncoder().encode(String(version)), 'srv/own.bin': seededBytes(10 + version, sizes.ownBytes) };
    await buildImage(socket, { tag: `${name}:${version}`, layers: [shared, own] });
  }
}

/** Runs `busybox ARGS` in a container of the image, without network, and gives what it printed. */
export function runImage(socket: string, image: string, ...args: readonly string[]): Promise<string> {
  return dockerCli(socket, 'run', '--rm', '--pull', 'never', '--network', 'none', image, 'busybox', ...args);
}
