import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianSources, parseDeb822, parseOneLine } from '../../../bench/corpora/apt-sources.ts';

const STANZAS = `# a comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm
  bookworm-updates
Components: main contrib

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Types: deb
Enabled: no
URIs: http://other.example/debian
Suites: sid
Components: main
`;
const LINES = `deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib # here
# deb http://no.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb http://mirror.example/debian bookworm-updates main
`;
const EXPECTED = [
  { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main', 'contrib'] },
  { uri: 'http://security.example/debian-security', suite: 'bookworm-security', components: ['main'] },
];

describe('apt sources', () => {
  it('reads stanzas', () => {
    expect(parseDeb822(STANZAS)).toEqual([EXPECTED[0], { ...EXPECTED[0], suite: 'bookworm-updates' }, EXPECTED[1]]);
  });

  it('reads lines', () => {
    expect(parseOneLine(LINES)).toEqual([
      EXPECTED[0],
      EXPECTED[1],
      { uri: 'http://mirror.example/debian', suite: 'bookworm-updates', components: ['main'] },
    ]);
  });

  it.each([
    ['debian.sources', STANZAS],
    ['debian.list', LINES],
  ])('tells the release from its updates in %s', async (name, text) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-apt-'));
    try {
      await mkdir(join(directory, 'sources.list.d'));
      await writeFile(join(directory, 'sources.list.d', name), text);
      const { release, updates } = debianSources(directory);
      expect(release).toEqual(EXPECTED[0]);
      expect(updates.map(({ suite }) => suite).toSorted()).toEqual(['bookworm-security', 'bookworm-updates']);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('without a release and its security suite there is nothing to build from', () => {
    expect(() => debianSources('/nonexistent')).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
