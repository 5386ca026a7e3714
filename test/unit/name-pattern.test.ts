import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPattern, matchesPattern } from '../../shared/image/name-pattern.ts';
import { expectCode } from '../support/failure.ts';

describe('patterns of image names', () => {
  it.each([
    ['shop/*', 'shop/web:1', true],
    ['shop/*', 'shop/web', true],
    ['shop/*', 'shop/team/web:1', true],
    ['shop/*', 'docker.io/shop/web:1', true],
    ['shop/*', 'shop:1', false],
    ['shop/*', 'myshop/web:1', false],
    ['shop/*', 'registry.example/shop/web:1', false],
    ['shop', 'shop:1', true],
    ['shop', 'library/shop:1', false],
    ['shop', 'docker.io/library/shop:1', true],
    ['shop', 'shopping:1', false],
    ['shop:1*', 'shop:1.2', true],
    ['shop:1*', 'shop:2', false],
    ['shop:latest', 'shop', true],
    ['*/web:release-*', 'shop/web:release-7', true],
    ['*/web:release-*', 'shop/web:draft-7', false],
    ['127.0.0.1:5000/*', '127.0.0.1:5000/web:1', true],
    ['127.0.0.1:5000/*', '127.0.0.1:5001/web:1', false],
    ['*', 'anything/at/all:1', true],
    ['*', '', true],
    ['shop/*', '', false],
    ['shop/*', 'shop/../secret:1', false],
    ['shop/*', 'shop/web:1\nx', false],
    ['shop/*', 'SHOP/web', false],
  ])('%s and %j: %s', (pattern, name, expected) => {
    expect(matchesPattern(checkPattern(pattern), name)).toBe(expected);
  });

  it.each(['', 'Shop/*', 'shop/**/..', 'shop:', 'a b', 'shop/*;rm', `${'a'.repeat(255)}*`])('%j is none', (pattern) => {
    expectCode(() => checkPattern(pattern), 'USAGE');
  });

  it('a name matches itself, and itself with any part replaced by a star; a longer one does not match it', () => {
    const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), part, fc.nat(), (parts, tag, seed) => {
        const name = `${parts.join('/')}:${tag}`;
        const starred = parts.with(seed % parts.length, '*').join('/');
        expect(matchesPattern(name, name)).toBe(true);
        expect(matchesPattern(checkPattern(starred), name)).toBe(true);
        expect(matchesPattern(`${name}x`, name)).toBe(false);
      }),
    );
  });

  it('takes no longer than length times length, also for stars that almost match', () => {
    const name = `${'a'.repeat(250)}b`;
    expect(matchesPattern(`${'*a'.repeat(120)}*c`, name)).toBe(false);
  });
});
