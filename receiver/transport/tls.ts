/** The receiver's certificate, and which certificates of senders it believes. */
import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls';
import { systemCode, TransferError } from '../../shared/errors.ts';

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

/** Names in the certificate of a sender that one of the client authorities has signed: common name, DNS names, URIs, mail addresses. */
export function certificateNames(socket: TLSSocket): readonly string[] | undefined {
  if (!socket.authorized) return undefined;
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  const common = [subject?.CN ?? []].flat();
  // Names with a comma or a quote in them are written in quotes, and so equal nothing that a grant can have.
  const others = subjectaltname.split(', ').flatMap((name) => /^(?:DNS|URI|email):([^"]+)$/.exec(name)?.[1] ?? []);
  return [...common, ...others];
}
