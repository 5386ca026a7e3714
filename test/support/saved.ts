/** Images as the three kinds of engine save them. */
import { dockerBytes, dockerCli } from './docker-cli.ts';
import { startEngine, type EngineKind } from './engine.ts';
import { buildVersions, type VersionSizes } from './images.ts';

export interface SavedImage {
  /** What `docker save` gave. */
  readonly archive: Uint8Array;
  /** As the engine that saved it names it. */
  readonly imageId: string;
}

/** `docker save` of `app:1` to `app:COUNT`, built by `buildVersions` on an engine of the kind. */
export async function savedVersions(kind: EngineKind, count: number, sizes: VersionSizes): Promise<SavedImage[]> {
  await using engine = await startEngine({ kind });
  await buildVersions(engine.socket, 'app', count, sizes);
  const saved: SavedImage[] = [];
  for (let version = 1; version <= count; version++) {
    const archive = await dockerBytes(engine.socket, ['save', `app:${version}`]);
    saved.push({ archive, imageId: await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', `app:${version}`) });
  }
  return saved;
}
