import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TransferError } from '../../shared/errors.ts';
import { archiveFileName, formatReference, normaliseReference, parseReference, tryParseReference } from '../../shared/image/reference.ts';

describe('references', () => {
  it.each([
    ['shop', undefined, 'shop', 'latest'],
    ['shop:2', undefined, 'shop', '2'],
    ['team/shop:2', undefined, 'team/shop', '2'],
    ['docker.io/library/shop:2', undefined, 'shop', '2'],
    ['docker.io/team/shop', undefined, 'team/shop', 'latest'],
    ['127.0.0.1:5000/shop', '127.0.0.1:5000', 'shop', 'latest'],
    ['[::1]:5000/a/b:v1.2-3', '[::1]:5000', 'a/b', 'v1.2-3'],
    ['localhost/shop', 'localhost', 'shop', 'latest'],
  ])('reads %s', (text, registry, repository, tag) => {
    expect(parseReference(text)).toEqual({ registry, repository, tag });
  });

  it.each([
    '',
    'UPPER:1',
    'shop:',
    'shop:-x',
    '../etc/passwd',
    'a b',
    'shop@sha256:00',
    'a//b',
    `shop:${'x'.repeat(600)}`,
    'shop;rm -rf /',
    '-shop',
    'bad host.x/shop',
  ])('refuses %j', (text) => {
    expect(() => parseReference(text)).toThrow(TransferError);
    expect(normaliseReference(text)).toBe(text);
  });

  it('writes what it reads', () => {
    for (const text of ['shop:2', 'team/shop:latest', '127.0.0.1:5000/shop:1']) expect(formatReference(parseReference(text))).toBe(text);
    expect(normaliseReference('docker.io/library/shop')).toBe('shop:latest');
  });

  it('never makes a file name that leaves its directory', () => {
    expect(archiveFileName('team/shop:2')).toBe('team_shop_2.tar');
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(archiveFileName(text)).toMatch(/^[A-Za-z0-9_-][A-Za-z0-9._-]*\.tar$/);
      }),
    );
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const reference = tryParseReference(text);
        expect(reference === undefined || formatReference(reference) === normaliseReference(text)).toBe(true);
      }),
    );
  });
});
