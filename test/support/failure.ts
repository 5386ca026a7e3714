/** What every failing command owes its user. */
import { expect } from 'vitest';
import { ERROR_TABLE, type ErrorCode } from '../../shared/errors.ts';
import type { CommandResult } from './agents.ts';

/** The command ended with the code's exit status, and with one line: what happened, as `words` say, and in brackets what to do. */
export function expectFailure(result: CommandResult, code: ErrorCode, words: RegExp): void {
  expect(result.stderr).toMatch(words);
  expect(result.stderr).toMatch(/^lightermand?: .+ \(.+\)\n$/);
  expect(result.status).toBe(ERROR_TABLE[code].exit);
}

/** The call throws a TransferError with this code. */
export function expectCode(call: () => unknown, code: ErrorCode): void {
  expect(call).toThrow(expect.objectContaining({ code }));
}
