/** What the receiver takes from its environment. Its only reader. */
export interface ReceiverEnvironment {
  readonly DOCKER_HOST: string | undefined;
  readonly XDG_RUNTIME_DIR: string | undefined;
  readonly HOME: string | undefined;
  /** The user's registry credentials, as the docker command keeps them. */
  readonly dockerConfigFile: string;
}

export function readReceiverEnvironment(environment: Readonly<Record<string, string | undefined>>): ReceiverEnvironment {
  const home = environment['HOME'];
  return {
    DOCKER_HOST: environment['DOCKER_HOST'],
    XDG_RUNTIME_DIR: environment['XDG_RUNTIME_DIR'],
    HOME: home,
    dockerConfigFile: `${environment['DOCKER_CONFIG'] ?? `${home ?? '/root'}/.docker`}/config.json`,
  };
}
