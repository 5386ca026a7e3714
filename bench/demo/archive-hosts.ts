/** Two folders instead of engines: `docker save` archives go in at one end and come out at the other. */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TransferError } from '../../shared/errors.ts';
import { archiveFileName } from '../../shared/image/reference.ts';
import { fileSha256 } from '../corpora/file-digest.ts';
import type { DemoVersion } from './demo-image.ts';
import type { Hosts } from './hosts.ts';

const run = promisify(execFile);

/** @param directory where the far host writes what it receives; the caller's. */
export function openArchiveHosts(directory: string): Hosts {
  const arrived = ({ ref }: DemoVersion): string => join(directory, archiveFileName(ref));
  return {
    title: 'archive -> archive, without engines',
    serveOptions: ['--deliver', `archive:${directory}`],
    place: () => Promise.resolve(),
    shipOptions: ({ archive }) => [archive],
    save: ({ archive }, signal) => createReadStream(archive, { signal, highWaterMark: 1 << 20 }),
    async identify(version) {
      const [sent, received] = await Promise.all([fileSha256(version.archive), fileSha256(arrived(version))]);
      if (sent !== received) throw new TransferError('INTEGRITY', `${version.ref}: ${sent} was sent, ${received} arrived`);
      const { stdout } = await run('tar', ['-xOf', arrived(version), 'manifest.json']);
      const [image] = JSON.parse(stdout) as [{ Config: string }];
      return { here: version.configDigest, there: `sha256:${image.Config.replace('.json', '')}` };
    },
    run: () => Promise.resolve(undefined),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
