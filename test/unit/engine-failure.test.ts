import { describe, expect, test } from 'vitest';
import { engineFailure, engineStatus } from '../../shared/engine/failure.ts';
import { imageIdOf, pathOfImage, refsOf, storeKindOf } from '../../shared/engine/image-facts.ts';
import { TransferError } from '../../shared/errors.ts';

function systemError(code: string): Error {
  return Object.assign(new TypeError(`connect ${code} /s`), { code });
}

function answer(statusCode: number, message: string): Error {
  return Object.assign(new TypeError(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });
}

describe('engineFailure', () => {
  test.each([
    [systemError('ENOENT'), 'ENGINE_UNREACHABLE', 'no engine answers at unix:///s (connect ENOENT /s)'],
    [systemError('ECONNREFUSED'), 'ENGINE_UNREACHABLE', 'no engine answers at unix:///s (connect ECONNREFUSED /s)'],
    [systemError('EACCES'), 'ENGINE_PERMISSION', 'no permission to use the engine at unix:///s (connect EACCES /s)'],
    [systemError('ECONNRESET'), 'ENGINE_FAILED', 'the engine at unix:///s failed: saving a: connect ECONNRESET /s'],
    [AbortSignal.abort().reason, 'INTERRUPTED', 'interrupted: saving a at unix:///s'],
    [new DOMException('too long', 'TimeoutError'), 'ENGINE_UNREACHABLE', 'no engine answers at unix:///s (too long)'],
    [answer(500, 'no\n such  thing'), 'ENGINE_FAILED', 'the engine at unix:///s failed: saving a: no such thing'],
    [
      answer(500, 'write /x: no space left on device'),
      'NO_SPACE',
      'the disk of the engine at unix:///s is full: saving a failed: write /x: no space left on device',
    ],
    ['Error: text', 'ENGINE_FAILED', 'the engine at unix:///s failed: saving a: Error: text'],
  ])('%s', (error, code, message) => {
    expect(engineFailure(error, 'unix:///s', 'saving a')).toMatchObject({ code, message, cause: error });
  });

  test('a long text is cut', () => {
    expect(engineFailure(answer(500, 'x'.repeat(10_000)), 'unix:///s', 'saving a').message.length).toBeLessThan(500);
  });

  test('a failure that has a code keeps it, and the HTTP status is found behind it', () => {
    const failure = engineFailure(answer(404, 'none'), 'unix:///s', 'saving a');
    expect(engineFailure(failure, 'elsewhere', 'otherwise')).toBe(failure);
    expect(engineStatus(failure)).toBe(404);
    expect(engineStatus(new TransferError('INTERNAL', 'x'))).toBeUndefined();
    expect(engineStatus(null)).toBeUndefined();
  });
});

describe('what engines say of images', () => {
  test('the store kind', () => {
    expect(storeKindOf({ DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']] })).toBe('containerd');
    expect(storeKindOf({ DriverStatus: [['Backing Filesystem', 'extfs'], []] })).toBe('graph');
    expect(storeKindOf({ DriverStatus: null })).toBe('graph');
  });

  test('ids and names', () => {
    expect(imageIdOf('ab')).toBe('sha256:ab');
    expect(imageIdOf('sha256:ab')).toBe('sha256:ab');
    expect(refsOf(['<none>:<none>', 'docker.io/library/app:1', 'localhost/b:2'])).toEqual(['app:1', 'localhost/b:2']);
    expect(refsOf(null)).toEqual([]);
  });

  test('a name is escaped for a path, or refused where it could mean another request', () => {
    expect(pathOfImage('localhost:5000/a/b:1')).toBe('localhost%3A5000/a/b%3A1');
    expect(pathOfImage('sha256:0a')).toBe('sha256%3A0a');
    for (const name of [
      '',
      '/',
      'a//b',
      '../containers',
      'a/../b',
      'a?b',
      'a b',
      'a/',
      'a%2f',
      '.',
      'a\nb',
      'UPPER:1',
      'a@sha256:0',
      'a@b@c',
    ])
      expect(pathOfImage(name)).toBeUndefined();
  });
});
