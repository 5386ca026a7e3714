/** A token that callers of a small HTTP server have to bring, from a file. */
import { readFile } from 'node:fs/promises';
import { systemCode, TransferError } from './errors.ts';

/** Shorter ones can be guessed. */
const TOKEN_LENGTH_MIN = 16;

/** @throws TransferError USAGE where the file cannot be read or its token is too short. */
export async function readTokenFile(file: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new TransferError('USAGE', `${file} cannot be read: ${systemCode(error) ?? ''}`, { cause: error });
  }
  if (!/^[\x21-\x7e]+$/.test(token) || token.length < TOKEN_LENGTH_MIN)
    throw new TransferError('USAGE', `${file} holds no token of at least ${TOKEN_LENGTH_MIN} printable characters`, {
      hint: 'make one with `openssl rand -hex 32`',
    });
  return token;
}
