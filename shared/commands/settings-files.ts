/** Where the files of settings are, and reading them. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { systemCode, TransferError } from '../errors.ts';
import { SETTINGS_FILE_BYTES_MAX } from '../limits.ts';
import type { SettingsFile } from './settings.ts';

/** For all users; `sysconfdir` of the Filesystem Hierarchy Standard. */
const SYSTEM_DIRECTORY = '/etc/lighterman';

/** The files that are looked for, the weakest first: of the system, and of the user (XDG Base Directory Specification). */
export function settingsPaths(program: string, environment: Readonly<Record<string, string | undefined>>): string[] {
  const { XDG_CONFIG_HOME, HOME } = environment;
  const user = XDG_CONFIG_HOME === undefined || XDG_CONFIG_HOME === '' ? join(HOME ?? homedir(), '.config') : XDG_CONFIG_HOME;
  return [join(SYSTEM_DIRECTORY, `${program}.yaml`), join(user, 'lighterman', `${program}.yaml`)];
}

/**
 * Reads those of the paths that exist, or the one file that the user has named.
 * @throws TransferError USAGE where a file is there and cannot be read, or the named one is not there; LIMIT_EXCEEDED.
 */
export function readSettingsFiles(paths: readonly string[], named: string | undefined): SettingsFile[] {
  if (named !== undefined) return [{ path: named, text: readText(named) }];
  return paths.flatMap((path) => {
    const text = readTextIfThere(path);
    return text === undefined ? [] : [{ path, text }];
  });
}

function readTextIfThere(path: string): string | undefined {
  try {
    // A directory of another user that this one may not look into holds no settings for it.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  } catch {
    return undefined;
  }
  return readText(path);
}

function readText(path: string): string {
  let size: number;
  try {
    ({ size } = statSync(path));
    if (size <= SETTINGS_FILE_BYTES_MAX) return readFileSync(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `cannot read ${path}: ${systemCode(error) ?? String(error)}`, {
      cause: error,
      hint: 'name a file of settings that is there, and that this user may read',
    });
  }
  throw new TransferError('LIMIT_EXCEEDED', `${path}: ${size} bytes are too many for a file of settings`);
}
