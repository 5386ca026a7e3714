/** Runs a program of the system to its end. */
import { spawn } from 'node:child_process';
import { TransferError } from '../../shared/errors.ts';

export interface CommandOptions {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written to the program's standard input, which is closed behind it. */
  readonly input?: Uint8Array;
}

/**
 * The standard output of a program that ended with status 0.
 * @throws TransferError INTERNAL with the program's standard error when it ended otherwise.
 */
export async function runCommand(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Buffer> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    // oxlint-disable-next-line node/no-process-env -- a child needs its parent's proxies and locale
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  });
  const output: Buffer[] = [];
  const complaints: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => complaints.push(bytes));
  // A program may end without reading its input; its status tells.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (status !== 0) {
    const said = Buffer.concat([...complaints, ...output])
      .toString()
      .trim();
    throw new TransferError('INTERNAL', `${file} ${args.join(' ')} ended with ${status}: ${said}`);
  }
  return Buffer.concat(output);
}
