/** What a sink does with an engine that misbehaves in ways that no real one can be made to at will. */
import { describe, expect, test } from 'vitest';
import type { EngineClient, EngineImage } from '../../receiver/image/engine-client.ts';
import { createClientSink } from '../../receiver/image/engine-sink.ts';
import { chainIds, createInventory } from '../../receiver/image/inventory.ts';
import type { LayerBlob, LoadableImage } from '../../receiver/image/port.ts';
import { utf8 } from '../../shared/bytes.ts';
import type { StoreKind } from '../../shared/engine/image-facts.ts';
import { TransferError } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { readTar } from '../support/tar.ts';

function layer(text: string): LayerBlob {
  const bytes = utf8(text);
  const digest = sha256Digest(bytes);
  return {
    digest,
    diffId: digest,
    mediaType: undefined,
    bytes: bytes.byteLength,
    open: async function* () {
      yield bytes;
    },
  };
}

function image(refs: readonly string[], ...texts: readonly string[]): LoadableImage {
  const layers = texts.map(layer);
  const config = utf8(JSON.stringify({ rootfs: { diff_ids: layers.map(({ diffId }) => diffId) } }));
  return { refs, config, configDigest: sha256Digest(config), layers };
}

interface FakeEngine extends EngineClient {
  /** What every name means. */
  readonly names: Map<string, EngineImage>;
  /** Calls that change something or look at an image, in order. */
  readonly calls: string[];
  /** Names of the members of each archive that was loaded. */
  readonly archives: string[][];
}

interface FakeOptions {
  readonly storeKind?: StoreKind;
  /** In place of what an engine does with an archive: give the image that it makes of it, or throw. */
  readonly onLoad?: (attempt: number) => EngineImage | undefined;
  readonly onTag?: (ref: string) => void;
  readonly onRemove?: (name: string) => void;
}

/** An engine in memory; with containerd's store every image in it is complete. */
function fakeEngine(loading: LoadableImage, options: FakeOptions = {}): FakeEngine {
  const names = new Map<string, EngineImage>();
  const calls: string[] = [];
  const archives: string[][] = [];
  const made: EngineImage = { imageId: loading.configDigest, refs: [], diffIds: loading.layers.map(({ diffId }) => diffId) };
  const byId = (id: string): EngineImage | undefined => [...names.values()].find(({ imageId }) => imageId === id);
  return {
    where: 'unix:///fake',
    names,
    calls,
    archives,
    info: async () => ({ version: '1', storeKind: options.storeKind ?? 'graph' }),
    list: async () => {
      const ids = [...names.values()].map(({ imageId }) => imageId);
      return new Map(ids.map((id) => [id, [...names].filter(([, { imageId }]) => imageId === id).map(([ref]) => ref)]));
    },
    inspect: async (name) => {
      calls.push(`inspect ${name}`);
      return names.get(name) ?? byId(name);
    },
    load: async (archive) => {
      const members = await readTar([Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Uint8Array>))]);
      archives.push([...members.keys()]);
      const result = options.onLoad === undefined ? made : options.onLoad(archives.length);
      const [manifest] = JSON.parse(members.get('manifest.json')?.toString() ?? '[]') as { RepoTags: string[] }[];
      if (result !== undefined) names.set(manifest?.RepoTags[0] ?? 'nameless', result);
    },
    tag: async (imageId, ref) => {
      calls.push(`tag ${ref}`);
      options.onTag?.(ref);
      names.set(ref, byId(imageId) ?? { imageId, refs: [], diffIds: [] });
    },
    remove: async (name) => {
      calls.push(`remove ${name}`);
      options.onRemove?.(name);
      names.delete(name);
    },
    push: async function* () {},
  };
}

const failed = (): never => {
  throw new TransferError('ENGINE_FAILED', 'it failed');
};
const incoming = ({ configDigest }: LoadableImage): string => `lighterman/incoming:${configDigest.slice('sha256:'.length)}`;
const old: EngineImage = { imageId: `sha256:${'0'.repeat(64)}`, refs: [], diffIds: [] };

