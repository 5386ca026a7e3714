/** Where the sender finds things when no flag says so. The only reader of the environment in the sender. */
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface SenderEnvironment {
  /** What names the engine where no flag does (shared/engine/address.ts). */
  readonly DOCKER_HOST: string | undefined;
  readonly XDG_RUNTIME_DIR: string | undefined;
  readonly HOME: string | undefined;
  /** What tells the receiver who ships: LIGHTERMAN_TOKEN. */
  readonly token: string | undefined;
  /** Directory of the pool. */
  readonly pool: string;
}

/** The pool lies under the user's state directory (XDG Base Directory Specification). */
export function readSenderEnvironment(environment: Readonly<Record<string, string | undefined>>): SenderEnvironment {
  const { DOCKER_HOST, XDG_RUNTIME_DIR, HOME, XDG_STATE_HOME, LIGHTERMAN_TOKEN: token } = environment;
  const state = XDG_STATE_HOME ?? join(HOME ?? homedir(), '.local', 'state');
  return { DOCKER_HOST, XDG_RUNTIME_DIR, HOME, token, pool: join(state, 'lighterman', 'pool') };
}
