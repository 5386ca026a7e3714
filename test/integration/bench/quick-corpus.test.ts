import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileSha256 } from '../../../bench/corpora/file-digest.ts';
import { openQuickCorpus } from '../../../bench/corpora/quick-corpus.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-corpus-'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('quick set', () => {
  it('has the same bytes on every machine and every day', async () => {
    const corpus = openQuickCorpus(directory, () => undefined);
    const versions = [...new Set(corpus.pairs.flatMap((pair) => [pair.old ?? pair.new, pair.new]))];
    const digests: Record<string, string> = {};
    for (const version of versions) digests[version] = await fileSha256(await corpus.archive(version));
    // The baseline's byte counts stand on these: when they have to change, it is written again.
    expect(digests).toMatchInlineSnapshot(`
      {
        "base-1": "ae2c4e140bcc3e21294cf6f8e77f827b9cac634d5667d232c8d9e41fca79782e",
        "base-2": "926ffe477989a9753de7437149b65f28db60704911b2afe6175c697792c6746d",
        "shop-1": "7bc41328da914b6786d2a8fc64f9d0195f43d7b5c469bfbd5d8333e474c20248",
        "shop-2": "f1ffa1493a200d3a5d2907302b2705e38301559d8c9e16df45c4d26d3bd4571a",
        "shop-3": "0085b8de935449b11e908ba00f99ea36812ff2b60dade50b0931dffec9eb545f",
        "shop-flat": "39cd2fa93bf85faa15bdd0a55b756a85d19071dc2758354bef0a8e0ee9d349a0",
      }
    `);
  });

  it('is built once', async () => {
    const built: string[] = [];
    const corpus = openQuickCorpus(directory, (name) => built.push(name));
    await corpus.archive('shop-1');
    expect(built).toEqual([]);
  });
});
