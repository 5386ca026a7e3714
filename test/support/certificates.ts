/** The certificates in `certificates/`, which its README lists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DIRECTORY = join(import.meta.dirname, 'certificates');

export function certificateFiles(name: string): { readonly cert: string; readonly key: string } {
  return { cert: join(DIRECTORY, `${name}.pem`), key: join(DIRECTORY, `${name}.key`) };
}

/** PEM. */
export function readCertificate(name: string): string {
  return readFileSync(join(DIRECTORY, `${name}.pem`), 'utf8');
}

export function readKey(name: string): string {
  return readFileSync(join(DIRECTORY, `${name}.key`), 'utf8');
}
