/** The engine at the receiver and the registry beside it: where an image has to be for a shipment to be over. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { TransferError } from '../shared/errors.ts';
import type { Side } from './measure/side.ts';
import { LOAD_AND_TAG, startEngineOf, startRegistryOf } from './peers/engine-side.ts';

export interface FarEnd extends AsyncDisposable {
  /** `unix://` and the socket's path. */
  readonly engineAddress: string;
  /** `127.0.0.1:PORT`. */
  readonly registryHost: string;
  /** What a technique that delivers an archive leaves to do: `docker load`, `docker tag`, `docker push`. */
  take(archive: string, image: ImageName): Promise<void>;
  /**
   * @param registry where it should be, if not in this end's own.
   * @throws TransferError INTEGRITY where engine and registry do not both have the image under its name.
   */
  verify(image: ImageName, registry?: string): Promise<void>;
}

/** An image as its archive knows it. */
export interface ImageName {
  /** `name:tag`. */
  readonly ref: string;
  /** `sha256:` and the digest of its config: its id in an engine with the classic store. */
  readonly configDigest: string;
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';

/** Starts both as processes of the side, with their files in `directory`. */
export async function startFarEnd(side: Side, directory: string): Promise<FarEnd> {
  await mkdir(directory);
  const engine = await startEngineOf(side, join(directory, 'engine'));
  const registryHost = `127.0.0.1:${await startRegistryOf(side, join(directory, 'registry'), directory)}`;
  const env = { DOCKER_HOST: engine.address };
  return {
    engineAddress: engine.address,
    registryHost,
    async take(archive, { ref }) {
      await side.run({ script: LOAD_AND_TAG, args: [archive, `${registryHost}/${ref}`], env });
      await side.run({ script: 'exec docker push "$1" > /dev/null', args: [`${registryHost}/${ref}`], env });
    },
    async verify({ ref, configDigest }, registry = registryHost) {
      const id = await side.run({ script: `docker inspect --format '{{.Id}}' "$1"`, args: [ref], env });
      if (id.trim() !== configDigest) throw new TransferError('INTEGRITY', `the far engine has ${id.trim()} as ${ref}`);
      const pushed = await registryConfigDigest(registry, ref);
      if (pushed !== configDigest) throw new TransferError('INTEGRITY', `the far registry has ${pushed ?? 'nothing'} as ${ref}`);
    },
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  };
}

/** The config digest of what a registry has under a name; it checked every blob when it took the manifest. */
export async function registryConfigDigest(host: string, ref: string): Promise<string | undefined> {
  const colon = ref.lastIndexOf(':');
  const address = `http://${host}/v2/${ref.slice(0, colon)}/manifests/${ref.slice(colon + 1)}`;
  const response = await fetch(address, { headers: { accept: MANIFEST } });
  const { config } = (await response.json()) as { config?: { digest?: string } };
  return config?.digest;
}

/** Reads the name and the config digest of the one image in an archive, whichever layout it has. */
export async function readImageName(side: Side, archive: string): Promise<ImageName> {
  const text = await side.run({ script: 'exec tar -xOf "$1" manifest.json', args: [archive] });
  const [image] = JSON.parse(text) as { Config: string; RepoTags: string[] | null }[];
  const digest = /[0-9a-f]{64}/.exec(image?.Config ?? '')?.[0];
  const ref = image?.RepoTags?.[0];
  if (digest === undefined || ref === undefined) throw new TransferError('ARCHIVE_INVALID', `${archive} does not name its image`);
  return { ref, configDigest: `sha256:${digest}` };
}
