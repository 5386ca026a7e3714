import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseEngineAddress, formatEngineAddress, parseEngineAddress, type EngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';

function parseOrError(text: string): EngineAddress | TransferError {
  try {
    return parseEngineAddress(text);
  } catch (error) {
    if (error instanceof TransferError) return error;
    throw error;
  }
}

const nowhere = (): boolean => false;

describe('parseEngineAddress', () => {
  test.each([
    ['unix:///var/run/docker.sock', { kind: 'unix', path: '/var/run/docker.sock' }],
    ['/tmp/s', { kind: 'unix', path: '/tmp/s' }],
    ['tcp://engine.test:4000', { kind: 'tcp', host: 'engine.test', port: 4000 }],
    ['tcp://10.0.0.1', { kind: 'tcp', host: '10.0.0.1', port: 2375 }],
    ['tcp://[::1]:2375/', { kind: 'tcp', host: '::1', port: 2375 }],
  ])('%s', (text, address) => {
    expect(parseEngineAddress(text)).toEqual(address);
  });

  test.each(['', 'docker', 'unix://relative', 'ssh://me@there', 'http://x:1', 'tcp://', 'tcp://x:1/path', 'tcp://x:99999'])(
    '%j is refused',
    (text) => {
      expect(() => parseEngineAddress(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );

  test('any text is an address or a TransferError, and an address is written back as it is read', () => {
    const written = fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((text) => `tcp://${text}`),
        fc.webAuthority().map((text) => `tcp://${text}`),
      ),
      (text) => {
        const address = parseOrError(text);
        if (address instanceof TransferError) return address.code === 'USAGE';
        return isDeepStrictEqual(parseEngineAddress(formatEngineAddress(address)), address);
      },
    );
    expect(() => fc.assert(written)).not.toThrow();
  });
});

describe('chooseEngineAddress', () => {
  const environment = { DOCKER_HOST: 'tcp://a:1', XDG_RUNTIME_DIR: '/run/user/7', HOME: '/home/me' };

  test('what is given wins over DOCKER_HOST, which wins over sockets', () => {
    expect(formatEngineAddress(chooseEngineAddress('unix:///x', environment, nowhere))).toBe('unix:///x');
    expect(formatEngineAddress(chooseEngineAddress(undefined, environment, nowhere))).toBe('tcp://a:1');
  });

  test.each(['/var/run/docker.sock', '/run/user/7/docker.sock', '/home/me/.docker/run/docker.sock', '/run/podman/podman.sock'])(
    '%s is found',
    (socket) => {
      const address = chooseEngineAddress(undefined, { ...environment, DOCKER_HOST: '' }, (path) => path === socket);
      expect(address).toEqual({ kind: 'unix', path: socket });
    },
  );

  test('without any socket it is the system one, for the message', () => {
    expect(chooseEngineAddress(undefined, {}, nowhere)).toEqual({ kind: 'unix', path: '/var/run/docker.sock' });
  });
});
