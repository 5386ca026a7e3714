/** Images of a Docker engine, through its API. The sender's one importer of dockerode. */
import Docker from 'dockerode';
import type { EngineAddress } from '../../shared/engine/address.ts';
import { errorOfLine, readEngineLines } from '../../shared/engine/lines.ts';
import { engineFailure, engineStatus } from '../../shared/engine/failure.ts';
import { createEngineHttp, modemOptions, type EngineHttp, type Modem } from '../../shared/engine/http.ts';
import { imageIdOf, pathOfImage, refsOf, storeKindOf, type EngineInfo, type ImageFacts } from '../../shared/engine/image-facts.ts';
import { TransferError } from '../../shared/errors.ts';
import { parseReference } from '../../shared/image/reference.ts';
import { nearNames } from '../../shared/image/near-names.ts';
import type { ImageInspection, ImageSource, ListedImage, SourceOptions } from './port.ts';

/** The images of the engine at an address; nothing is sent there before the first call. */
export function createEngineSource(address: EngineAddress): ImageSource {
  const http = createEngineHttp(new Docker(modemOptions(address)).modem as unknown as Modem, address);
  return {
    list: (options = {}) => list(http, options.signal),
    pull: (name, options = {}) => pull(http, name, options),
    inspect: (name, options = {}) => inspect(http, name, options),
    save: (name, options = {}) => save(http, name, options),
  };
}

async function list(http: EngineHttp, signal: AbortSignal | undefined): Promise<ListedImage[]> {
  const answer = await http.ask({ method: 'GET', path: '/images/json', what: 'listing images', signal });
  return (answer as ImageFacts[]).flatMap(({ RepoTags, Created = 0 }) =>
    refsOf(RepoTags).map((ref) => ({ ref, createdAt: Created * 1000 })),
  );
}

async function pull(http: EngineHttp, name: string, { signal }: SourceOptions): Promise<void> {
  const what = `pulling ${name}`;
  const { registry, repository, tag } = parseReference(name);
  const fromImage = registry === undefined ? repository : `${registry}/${repository}`;
  const answer = await http.open({ method: 'POST', path: '/images/create', query: { fromImage, tag }, what, signal });
  try {
    for await (const line of readEngineLines(answer as AsyncIterable<Uint8Array>)) {
      const error = errorOfLine(line);
      if (error !== undefined) throw engineFailure(error, http.where, what);
    }
  } catch (error) {
    throw engineFailure(signal?.aborted === true ? signal.reason : error, http.where, what);
  } finally {
    answer.destroy();
  }
}

async function inspect(http: EngineHttp, name: string, { signal }: SourceOptions): Promise<ImageInspection> {
  return orNotFound(http, name, signal, async (path) => {
    const info = (await http.ask({ method: 'GET', path: '/info', what: 'asking for its image store', signal })) as EngineInfo;
    const image = (await http.ask({ method: 'GET', path: `/images/${path}/json`, what: `inspecting ${name}`, signal })) as ImageFacts;
    const storeKind = storeKindOf(info);
    const imageId = imageIdOf(image.Id);
    return {
      imageId,
      configDigest: storeKind === 'graph' ? imageId : undefined,
      diffIds: image.RootFS?.Layers ?? [],
      refs: refsOf(image.RepoTags),
      storeKind,
    };
  });
}

async function* save(http: EngineHttp, name: string, { signal }: SourceOptions): AsyncGenerator<Uint8Array> {
  const what = `saving ${name}`;
  const stream = await orNotFound(http, name, signal, (path) => http.open({ method: 'GET', path: `/images/${path}/get`, what, signal }));
  try {
    for await (const bytes of stream) yield bytes as Uint8Array;
  } catch (error) {
    throw engineFailure(signal?.aborted === true ? signal.reason : error, http.where, what);
  } finally {
    stream.destroy();
  }
}

/** Runs `call` with the image's path; a name that the engine does not know becomes an error with the names that may have been meant. */
async function orNotFound<T>(
  http: EngineHttp,
  name: string,
  signal: AbortSignal | undefined,
  call: (path: string) => Promise<T>,
): Promise<T> {
  const path = pathOfImage(name);
  if (path !== undefined) {
    try {
      return await call(path);
    } catch (error) {
      if (engineStatus(error) !== 404) throw error;
    }
  }
  const near = nearNames(
    name,
    (await list(http, signal)).map(({ ref }) => ref),
  );
  const meant = near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`;
  throw new TransferError('IMAGE_NOT_FOUND', `the engine at ${http.where} has no image ${name}${meant}`);
}
