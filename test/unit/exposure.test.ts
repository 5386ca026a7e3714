import { describe, expect, it } from 'vitest';
import { planExposure, type ExposureFlags } from '../../receiver/cli/exposure.ts';
import { readSecurity } from '../../sender/cli/security.ts';
import { parseAddress } from '../../sender/transport/connect.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { expectCode } from '../support/failure.ts';

const LOCAL = '127.0.0.1:7700';
const OUTSIDE = '0.0.0.0:7700';
const TLS = { tlsCert: 'cert', tlsKey: 'key' };

describe('a receiver that listens', () => {
  it.each<[string, ExposureFlags, boolean, boolean]>([
    ['on the loopback: asks nobody', { listen: LOCAL }, false, false],
    ['on the loopback with a client CA: asks', { listen: LOCAL, ...TLS, clientCa: 'ca' }, false, true],
    ['beyond with TLS and tokens: asks', { listen: OUTSIDE, ...TLS }, true, true],
    ['beyond with TLS and a client CA: asks', { listen: OUTSIDE, ...TLS, clientCa: 'ca' }, false, true],
    ['beyond with TLS, for anybody', { listen: OUTSIDE, ...TLS, anonymous: true }, false, false],
    ['beyond without TLS, said to be so', { listen: OUTSIDE, insecure: true }, false, false],
    ['on the IPv6 loopback', { listen: '[::1]:7700' }, false, false],
  ])('%s', (_what, flags, hasGrants, mustAsk) => {
    expect(planExposure(flags, hasGrants)).toMatchObject({ mustAsk });
  });

  it.each<[string, ExposureFlags, boolean]>([
    ['beyond without TLS', { listen: OUTSIDE }, false],
    ['beyond without TLS, with tokens', { listen: OUTSIDE }, true],
    ['on all IPv6 addresses without TLS', { listen: '[::]:7700' }, false],
    ['beyond with TLS and nothing to tell senders apart', { listen: OUTSIDE, ...TLS }, false],
    ['with a certificate without key', { listen: LOCAL, tlsCert: 'cert' }, false],
    ['with a client CA without TLS', { listen: LOCAL, clientCa: 'ca' }, false],
    ['insecure and with TLS', { listen: OUTSIDE, ...TLS, insecure: true }, true],
    ['for anybody, though there are tokens', { listen: OUTSIDE, ...TLS, anonymous: true }, true],
    ['for anybody, though there is a client CA', { listen: LOCAL, ...TLS, clientCa: 'ca', anonymous: true }, false],
    ['nowhere', { listen: 'here' }, false],
  ])('%s: does not', (_what, flags, hasGrants) => {
    expectCode(() => planExposure(flags, hasGrants), 'USAGE');
  });
});

describe('a sender that connects', () => {
  it.each(['ws://127.0.0.1:1', 'ws://localhost:1', 'ws://[::1]:1', 'wss://far.example', 'wss://10.0.0.1:7700'])('to %s may', (address) => {
    expect(parseAddress(address).href).toContain(new URL(address).host);
  });

  it.each(['ws://far.example:1', 'ws://10.0.0.1:1', 'http://127.0.0.1:1', 'ws://', 'far:1', 'wss://user:hunter2@far.example'])(
    'to %s may not',
    (address) => {
      expectCode(() => parseAddress(address), 'USAGE');
      expect(() => parseAddress(address)).not.toThrow(/hunter2/);
    },
  );

  it('to another host in the clear, where that is said', () => {
    expect(parseAddress('ws://10.0.0.1:1', { insecure: true }).host).toBe('10.0.0.1:1');
    expectCode(() => parseAddress('ws://127.0.0.1:1', { ca: 'pem' }), 'USAGE');
  });

  it('takes its token from the environment, and refuses what is none without repeating it', () => {
    expect(readSecurity({}, 'lmt_0123456789abcdef\n').token).toBe('lmt_0123456789abcdef');
    expect(readSecurity({}, undefined).token).toBeUndefined();
    expect(readSecurity({}, '').token).toBeUndefined();
    for (const bad of ['short', 'two words that are long enough', 'line\r\nX-Header: 1 2 3 4 5 6', 'a'.repeat(513)]) {
      expectCode(() => readSecurity({}, bad), 'USAGE');
      expect(() => readSecurity({}, bad)).not.toThrow(bad);
    }
    expectCode(() => readSecurity({ tokenFile: '/nowhere' }, undefined), 'USAGE');
    expectCode(() => readSecurity({ cert: '/nowhere' }, undefined), 'USAGE');
  });
});

describe('small words', () => {
  it.each([
    ['localhost', true],
    ['a.localhost', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['[::1]', true],
    ['128.0.0.1', false],
    ['127.example', false],
    ['localhost.example', false],
    ['0.0.0.0', false],
    ['::', false],
  ])('%s is on this host: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
