/** The frame around every command: interruption, the one line that an error gets, and the exit status from the table. */
import { ERROR_TABLE, TransferError, type ErrorCode } from '../errors.ts';

export interface Terminal {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/**
 * Runs a command and gives its exit status. SIGINT and SIGTERM abort the signal; the command then ends with INTERRUPTED.
 * @param json also reports an error as the last line of stdout.
 */
export async function runCommand(
  program: string,
  terminal: Terminal,
  json: boolean,
  command: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const interrupt = new AbortController();
  const onSignal = (): void => {
    // Who asks twice does not want to wait for an orderly end; the store opens by itself after any.
    if (interrupt.signal.aborted) process.exit(ERROR_TABLE.INTERRUPTED.exit);
    interrupt.abort(new TransferError('INTERRUPTED', 'interrupted'));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    await command(interrupt.signal);
    return 0;
  } catch (error) {
    const failure = interrupt.signal.aborted ? TransferError.from(interrupt.signal.reason) : TransferError.from(error);
    terminal.stderr.write(failureText(program, failure));
    if (json)
      terminal.stdout.write(
        `${JSON.stringify({ event: 'failed', code: failure.code, message: failure.message, hint: failure.hint, transfer: failure.transfer, exitCode: failure.exitCode })}\n`,
      );
    return failure.exitCode;
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  }
}

/** One line for what is expected to happen; a bug brings its stack. */
export function failureText(program: string, failure: TransferError): string {
  const line = `${program}: ${failure.message.replaceAll('\n', ' ')} (${failure.hint}${failure.transfer === undefined ? '' : `; transfer ${failure.transfer}`})\n`;
  if (failure.code !== 'INTERNAL') return line;
  const stack = failure.cause instanceof Error ? failure.cause.stack : failure.stack;
  return `${line}${stack ?? ''}\n`;
}

/** The table of exit codes, for `--help`. */
export function exitCodeHelp(): string {
  const byExit = new Map<number, ErrorCode[]>();
  for (const [code, kind] of Object.entries(ERROR_TABLE)) byExit.set(kind.exit, [...(byExit.get(kind.exit) ?? []), code as ErrorCode]);
  const lines = [...byExit].toSorted(([a], [b]) => a - b).map(([exit, codes]) => `  ${String(exit).padStart(3)}  ${codes.join(', ')}`);
  return ['', 'Exit codes:', '    0  done', ...lines].join('\n');
}
