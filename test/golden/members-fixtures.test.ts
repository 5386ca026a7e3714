/** Files that real tools made before and after one line changed in one of six things that they hold: make-members-fixtures.sh. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CODEC } from '../../shared/delta/codecs.ts';
import { decodeContent, encodeContent, type EffortLevel } from '../../shared/delta/content.ts';
import { findMembers } from '../../shared/delta/opened/search.ts';

function fixture(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`fixtures/members/${name}`, import.meta.url)));
}

test.each<[string, string, number, EffortLevel, number]>([
  ['jar of OpenJDK 17.0.15', 'jar-#.jar', 6, 'low', 100],
  ['zip of Info-ZIP 3.0', 'zip-#.zip', 6, 'low', 130],
  ['zipfile of Python 3.11', 'python-#.whl', 6, 'low', 100],
  ['gzip 1.12 -9n', 'gzip-#.gz', 1, 'low', 80],
  // Its encoder is followed with corrections, which the fast levels do without.
  ['7-Zip 26.02 -tzip -mx=1', '7zip-#.zip', 6, 'high', 220],
])('%s: a line costs what it says', (_, name, members, level, most) => {
  const base = fixture(name.replace('#', 'old'));
  const target = fixture(name.replace('#', 'new'));
  expect(findMembers(target, 1 << 20).size).toBe(members);
  const { codec, payload } = encodeContent(target, base, level);
  expect(codec).toBe(CODEC.openedBase);
  expect(payload.byteLength).toBeLessThan(most);
  expect(Buffer.compare(decodeContent(codec, payload, base, target.byteLength), target)).toBe(0);
});
