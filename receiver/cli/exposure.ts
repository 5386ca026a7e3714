/** Who can reach a receiver, and what it therefore has to ask of them. */
import { TransferError } from '../../shared/errors.ts';
import { parseListenAddress } from '../../shared/listen-address.ts';
import { isLoopback } from '../../shared/loopback.ts';
import { tlsFilesOf, type TlsFiles } from '../../shared/tls-files.ts';

export interface ExposureFlags {
  readonly listen: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly clientCa?: string;
  readonly insecure?: boolean;
  readonly anonymous?: boolean;
}

export interface Exposure {
  readonly tls: TlsFiles | undefined;
  /** Nobody is let in without a token or certificate, whether or not there is one yet. */
  readonly mustAsk: boolean;
}

/**
 * @param hasGrants whether a token or certificate was ever granted anything at this store.
 * @throws TransferError USAGE for what would leave a port open that the user did not say should be.
 */
export function planExposure(flags: ExposureFlags, hasGrants: boolean): Exposure {
  const { listen, tlsCert, tlsKey, clientCa, insecure, anonymous } = flags;
  const isLocal = isLoopback(parseListenAddress(listen).host);
  const files = tlsFilesOf(tlsCert, tlsKey, '--tls-cert and --tls-key');
  const tls = files === undefined ? undefined : { ...files, clientCa };
  if (tls === undefined && clientCa !== undefined) throw new TransferError('USAGE', '--client-ca goes with --tls-cert');
  if (tls !== undefined && insecure === true) throw new TransferError('USAGE', '--insecure is for a receiver without --tls-cert');
  if (anonymous === true && (hasGrants || clientCa !== undefined))
    throw new TransferError('USAGE', '--anonymous lets in everybody, but there are tokens or a client CA', {
      hint: 'leave --anonymous out, or remove the directory tokens/ from the store',
    });
  if (isLocal) return { tls, mustAsk: clientCa !== undefined };
  if (tls === undefined && insecure !== true)
    throw new TransferError('USAGE', `whoever reaches ${listen} could read along`, {
      hint: 'give --tls-cert and --tls-key, listen on 127.0.0.1 behind a tunnel, or say --insecure where the network itself is trusted',
    });
  if (tls !== undefined && clientCa === undefined && !hasGrants && anonymous !== true)
    throw new TransferError('USAGE', `whoever reaches ${listen} could ship and deliver images`, {
      hint: 'make a token with `lightermand token add`, give --client-ca, or say --anonymous',
    });
  return { tls, mustAsk: clientCa !== undefined || (tls !== undefined && anonymous !== true) };
}
