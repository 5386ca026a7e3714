/** The two programs as users run them: what `npm run build` makes of the sources. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TransferError } from '../shared/errors.ts';

export interface Programs {
  readonly sender: string;
  readonly receiver: string;
}

const ROOT = resolve(import.meta.dirname, '..');

/** Their paths below `root`. @throws TransferError USAGE where one is not built. */
export function builtPrograms(root: string = ROOT): Programs {
  const find = (name: string): string => {
    const path = join(root, name);
    if (!existsSync(path)) throw new TransferError('USAGE', `${name} is not built`, { hint: 'run `npm run build`' });
    return path;
  };
  return { sender: find('dist/sender/main.js'), receiver: find('dist/receiver/main.js') };
}
