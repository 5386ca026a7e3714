/** What went wrong at an engine, as one line with a code. */
import { systemCode, TransferError, type ErrorCode } from '../errors.ts';

/** An engine's text in a message is cut behind this many characters. */
const TEXT_LENGTH_MAX = 400;

const UNREACHABLE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'ENOTSOCK',
  'EPROTOTYPE',
]);

/** HTTP status that an engine answered with, also behind `engineFailure`; undefined where the failure is not an answer. */
export function engineStatus(error: unknown): number | undefined {
  const answer = error instanceof TransferError ? error.cause : error;
  const status = (answer as { statusCode?: unknown } | null | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/**
 * Wraps what a call to the engine at `address` threw, or the text of an error that it reported, while doing `what` ("saving app:1").
 * Codes: ENGINE_UNREACHABLE, ENGINE_PERMISSION, NO_SPACE where the engine's disk is full, INTERRUPTED, else ENGINE_FAILED.
 */
export function engineFailure(error: unknown, address: string, what: string): TransferError {
  if (error instanceof TransferError) return error;
  const text = engineText(error);
  const status = engineStatus(error);
  const code = status === undefined ? failureCode(error, text) : reportedCode(text);
  return new TransferError(code, message(code, address, what, text), { cause: error });
}

function failureCode(error: unknown, text: string): ErrorCode {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError') return 'ENGINE_UNREACHABLE';
  const system = systemCode(error);
  if (name === 'AbortError' || system === 'ABORT_ERR') return 'INTERRUPTED';
  if (system === 'EACCES' || system === 'EPERM') return 'ENGINE_PERMISSION';
  if (system !== undefined && UNREACHABLE.has(system)) return 'ENGINE_UNREACHABLE';
  return reportedCode(text);
}

function reportedCode(text: string): ErrorCode {
  return /no space left on device|disk quota exceeded/i.test(text) ? 'NO_SPACE' : 'ENGINE_FAILED';
}

function message(code: ErrorCode, address: string, what: string, text: string): string {
  switch (code) {
    case 'ENGINE_UNREACHABLE':
      return `no engine answers at ${address} (${text})`;
    case 'ENGINE_PERMISSION':
      return `no permission to use the engine at ${address} (${text})`;
    case 'NO_SPACE':
      return `the disk of the engine at ${address} is full: ${what} failed: ${text}`;
    case 'INTERRUPTED':
      return `interrupted: ${what} at ${address}`;
    default:
      return `the engine at ${address} failed: ${what}: ${text}`;
  }
}

/** The engine's own words in one line, without the client library's framing. */
function engineText(error: unknown): string {
  const answer = (error as { json?: { message?: unknown } } | null | undefined)?.json?.message;
  let text = typeof answer === 'string' ? answer : String(error);
  if (typeof answer !== 'string' && error instanceof Error) text = error.message;
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > TEXT_LENGTH_MAX ? `${line.slice(0, TEXT_LENGTH_MAX)}...` : line;
}
