/** The Node that this needs. Loaded by any Node that can load modules at all: nothing newer is used here. */
import process from 'node:process';

const WANTED = [24, 6] as const;

/** Says so in one line, and sets the exit status, where the runtime is too old. */
export function isNodeTooOld(
  program: string,
  version = process.versions.node,
  say: (text: string) => unknown = (text) => process.stderr.write(text),
): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > WANTED[0] || (major === WANTED[0] && minor >= WANTED[1])) return false;
  say(
    `${program}: Node ${version} is too old: it needs ${WANTED.join('.')} or newer (npm install brings one for Linux on x64, which the programs in bin/ take)\n`,
  );
  process.exitCode = 2;
  return true;
}
