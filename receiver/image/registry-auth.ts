/** Credentials for a registry, from the file in which `docker login` keeps them. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { systemCode, TransferError } from '../../shared/errors.ts';

const Login = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const ConfigFile = z.object({ auths: z.record(z.string(), Login).optional() });
type Login = z.output<typeof Login>;

/** The default registry's entry has a name of its own in the file. */
const DEFAULT_REGISTRY_KEY = 'https://index.docker.io/v1/';
const NO_CREDENTIALS = '{}';

/**
 * The value of X-Registry-Auth for a registry: URL-safe base64, since engines take any other for no credentials and say nothing.
 * Credential helpers are not asked.
 * @param configPath docker's config.json; no file, or none of its entries for this registry, means no credentials.
 * @throws TransferError USAGE where the file is not what docker writes, PERMISSION where it cannot be read.
 */
export async function readRegistryAuth(configPath: string | undefined, registry: string): Promise<string> {
  const login = configPath === undefined ? undefined : findLogin(await readConfig(configPath), registry);
  const text = login === undefined ? NO_CREDENTIALS : JSON.stringify({ ...credentials(login), serveraddress: registry });
  // With its padding: only newer engines do without.
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

async function readConfig(path: string): Promise<z.output<typeof ConfigFile>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return {};
    throw TransferError.from(error, path);
  }
  try {
    return ConfigFile.parse(JSON.parse(text));
  } catch (error) {
    throw new TransferError('USAGE', `${path} is not a configuration file of docker`, { cause: error });
  }
}

function findLogin(config: z.output<typeof ConfigFile>, registry: string): Login | undefined {
  const keys = [registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
  if (registry === 'docker.io') keys.push(DEFAULT_REGISTRY_KEY);
  return keys.map((key) => config.auths?.[key]).find((login) => login !== undefined);
}

function credentials(login: Login): Record<string, string> {
  if (login.identitytoken !== undefined) return { identitytoken: login.identitytoken };
  const text = Buffer.from(login.auth ?? '', 'base64').toString();
  const colon = text.indexOf(':');
  return {
    username: login.username ?? text.slice(0, Math.max(colon, 0)),
    password: login.password ?? text.slice(colon + 1),
  };
}
