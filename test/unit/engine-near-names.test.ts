import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { editDistance, nearNames } from '../../shared/image/near-names.ts';

test.each([
  ['shop:3', ['shop:1', 'shop:2', 'debian:1'], ['shop:1', 'shop:2']],
  ['shpo:1', ['shop:1', 'debian:1'], ['shop:1']],
  ['docker.io/library/shop:1', ['shop:2'], ['shop:2']],
  ['registry.test:5000/team/shop', ['shop:2', 'team/shop:latest'], ['shop:2', 'team/shop:latest']],
  ['nothing', ['shop:1'], []],
  ['a:1', ['a:1', 'a:2', 'a:3', 'a:4', 'a:5'], ['a:1', 'a:2', 'a:3']],
])('near %s', (wanted, known, near) => {
  expect(nearNames(wanted, known).toSorted()).toEqual(near);
});

test.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['flaw', 'lawn', 2],
])('the distance of %j and %j', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test('distance is a metric', () => {
  const text = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
});
