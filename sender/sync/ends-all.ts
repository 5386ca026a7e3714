import type { ErrorCode } from '../../shared/errors.ts';

const ENDS_ALL: ReadonlySet<ErrorCode> = new Set([
  'PAUSED',
  'PEER_UNREACHABLE',
  'PEER_UNTRUSTED',
  'UNAUTHORIZED',
  'PROTOCOL_VERSION',
  'PROTOCOL_VIOLATION',
]);

/** What is wrong with the destination itself is not tried again with the next image. */
export function endsAll(code: ErrorCode): boolean {
  return ENDS_ALL.has(code);
}
