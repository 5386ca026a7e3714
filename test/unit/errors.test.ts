import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ERROR_TABLE, isErrorCode, TransferError } from '../../shared/errors.ts';
import { exitCodeHelp, failureText } from '../../shared/terminal/run-command.ts';

describe('errors', () => {
  it('keeps what is known of an error', () => {
    const failure = new TransferError('IMAGE_NOT_FOUND', 'no image shop:3');
    expect(TransferError.from(failure)).toBe(failure);
    expect(failure).toMatchObject({ exitCode: 3, retryable: false, hint: ERROR_TABLE.IMAGE_NOT_FOUND.hint });
  });

  it.each([
    ['ENOSPC', 'NO_SPACE'],
    ['EDQUOT', 'NO_SPACE'],
    ['EACCES', 'PERMISSION'],
    ['EROFS', 'PERMISSION'],
    ['ECONNRESET', 'PEER_LOST'],
    ['EWHATEVER', 'INTERNAL'],
  ])('maps %s, also as a cause, to %s', (code, expected) => {
    const system = Object.assign(new Error('it failed'), { code });
    expect(TransferError.from(system, '/store').code).toBe(expected);
    expect(TransferError.from(new Error('outer', { cause: system })).code).toBe(expected);
    expect(TransferError.from(system, '/store').message).toBe('/store: it failed');
  });

  it('wraps what is no error at all', () => {
    expect(TransferError.from('text')).toMatchObject({ code: 'INTERNAL', message: 'text' });
  });

  it('tells codes from other text', () => {
    expect(isErrorCode('NO_SPACE')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
  });

  it('prints one line with a remedy for what is expected, a stack for a bug', () => {
    const expected = failureText('lighterman', new TransferError('PEER_UNREACHABLE', 'no receiver\nat x'));
    expect(expected).toBe('lighterman: no receiver at x (is `lightermand serve` listening there?)\n');
    expect(failureText('lighterman', TransferError.from(new TypeError('oops')))).toMatch(/this is a bug.*\n.*TypeError: oops\n\s+at /);
  });

  it('lists every code with its exit status in the help', () => {
    const help = exitCodeHelp();
    for (const [code, { exit }] of Object.entries(ERROR_TABLE)) expect(help).toMatch(new RegExp(`^ +${exit} .*\\b${code}\\b`, 'm'));
  });
});

describe('README', () => {
  it('lists every code with its exit status', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    for (const [code, { exit }] of Object.entries(ERROR_TABLE)) expect(readme).toMatch(new RegExp(`^\\| ${exit} \\| .*\\b${code}\\b`, 'm'));
  });
});
