/** A pair of the user's own: archives on disk, or images that a local engine has. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { TransferError } from '../../shared/errors.ts';
import type { Corpus } from './corpus.ts';

const run = promisify(execFile);

/** A corpus of one pair; what had to be saved from an engine goes when it is disposed of. */
export async function openOwnPair(older: string, newer: string): Promise<Corpus & AsyncDisposable> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-pair-'));
  return {
    name: 'own',
    pairs: [{ name: 'own', title: `${older} -> ${newer}`, old: older, new: newer }],
    history: [older, newer],
    async archive(version) {
      if (existsSync(version)) return resolve(version);
      const path = join(directory, version.replaceAll(/[^\w.-]/g, '_'));
      await run('docker', ['save', '-o', path, version]).catch((error: unknown) => {
        throw new TransferError('IMAGE_NOT_FOUND', `${version} is neither a file nor an image of the engine`, { cause: error });
      });
      return path;
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
