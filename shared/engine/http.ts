/**
 * Calls to a Docker engine, over the transport that dockerode brings ("modem"): every call can be aborted, every failure is a
 * TransferError, and nothing is followed behind the caller's back. The two adapters own the dependency; here it is a shape.
 */
import { Agent } from 'node:http';
import type { Readable } from 'node:stream';
import { ENGINE_ANSWER_TIMEOUT_MS } from '../limits.ts';
import { formatEngineAddress, type EngineAddress } from './address.ts';
import { engineFailure } from './failure.ts';

export interface EngineCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path without query, already escaped. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** For messages: "saving app:1". */
  readonly what: string;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamCall extends EngineCall {
  /** Sent as the body; destroyed by the caller. */
  readonly body?: Readable;
  /** Value of X-Registry-Auth. */
  readonly registryAuth?: string;
}

export interface EngineHttp {
  /** The address as users write it, for messages. */
  readonly where: string;
  /**
   * The parsed answer to a question that an engine answers from memory.
   * @throws TransferError as `engineFailure`; `engineStatus` of its cause is the HTTP status. ENGINE_UNREACHABLE after
   * ENGINE_ANSWER_TIMEOUT_MS without an answer.
   */
  ask(call: EngineCall): Promise<unknown>;
  /** The answer's body as it comes, for as long as it takes; the caller destroys it. Throws as `ask`. */
  open(call: StreamCall): Promise<Readable>;
}

/** The part of dockerode's transport that is used (docker-modem 5). */
export interface Modem {
  dial(request: Readonly<Record<string, unknown>>, done: (error: Error | null, answer: unknown) => void): void;
}

/** Options for dockerode's constructor. */
export function modemOptions(address: EngineAddress): {
  readonly protocol: 'http';
  readonly host: string;
  readonly port?: number;
  readonly socketPath?: string;
} {
  // A connection for each call: one kept from before the engine was restarted would fail the next call. The empty host keeps
  // dockerode from following DOCKER_HOST.
  const options = { protocol: 'http', agent: new Agent({ keepAlive: false }) } as const;
  if (address.kind === 'unix') return { ...options, host: '', socketPath: address.path };
  return { ...options, host: address.host, port: address.port };
}

const ACCEPTED = { 200: true, 201: true, 204: true };

export function createEngineHttp(modem: Modem, address: EngineAddress): EngineHttp {
  const where = formatEngineAddress(address);

  const dial = (call: StreamCall, signal: AbortSignal | undefined, isStream: boolean): Promise<unknown> =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const query = call.query ?? {};
      const request = {
        method: call.method,
        // The mark makes the transport append `options` as the query.
        path: Object.keys(query).length === 0 ? call.path : `${call.path}?`,
        options: { ...query },
        file: call.body,
        authconfig: call.registryAuth === undefined ? undefined : { key: call.registryAuth },
        abortSignal: signal,
        isStream,
        statusCodes: ACCEPTED,
      };
      modem.dial(request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });

  const attempt = async (call: StreamCall, signal: AbortSignal | undefined, isStream: boolean): Promise<unknown> => {
    try {
      return await dial(call, signal, isStream);
    } catch (error) {
      throw engineFailure(signal?.aborted === true ? signal.reason : error, where, call.what);
    }
  };

  return {
    where,
    ask: (call) => {
      const timeout = AbortSignal.timeout(ENGINE_ANSWER_TIMEOUT_MS);
      return attempt(call, call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]), false);
    },
    open: async (call) => (await attempt(call, call.signal, true)) as Readable,
  };
}
