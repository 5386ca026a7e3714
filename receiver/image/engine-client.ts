/** The calls to a Docker engine that delivering an image takes. The receiver's one importer of dockerode. */
import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import type { EngineAddress } from '../../shared/engine/address.ts';
import { engineFailure, engineStatus } from '../../shared/engine/failure.ts';
import { createEngineHttp, modemOptions, type EngineCall, type Modem, type StreamCall } from '../../shared/engine/http.ts';
import {
  imageIdOf,
  pathOfImage,
  refsOf,
  storeKindOf,
  type EngineInfo,
  type ImageFacts,
  type StoreKind,
} from '../../shared/engine/image-facts.ts';
import { TransferError } from '../../shared/errors.ts';
import { errorOfLine, readEngineLines, type EngineLine } from '../../shared/engine/lines.ts';

/** An image as the engine has it. */
export interface EngineImage {
  readonly imageId: string;
  /** In short form. */
  readonly refs: readonly string[];
  readonly diffIds: readonly string[];
}

/** Every call throws TransferError as `EngineHttp`. */
export interface EngineClient {
  /** The address as users write it. */
  readonly where: string;
  info(signal?: AbortSignal): Promise<{ readonly version: string; readonly storeKind: StoreKind }>;
  /** The images that are complete, by id, with their names. */
  list(storeKind: StoreKind, signal?: AbortSignal): Promise<Map<string, readonly string[]>>;
  /** Undefined where the engine knows no such name or id. */
  inspect(name: string, signal?: AbortSignal): Promise<EngineImage | undefined>;
  /** Gives an archive to the engine. Resolves when it was taken without an error; that it is the right image must be looked at. */
  load(archive: Readable, what: string, signal?: AbortSignal): Promise<void>;
  /** Names an image; the name leaves the image that it was on. */
  tag(imageId: string, ref: string, signal?: AbortSignal): Promise<void>;
  /** Takes a name away, or an image that has none; with the last name goes the image. Unknown ones are passed over. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
  /** Lines of a push as they come, those with errors included. */
  push(ref: string, registryAuth: string, signal?: AbortSignal): AsyncIterable<EngineLine>;
}

/** First API version whose list tells which of an image's contents are there. */
const API_WITH_MANIFESTS = 1.48;

export function createEngineClient(address: EngineAddress): EngineClient {
  const http = createEngineHttp(new Docker(modemOptions(address)).modem as unknown as Modem, address);

  async function* lines(call: StreamCall): AsyncGenerator<EngineLine> {
    const answer = await http.open(call);
    try {
      yield* readEngineLines(answer as AsyncIterable<Uint8Array>);
    } catch (error) {
      throw engineFailure(call.signal?.aborted === true ? call.signal.reason : error, http.where, call.what);
    } finally {
      answer.destroy();
    }
  }

  const list = async (storeKind: StoreKind, signal: AbortSignal | undefined): Promise<Map<string, readonly string[]>> => {
    // In a graph store what is listed is complete. In a containerd store older engines leave incomplete images out of the list, and newer
    // ones say for each of an image's manifests whether all of it is there.
    const call: EngineCall = { method: 'GET', path: '/images/json', what: 'listing images', signal };
    const manifests = storeKind === 'containerd' && (await apiVersion(signal)) >= API_WITH_MANIFESTS;
    const images = (await http.ask(manifests ? { ...call, query: { manifests: '1' } } : call)) as ListedImage[];
    return new Map(images.filter(isComplete).map((image) => [imageIdOf(image.Id), refsOf(image.RepoTags)]));
  };

  const apiVersion = async (signal: AbortSignal | undefined): Promise<number> => {
    const answer = (await http.ask({ method: 'GET', path: '/version', what: 'asking for its version', signal })) as { ApiVersion?: string };
    return Number(answer.ApiVersion ?? 0);
  };

  return {
    where: http.where,
    info: async (signal) => {
      const info = (await http.ask({ method: 'GET', path: '/info', what: 'asking for its image store', signal })) as EngineInfo;
      return { version: info.ServerVersion ?? 'unknown', storeKind: storeKindOf(info) };
    },
    list,
    inspect: async (name, signal) => {
      const call: EngineCall = { method: 'GET', path: `/images/${escaped(name)}/json`, what: `inspecting ${name}`, signal };
      const image = (await http.ask(call).catch(unlessStatus(404))) as ImageFacts | undefined;
      if (image === undefined) return undefined;
      return { imageId: imageIdOf(image.Id), refs: refsOf(image.RepoTags), diffIds: image.RootFS?.Layers ?? [] };
    },
    load: async (archive, what, signal) => {
      const call: StreamCall = { method: 'POST', path: '/images/load', query: { quiet: '1' }, what, signal, body: archive };
      for await (const line of lines(call)) {
        const error = errorOfLine(line);
        if (error !== undefined) throw engineFailure(error, http.where, what);
      }
    },
    tag: async (imageId, ref, signal) => {
      const colon = ref.lastIndexOf(':');
      const query = { repo: ref.slice(0, colon), tag: ref.slice(colon + 1) };
      await http.ask({ method: 'POST', path: `/images/${escaped(imageId)}/tag`, query, what: `naming ${imageId} ${ref}`, signal });
    },
    remove: async (name, signal) => {
      const call: EngineCall = { method: 'DELETE', path: `/images/${escaped(name)}`, what: `removing ${name}`, signal };
      await http.ask(call).catch(unlessStatus(404));
    },
    push: (ref, registryAuth, signal) => {
      const colon = ref.lastIndexOf(':');
      const path = `/images/${escaped(ref.slice(0, colon))}/push`;
      return lines({ method: 'POST', path, query: { tag: ref.slice(colon + 1) }, what: `pushing ${ref}`, signal, registryAuth });
    },
  };
}

interface ListedImage extends ImageFacts {
  /** The images of which an index speaks are often there for one platform only. */
  readonly Manifests?: readonly { readonly Kind?: string; readonly Available?: boolean }[] | null;
}

function isComplete(image: ListedImage): boolean {
  const images = (image.Manifests ?? []).filter((manifest) => manifest.Kind === 'image');
  return images.length === 0 || images.some((manifest) => manifest.Available === true);
}

function unlessStatus(status: number): (error: unknown) => undefined {
  return (error) => {
    if (engineStatus(error) !== status) throw error;
    return undefined;
  };
}

function escaped(name: string): string {
  const path = pathOfImage(name);
  if (path === undefined) throw new TransferError('USAGE', `"${name}" is not the name of an image`);
  return path;
}
