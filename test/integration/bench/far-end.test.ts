import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileSha256 } from '../../../bench/corpora/file-digest.ts';
import { writeSaveArchive } from '../../../bench/corpora/save-archive.ts';
import { createTarWriter } from '../../../bench/corpora/tar-writer.ts';
import { UNLIMITED } from '../../../bench/links/link.ts';
import { startInstruments } from '../../../bench/measure/instruments.ts';
import { peersNamed } from '../../../bench/peers/peers.ts';
import type { Peer } from '../../../bench/peers/peer.ts';
import { openWorkplace, type ArchiveFile } from '../../../bench/workplace.ts';
import { requireEngine } from '../../support/engine.ts';
import { seededBytes } from '../../support/random.ts';

const LIMITS = { secondsMax: 100, signal: new AbortController().signal };

let directory = '';
const archives: ArchiveFile[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-far-'));
  for (const version of [1, 2]) {
    const layer = join(directory, `${version}.layer`);
    const writer = createTarWriter(layer);
    writer.add({ path: 'data', mode: 0o644, mtime: 1, content: { bytes: seededBytes(version, 200_000) } });
    writer.end();
    const path = join(directory, `${version}.tar`);
    await writeSaveArchive(path, 'legacy', { ref: `far:${version}`, layers: [layer], builtAt: version });
    archives.push({ path, sha256: await fileSha256(path) });
  }
});
afterAll(() => rm(directory, { recursive: true }));

describe.skipIf(requireEngine() !== undefined)('shipments to the far engine and registry', () => {
  it.each(peersNamed(['lighterman', 'gzip', 'push']))('$name brings the image there', async (peer: Peer) => {
    await using instruments = await startInstruments();
    await using workplace = await openWorkplace(instruments, peer, { deliverTo: 'engine' });
    const [older, newer] = archives as [ArchiveFile, ArchiveFile];
    await workplace.prepare(older);
    // Both ends are looked at before it is called delivered.
    const { sentBytes, receiver } = await workplace.ship(newer, UNLIMITED, LIMITS);
    expect(sentBytes).toBeGreaterThan(200_000);
    // The engine's own memory is in it.
    expect(receiver.peakRssBytes).toBeGreaterThan(50e6);
  });
});
