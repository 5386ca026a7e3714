/** The receiver's key: Ed25519 (RFC 8032), made once, kept beside the store for its owner alone. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { systemCode, TransferError } from '../errors.ts';

export interface SigningKey {
  /** Base64. */
  sign(bytes: Uint8Array): string;
  /** SubjectPublicKeyInfo in PEM: what others verify with. */
  readonly publicKey: string;
}

/** The key of a file in PKCS #8 (PEM), made where there is none. @throws TransferError STORE_CORRUPT where it is no such key. */
export async function openSigningKey(file: string): Promise<SigningKey> {
  const text = (await readIfThere(file)) ?? (await makeKey(file));
  const key = parsed(() => createPrivateKey(text), file);
  return {
    sign: (bytes) => sign(null, bytes, key).toString('base64'),
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string,
  };
}

/** Verifies with a public key in PEM. @throws TransferError USAGE where `pem` is none. */
export function createVerifier(pem: string, where: string): (signed: Uint8Array, signature: string) => boolean {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (error) {
    throw new TransferError('USAGE', `${where} is no public key`, {
      cause: error,
      hint: 'want what `lightermand receipts --public-key` prints',
    });
  }
  return (signed, signature) => {
    const bytes = Buffer.from(signature, 'base64');
    // Base64 can be written in more than one way; a receipt in one.
    return bytes.toString('base64') === signature && verify(null, signed, key, bytes);
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw TransferError.from(error, file);
  }
}

async function makeKey(file: string): Promise<string> {
  const text = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  await writeFile(file, text, { mode: 0o600, flag: 'wx' });
  return text;
}

function parsed(read: () => KeyObject, file: string): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below.
  }
  throw new TransferError('STORE_CORRUPT', `${file} holds no Ed25519 key`, {
    hint: 'move it away to have a new one made; old receipts then need the old public key',
  });
}
