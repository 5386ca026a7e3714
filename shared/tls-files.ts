/** The certificate that an agent shows, from files. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { systemCode, TransferError } from './errors.ts';
import { watchFiles } from './watch-files.ts';

/**
 * From two flags that go together.
 * @param flags their names, as `--tls-cert and --tls-key`.
 * @throws TransferError USAGE where only one of them is there.
 */
export function tlsFilesOf(cert: string | undefined, key: string | undefined, flags: string): TlsFiles | undefined {
  if ((cert === undefined) !== (key === undefined)) throw new TransferError('USAGE', `${flags} go together`);
  return cert === undefined || key === undefined ? undefined : { cert, key };
}

/** Paths of PEM files. */
export interface TlsFiles {
  /** The certificate, then those that lead to its authority. */
  readonly cert: string;
  readonly key: string;
  /** Authorities whose certificates let a sender in. */
  readonly clientCa?: string | undefined;
}

/** @throws TransferError USAGE where a file cannot be read, or certificate and key do not go together. */
export function readTlsFiles({ cert, key, clientCa }: TlsFiles): SecureContextOptions {
  const options: SecureContextOptions = {
    minVersion: 'TLSv1.3',
    // Nobody resumes a session here, and tickets are bytes on the wire.
    secureOptions: constants.SSL_OP_NO_TICKET,
    cert: read(cert),
    key: read(key),
    ...(clientCa !== undefined && { ca: read(clientCa) }),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    // The message of the library names what is wrong, never what is in the key.
    throw new TransferError('USAGE', `${cert} and ${key} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return options;
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TransferError('USAGE', `${path} cannot be read: ${systemCode(error) ?? ''}`, { cause: error });
  }
}

/**
 * Reloads when one of the files changes, and at SIGHUP, until it is disposed of. What fails is logged.
 * @param reload throws where the files cannot be used.
 */
export function followTlsFiles(
  { cert, key, clientCa }: TlsFiles,
  reload: () => void,
  log: { warn(fields: object, message: string): void },
): Disposable {
  const onChange = (): void => {
    try {
      reload();
    } catch (error) {
      // One of two files may have been replaced so far: the next change tells of the other.
      log.warn({ cert }, `${TransferError.from(error).message}; the one before stays in use`);
    }
  };
  process.on('SIGHUP', onChange);
  const stack = new DisposableStack();
  stack.defer(() => process.off('SIGHUP', onChange));
  stack.use(watchFiles([cert, key, ...(clientCa === undefined ? [] : [clientCa])], onChange));
  return stack;
}
