/** The command line that users have, as the second opinion on what the product did to an engine. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './command.ts';

export interface DockerEnvironment {
  /** Content of the CLI's config.json; without it the CLI knows no credentials. */
  readonly config?: unknown;
  readonly input?: Uint8Array;
}

/** Standard output of `docker ARGS` against the engine at `socket`, without the last line end. */
export async function dockerCli(socket: string, ...args: readonly string[]): Promise<string> {
  const output = await dockerBytes(socket, args);
  return output.toString().trimEnd();
}

/** As `dockerCli`, but the bytes as they are, with input and credentials. */
export async function dockerBytes(socket: string, args: readonly string[], environment: DockerEnvironment = {}): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), 'lmc-'));
  try {
    await writeFile(join(directory, 'config.json'), JSON.stringify(environment.config ?? {}));
    return await runCommand('/usr/bin/docker', args, {
      env: { DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: directory, DOCKER_BUILDKIT: '0' },
      ...(environment.input === undefined ? {} : { input: environment.input }),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
