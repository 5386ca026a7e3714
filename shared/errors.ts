/**
 * Every failure that a user, a peer or a script can meet: one class, one table.
 *
 * The code is the contract (it crosses the wire and stands in `--json` output); messages may change. The table gives each
 * code its exit status, whether trying again can help, and what to do about it.
 */

interface ErrorKind {
  /** What has happened. */
  readonly cause: string;
  /** Exit status of the command that ends with it. */
  readonly exit: number;
  /** True where the same command may succeed later without anything being changed. */
  readonly retryable: boolean;
  /** What the user can do; printed behind the message. */
  readonly hint: string;
}

export const ERROR_TABLE = {
  USAGE: { cause: 'wrong words on the command line, or words that do not go together', exit: 2, retryable: false, hint: 'see --help' },
  IMAGE_NOT_FOUND: {
    cause: 'there is no image or archive of that name',
    exit: 3,
    retryable: false,
    hint: 'list what is there with `docker images` or `lightermand images`',
  },
  ARCHIVE_INVALID: {
    cause: 'what was read is no image archive, or contradicts itself',
    exit: 4,
    retryable: false,
    hint: 'make the archive again with `docker save`',
  },
  ARCHIVE_TRUNCATED: {
    cause: 'the archive ends in the middle of a member',
    exit: 4,
    retryable: false,
    hint: 'the archive ends too early: make or copy it again',
  },
  ENGINE_UNREACHABLE: {
    cause: 'no engine answers at its socket or address',
    exit: 5,
    retryable: true,
    hint: 'is the engine running? name its socket with --engine',
  },
  ENGINE_PERMISSION: {
    cause: "the engine's socket may not be opened by this user",
    exit: 5,
    retryable: false,
    hint: 'run as a user of the group that owns the socket',
  },
  ENGINE_FAILED: {
    cause: 'the engine did not do what it was asked: save, load, tag; or went no further with it for 15 minutes',
    exit: 6,
    retryable: true,
    hint: 'the image is safe in the store: see the engine log, then ship or restore again',
  },
  REGISTRY_UNREACHABLE: {
    cause: 'the registry does not answer, stalls, or has no time (429, 5xx), four times in a row',
    exit: 7,
    retryable: true,
    hint: 'the image is safe in the store and loaded: check --push and the registry',
  },
  REGISTRY_REFUSED: {
    cause: 'the registry answered no',
    exit: 7,
    retryable: false,
    hint: 'the image is safe in the store and loaded: check the credentials and rights for this repository',
  },
  PEER_UNREACHABLE: {
    cause: "nobody answers at the receiver's address, or the receiver takes no more connections",
    exit: 8,
    retryable: true,
    hint: 'is `lightermand serve` listening there?',
  },
  PEER_LOST: {
    cause: 'the connection broke, and no other could be made for the time of `--retry`',
    exit: 8,
    retryable: true,
    hint: 'ship again: what was stored is not sent twice',
  },
  PROTOCOL_VERSION: {
    cause: 'the agents have no version of the protocol in common',
    exit: 9,
    retryable: false,
    hint: 'upgrade the older of the two agents',
  },
  PROTOCOL_VIOLATION: {
    cause: 'the peer sent what the protocol does not allow, or is something else',
    exit: 9,
    retryable: false,
    hint: 'the peer does not speak the protocol: check the address and both versions',
  },
  LIMIT_EXCEEDED: {
    cause: 'something is larger, longer or more than the protocol or a format allows',
    exit: 10,
    retryable: false,
    hint: 'see the table of limits in shared/PROTOCOL.md',
  },
  INTEGRITY: {
    cause: 'bytes are not what their digest says, or stored content is missing',
    exit: 11,
    retryable: true,
    hint: 'nothing was delivered; ship again, and run `lightermand check` if it stays',
  },
  STORE_LOCKED: {
    cause: 'another process has the store open',
    exit: 12,
    retryable: true,
    hint: 'another process has this store open: stop it or name another --store',
  },
  STORE_CORRUPT: {
    cause: 'the store is damaged, or its disk reports errors',
    exit: 12,
    retryable: false,
    hint: 'run `lightermand check` on it',
  },
  STORE_VERSION: {
    cause: 'the store, or a record in it, is of a later version',
    exit: 12,
    retryable: false,
    hint: 'the store was written by a newer version: upgrade this agent',
  },
  NO_SPACE: {
    cause: 'a disk is full, at this side or at the other',
    exit: 13,
    retryable: true,
    hint: 'free some space there and ship again: what was stored is kept',
  },
  PERMISSION: {
    cause: 'the operating system refuses a file or directory',
    exit: 14,
    retryable: false,
    hint: 'check owner and mode of the path',
  },
  PEER_UNTRUSTED: {
    cause: "the receiver's certificate is not trusted, or is of another host",
    exit: 15,
    retryable: false,
    hint: 'name the authority of its certificate with --ca, and the host as the certificate does',
  },
  UNAUTHORIZED: {
    cause: 'the receiver wants a token or certificate and got none that is valid; it may have expired or been revoked',
    exit: 15,
    retryable: false,
    hint: 'give a valid token with --token-file or LIGHTERMAN_TOKEN, or a certificate with --cert and --key',
  },
  FORBIDDEN: {
    cause: 'the token or certificate does not allow this image name',
    exit: 15,
    retryable: false,
    hint: 'ask who runs the receiver for a token with --allow for this name',
  },
  PAUSED: {
    cause: 'a transfer window has closed, or a budget of data is used up',
    exit: 16,
    retryable: true,
    hint: 'the next run goes on from what crossed; `lighterman ship` goes by no window and no budget',
  },
  INTERNAL: { cause: 'a bug', exit: 70, retryable: false, hint: 'this is a bug: please report it with the lines above' },
  INTERRUPTED: {
    cause: 'SIGINT or SIGTERM ended the command',
    exit: 130,
    retryable: true,
    hint: 'ship again: what was stored is not sent twice',
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export interface TransferErrorOptions {
  readonly cause?: unknown;
  /** Replaces the table's hint where this place knows better. */
  readonly hint?: string;
}

/** A failure with a code of the table. `message` says what and where in one line. */
export class TransferError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  /** Id of the transfer that it ended, where it was one: both sides' logs have it. */
  transfer: string | undefined;

  constructor(code: ErrorCode, message: string, options: TransferErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TransferError';
    this.code = code;
    this.hint = options.hint ?? ERROR_TABLE[code].hint;
  }

  get exitCode(): number {
    return ERROR_TABLE[this.code].exit;
  }

  get retryable(): boolean {
    return ERROR_TABLE[this.code].retryable;
  }

  /** Wraps anything thrown; operating-system codes that mean the same everywhere get their table entry. */
  static from(error: unknown, where?: string): TransferError {
    if (error instanceof TransferError) return error;
    const prefix = where === undefined ? '' : `${where}: `;
    const message = prefix + (error instanceof Error ? error.message : String(error));
    return new TransferError(systemErrorCode(error), message, { cause: error });
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_TABLE, text);
}

/** The `code` of a system error, looked for along the chain of causes (at most 8 deep). */
export function systemCode(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    const { code } = current as Error & { code?: unknown };
    if (typeof code === 'string') return code;
    current = current.cause;
  }
  return undefined;
}

function systemErrorCode(error: unknown): ErrorCode {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'NO_SPACE';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'PERMISSION';
    case 'ABORT_ERR':
      return 'INTERRUPTED';
    case 'ERR_STREAM_PREMATURE_CLOSE':
    case 'ECONNRESET':
    case 'EPIPE':
      return 'PEER_LOST';
    default:
      return error instanceof Error && error.name === 'AbortError' ? 'INTERRUPTED' : 'INTERNAL';
  }
}