describe('a sink', () => {
  const wanted = image(['app:1', 'app:latest'], 'a', 'b', 'c');
  const base: EngineImage = {
    imageId: `sha256:${'b'.repeat(64)}`,
    refs: [],
    diffIds: wanted.layers.slice(0, 2).map(({ diffId }) => diffId),
  };

  test('loads once more with everything where the engine fails on what was left out', async () => {
    const engine = fakeEngine(wanted, {
      onLoad: (attempt) =>
        attempt === 1 ? failed() : { ...old, imageId: wanted.configDigest, diffIds: wanted.layers.map(({ diffId }) => diffId) },
    });
    engine.names.set('base:1', base);
    const delivery = await createClientSink(engine).deliver(wanted);
    expect(engine.archives.map((members) => members.length)).toEqual([6, 8]);
    expect([delivery.loadedLayers, delivery.omittedLayers]).toEqual([3, 0]);
    expect([...engine.names.keys()]).toEqual(['base:1', 'app:1', 'app:latest']);
  });

  test('does not load again where everything was there, nor where the disk is full', async () => {
    const plain = fakeEngine(wanted, { onLoad: failed });
    await expect(createClientSink(plain).deliver(wanted)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(plain.archives).toHaveLength(1);
    const full = fakeEngine(wanted, {
      onLoad: () => {
        throw new TransferError('NO_SPACE', 'full');
      },
    });
    full.names.set('base:1', base);
    await expect(createClientSink(full).deliver(wanted)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(full.archives).toHaveLength(1);
  });

  test.each([
    ['another image', { ...old, diffIds: wanted.layers.map(({ diffId }) => diffId) }, 'INTEGRITY'],
    ['other layers', { ...old, imageId: wanted.configDigest }, 'INTEGRITY'],
    ['nothing', undefined, 'ENGINE_FAILED'],
  ])('refuses an engine that reports success and has %s', async (_, made, code) => {
    const engine = fakeEngine(wanted, { onLoad: () => made });
    engine.names.set('app:1', old);
    await expect(createClientSink(engine).deliver(wanted)).rejects.toMatchObject({ code });
    expect([...engine.names]).toEqual([['app:1', old]]);
  });

  test('puts names back where one of them cannot be given', async () => {
    const engine = fakeEngine(wanted, { onTag: (ref) => ref === 'app:latest' && failed() });
    engine.names.set('app:1', old);
    await expect(createClientSink(engine).deliver(wanted)).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: 'it failed' });
    expect([...engine.names].map(([ref, { imageId }]) => [ref, imageId])).toEqual([['app:1', old.imageId]]);
  });

  test('tells the first failure, not that of clearing up', async () => {
    const engine = fakeEngine(wanted, {
      onLoad: failed,
      onRemove: () => {
        throw new TransferError('ENGINE_UNREACHABLE', 'and now it is gone');
      },
    });
    await expect(createClientSink(engine).deliver(wanted)).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    expect(engine.calls).toContain(`remove ${incoming(wanted)}`);
  });

  test('a name that is left from a delivery that was killed goes with the next one', async () => {
    const engine = fakeEngine(wanted);
    engine.names.set(incoming(wanted), { ...old, imageId: wanted.configDigest });
    const delivery = await createClientSink(engine).deliver(wanted);
    expect(delivery).toMatchObject({ alreadyThere: false, loadedLayers: 0, omittedLayers: 3 });
    expect(engine.archives).toEqual([]);
    expect([...engine.names.keys()]).toEqual(['app:1', 'app:latest']);
  });

  test('a failed delivery does not stop the next', async () => {
    let attempts = 0;
    const engine = fakeEngine(wanted, {
      onLoad: () => {
        attempts++;
        return attempts === 1 ? failed() : { ...old, imageId: wanted.configDigest, diffIds: wanted.layers.map(({ diffId }) => diffId) };
      },
    });
    const sink = createClientSink(engine);
    const [first, second] = await Promise.allSettled([sink.deliver(wanted), sink.deliver(wanted)]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
  });
});

describe('the inventory', () => {
  const wanted = image([], 'a', 'b', 'c', 'a');
  const held = async (storeKind: StoreKind, diffIds: readonly string[], delivered: readonly string[] = []): Promise<string[]> => {
    const engine = fakeEngine(wanted, { storeKind });
    engine.names.set('there:1', { ...old, diffIds });
    const earlier = [{ imageId: old.imageId, blobDigests: delivered }];
    const gone = [{ imageId: 'sha256:gone', blobDigests: wanted.layers.map(({ digest }) => digest) }];
    const inventory = createInventory(engine);
    return [...(await inventory.heldBlobs(wanted, storeKind, [old.imageId], [...earlier, ...gone], undefined))];
  };
  const [a, b, c] = wanted.layers.map(({ digest }) => digest) as [string, string, string];

  test('of a graph store: layers with the same layers below, and no layer of which another place is missing', async () => {
    expect(await held('graph', [])).toEqual([]);
    expect(await held('graph', [b, c])).toEqual([]);
    expect(await held('graph', [a, b])).toEqual([b]);
    expect(await held('graph', [a, b, 'sha256:other'])).toEqual([b]);
    expect(await held('graph', [a, b, c, a])).toEqual([a, b, c]);
  });

  test('of a containerd store: what was delivered with images that are still there', async () => {
    expect(await held('containerd', [a, b, c, a])).toEqual([]);
    expect(await held('containerd', [], [b, 'sha256:more'])).toEqual([b, 'sha256:more']);
  });

  test('asks for an image once', async () => {
    const engine = fakeEngine(wanted);
    engine.names.set('there:1', old);
    const inventory = createInventory(engine);
    await inventory.heldBlobs(wanted, 'graph', [old.imageId], [], undefined);
    engine.names.set('new:1', { ...old, imageId: 'sha256:new' });
    await inventory.heldBlobs(wanted, 'graph', [old.imageId, 'sha256:new'], [], undefined);
    expect(engine.calls).toEqual([`inspect ${old.imageId}`, 'inspect sha256:new']);
  });

  test('chain ids are those of the specification', () => {
    // Computed with sha256sum over `diffID diffID`, as the OCI image configuration specification defines it.
    const [x, y] = [`sha256:${'1'.repeat(64)}`, `sha256:${'2'.repeat(64)}`] as const;
    expect(chainIds([])).toEqual([]);
    expect(chainIds([x, y, x])).toEqual([
      x,
      'sha256:9932074217c35353d2e03a3f5a86549f7c67bfeb0ba53e23d69f4d4c8f7958f5',
      'sha256:cc68b5999b6e49875d65ff354334e05c43e65a3921cab7ff95f6385e3390e63a',
    ]);
  });
});
