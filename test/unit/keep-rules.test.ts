import { describe, expect, it } from 'vitest';
import type { ImageRecord } from '../../receiver/catalog/catalog.ts';
import { chooseGoing, currentNames, ownersOf, type KeepRules } from '../../receiver/catalog/keep-rules.ts';

const NOW = 1_000_000;
let archives = 0;

function image(names: Readonly<Record<string, number>>, more: Partial<ImageRecord> = {}): ImageRecord {
  const deliveredAt = Math.max(0, ...Object.values(names));
  return {
    version: 1,
    archive: (++archives).toString(16).padStart(64, '0'),
    archiveBytes: 1,
    streams: [],
    images: [{ archiveRefs: ['shop:archive'], names, configDigest: 'sha256:0', layers: [] }],
    storedAt: deliveredAt,
    deliveredAt,
    verified: [],
    ...more,
  };
}

/** Names of what goes, in its order. */
function going(records: readonly ImageRecord[], rules: Partial<KeepRules>): string[] {
  const sorted = records.toSorted((a, b) => b.deliveredAt - a.deliveredAt);
  return chooseGoing(sorted, { tags: [], ...rules }, NOW).map((record) => Object.keys(record.images[0]!.names)[0] ?? '<none>');
}

describe('keep rules', () => {
  const shop = [1, 2, 3, 4].map((version) => image({ [`shop:${version}`]: version * 10 }));
  const web = [1, 2].map((version) => image({ [`web:v${version}`]: version * 10 + 5 }));

  it('without a rule nothing goes', () => {
    expect(going([...shop, ...web], {})).toEqual([]);
  });

  it('of each repository the last ones stay; what goes goes oldest first', () => {
    expect(going([...shop, ...web], { last: 1 })).toEqual(['shop:1', 'web:v1', 'shop:2', 'shop:3']);
    expect(going([...shop, ...web], { last: 3 })).toEqual(['shop:1']);
    expect(going([...shop, ...web], { last: 0 })).toHaveLength(6);
  });

  it('an image stays that any of its repositories keeps', () => {
    const both = image({ 'shop:0': 1, 'mirror:0': 1 });
    expect(going([...shop, both], { last: 1 })).toEqual(['shop:1', 'shop:2', 'shop:3']);
  });

  it('registries tell repositories apart, and versions under one name count each', () => {
    const others = [image({ 'localhost:5000/shop:1': 1 }), image({ 'shop:latest': 2 }), image({ 'shop:latest': 3 })];
    expect(going(others, { last: 1 })).toEqual(['shop:latest']);
  });

  it('what is young stays', () => {
    expect(going(shop, { withinMs: NOW - 30 })).toEqual(['shop:1', 'shop:2']);
  });

  it.each([
    ['v*', ['shop:1', 'shop:2', 'shop:3', 'shop:4']],
    ['web:*', ['shop:1', 'shop:2', 'shop:3', 'shop:4']],
    ['shop:[1]', ['shop:1', 'web:v1', 'shop:2', 'web:v2', 'shop:3', 'shop:4']],
    ['shop:3', ['shop:1', 'web:v1', 'shop:2', 'web:v2', 'shop:4']],
    ['*', []],
    ['hop:*', ['shop:1', 'web:v1', 'shop:2', 'web:v2', 'shop:3', 'shop:4']],
  ])('what matches %s stays', (pattern, gone) => {
    expect(going([...shop, ...web], { tags: [pattern] })).toEqual(gone);
  });

  it('a pattern is about the names that an image has now', () => {
    const before = image({ 'shop:latest': 1 });
    const after = image({ 'shop:latest': 2 });
    expect(currentNames(before, ownersOf([before, after]))).toEqual([]);
    expect(going([before, after], { tags: ['latest'] })).toEqual(['shop:latest']);
  });

  it('what is pinned stays', () => {
    expect(going([image({ 'shop:0': 1 }, { pinned: true }), ...shop], { last: 1 })).toEqual(['shop:1', 'shop:2', 'shop:3']);
  });

  it('an image that waits to be activated counts by the names that it waits for', () => {
    const staged = { archiveRefs: [], names: {}, staged: { 'shop:5': 50 }, configDigest: 'sha256:0', layers: [] };
    const waiting = image({}, { images: [staged], deliveredAt: 50 });
    expect(going([waiting, ...shop], { last: 1 })).toEqual(['shop:1', 'shop:2', 'shop:3', 'shop:4']);
    expect(going([waiting, ...shop], { tags: ['shop:5'] })).toEqual(['shop:1', 'shop:2', 'shop:3', 'shop:4']);
  });

  it('an image without a name counts by the names in its archive', () => {
    expect(going([image({}), ...shop], { last: 4 })).toEqual(['<none>']);
  });
});
