/** How the sender proves who it is, and whom it believes: from flags, files and the environment. */
import { readFileSync } from 'node:fs';
import { systemCode, TransferError } from '../../shared/errors.ts';
import type { ConnectSecurity } from '../transport/connect.ts';

export interface SecurityFlags {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly insecure?: boolean | undefined;
}

/**
 * @param token of the environment; a file that is named goes before it.
 * @throws TransferError USAGE: the message never has anything of a token or key in it.
 */
export function readSecurity({ ca, cert, key, tokenFile, insecure }: SecurityFlags, token: string | undefined): ConnectSecurity {
  if ((cert === undefined) !== (key === undefined)) throw new TransferError('USAGE', '--cert and --key go together');
  return {
    ca: readText('--ca', ca),
    cert: readText('--cert', cert),
    key: readText('--key', key),
    token: tokenFile === undefined ? checkToken('LIGHTERMAN_TOKEN', token) : checkToken(tokenFile, readText('--token-file', tokenFile)),
    insecure,
  };
}

function readText(flag: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `${flag} ${path} cannot be read: ${systemCode(error) ?? 'unknown error'}`, { cause: error });
  }
}

/** It becomes part of a header: nothing but printable characters, and no more than a header holds. */
function checkToken(from: string, text: string | undefined): string | undefined {
  const token = text?.trim();
  if (token === undefined || (token === '' && from === 'LIGHTERMAN_TOKEN')) return undefined;
  if (!/^[\x21-\x7e]{16,512}$/.test(token))
    throw new TransferError('USAGE', `${from} holds no token`, { hint: 'a token is one line, as `lightermand token add` prints it' });
  return token;
}
