/** Delivery into real engines: from the archives of each kind of engine into each kind. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineSink } from '../../receiver/image/engine-sink.ts';
import type { DeliveredImage, DeliveryProgress, ImageSink, LoadableImage } from '../../receiver/image/port.ts';
import { parseEngineAddress } from '../../shared/engine/address.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { blobMember } from '../../shared/image/oci-layout.ts';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine, type Engine, type EngineKind } from '../support/engine.ts';
import { readTar } from '../support/tar.ts';
import { runImage } from '../support/images.ts';
import { loadableImage, withAttestation } from '../support/loadable.ts';
import { savedVersions, type SavedImage } from '../support/saved.ts';

const storeOf = (kind: EngineKind): string => (kind === '26c' ? 'containerd' : 'graph');
const diffIdsOf = (image: LoadableImage): string[] => image.layers.map(({ diffId }) => diffId);

describe.skipIf(requireEngine())('delivery', () => {
  const saved = new Map<EngineKind, SavedImage[]>();
  beforeAll(async () => {
    for (const kind of ENGINE_KINDS) saved.set(kind, await savedVersions(kind, 3, { sharedBytes: 200_000, ownBytes: 1000 }));
  });
  const version = (kind: EngineKind, number: number): SavedImage => saved.get(kind)?.[number - 1] as SavedImage;

  describe.each(ENGINE_KINDS)('into engine %s', (target) => {
    let engine: Engine;
    let sink: ImageSink;
    beforeAll(async () => {
      engine = await startEngine({ kind: target });
      sink = createEngineSink({ address: parseEngineAddress(engine.address) });
    });
    afterAll(() => engine[Symbol.asyncDispose]());

    /** What an engine says when asked, and what it gives back when it saves: `inspect` alone knows nothing of missing content. */
    const expectWhole = async (name: string, image: LoadableImage): Promise<void> => {
      expect(JSON.parse(await dockerCli(engine.socket, 'inspect', '-f', '{{json .RootFS.Layers}}', name))).toEqual(diffIdsOf(image));
      const again = await loadableImage(await dockerBytes(engine.socket, ['save', name]));
      expect(again.configDigest).toBe(image.configDigest);
      expect(diffIdsOf(again)).toEqual(diffIdsOf(image));
    };
    const namesThere = async (): Promise<string> => dockerCli(engine.socket, 'images', '--format', '{{.Repository}}:{{.Tag}}');

    test('the engine answers', async () => {
      expect(await sink.check()).toEqual({
        version: expect.stringMatching(target === '20' ? /^20\./ : /^26\./),
        storeKind: storeOf(target),
      });
    });

    test.each(ENGINE_KINDS)('from engine %s: all of it, then what is missing, then nothing', async (source) => {
      const opened: string[] = [];
      const name = (number: number): string => `from-${source}:${number}`;
      const load = (number: number): Promise<LoadableImage> =>
        loadableImage(version(source, number).archive, { refs: [name(number)], onOpen: (digest) => opened.push(digest) });
      const delivered: DeliveredImage[] = [];
      const progress: DeliveryProgress[] = [];

      const first = await load(1);
      const whole = await sink.deliver(first, { delivered, onProgress: (step) => progress.push(step) });
      expect(whole).toMatchObject({ storeKind: storeOf(target), refs: [name(1)], alreadyThere: false, replaced: [], pushed: [] });
      // Every image here stands on the same busybox, but each engine writes that layer's tar with times of its own.
      expect([whole.loadedLayers, whole.omittedLayers]).toEqual([3, 0]);
      const idThere = await dockerCli(engine.socket, 'inspect', '-f', '{{.Id}}', name(1));
      const idAtSource = storeOf(source) === storeOf(target) ? version(source, 1).imageId : whole.imageId;
      const idOfConfig = storeOf(target) === 'graph' ? first.configDigest : whole.imageId;
      expect([idThere, idAtSource, idOfConfig]).toEqual([whole.imageId, whole.imageId, whole.imageId]);
      const last = progress.findLast(({ phase }) => phase === 'load');
      expect(last).toEqual({ phase: 'load', bytes: whole.loadedBytes, bytesTotal: whole.loadedBytes });
      expect(progress.at(-1)?.phase).toBe('tag');
      await expectWhole(name(1), first);
      expect(await runImage(engine.socket, name(1), 'cat', '/version')).toBe('1');

      delivered.push(whole);
      opened.length = 0;
      const second = await load(2);
      const part = await sink.deliver(second, { delivered });
      expect([part.loadedLayers, part.omittedLayers, part.alreadyThere]).toEqual([1, 2, false]);
      const opaque = opened.filter((digest) => second.layers.some((layer) => layer.digest === digest));
      expect(opaque).toEqual([second.layers[2]?.digest]);
      expect(part.loadedBytes).toBeLessThan(25_000);
      await expectWhole(name(2), second);
      expect(await runImage(engine.socket, name(2), 'cat', '/version')).toBe('2');

      opened.length = 0;
      const none = await sink.deliver(second, { delivered });
      expect(none).toMatchObject({ imageId: part.imageId, alreadyThere: true, loadedLayers: 0, omittedLayers: 3, loadedBytes: 0 });
      expect(opened).toEqual([]);
      const renamed = await sink.deliver({ ...second, refs: [`other-${source}:2`] }, { delivered });
      expect(renamed).toMatchObject({ imageId: part.imageId, alreadyThere: false, loadedLayers: 0, loadedBytes: 0 });
      await expectWhole(`other-${source}:2`, second);
      expect(await namesThere()).not.toMatch(/lighterman|none/);
    });

    test('a name that moves leaves its image behind, whole', async () => {
      const first = await loadableImage(version('20', 1).archive, { refs: ['moving:latest', 'staying:1'] });
      const second = await loadableImage(version('20', 2).archive, { refs: ['docker.io/library/moving'] });
      const before = await sink.deliver(first);
      const after = await sink.deliver(second);
      expect(after.refs).toEqual(['moving:latest']);
      expect(after.replaced).toEqual([{ ref: 'moving:latest', imageId: before.imageId }]);
      await expectWhole('moving:latest', second);
      await expectWhole('staying:1', first);
      await dockerCli(engine.socket, 'tag', 'moving:latest', 'staying:1');
      const third = await sink.deliver({ ...first, refs: ['back:1'] }, { delivered: [before] });
      expect(third).toMatchObject({ imageId: before.imageId, loadedLayers: 0 });
    });

    test('an image without names is kept by its id', async () => {
      const image = await loadableImage(version('26', 3).archive, { refs: [] });
      const { imageId } = await sink.deliver(image);
      await expectWhole(imageId, image);
      expect(await sink.deliver(image)).toMatchObject({ imageId, alreadyThere: true });
    });

    test('an index with an attestation stays what it is', async () => {
      const image = withAttestation(await loadableImage(version('26c', 2).archive, { refs: ['attested:2'] }));
      const { imageId, storeKind } = await sink.deliver(image);
      expect(imageId).toBe(storeKind === 'containerd' ? image.original?.descriptor.digest : image.configDigest);
      await expectWhole('attested:2', image);
      expect(await sink.deliver(image)).toMatchObject({ imageId, alreadyThere: true });
      const members = await readTar([await dockerBytes(engine.socket, ['save', 'attested:2'])]);
      const original = image.original?.blobs.filter(({ digest }) => members.has(blobMember(digest)));
      expect(original).toHaveLength(storeKind === 'containerd' ? 5 : 0);
    });

    test('two deliveries at once wait for each other', async () => {
      const images = await Promise.all(
        [1, 1, 2].map((number) => loadableImage(version('26c', number).archive, { refs: [`at-once:${number}`] })),
      );
      const deliveries = await Promise.all(images.map((image) => sink.deliver(image)));
      expect(deliveries.map(({ alreadyThere }) => alreadyThere)).toEqual([false, true, false]);
      await Promise.all([1, 2].map((number) => expectWhole(`at-once:${number}`, images[number] as LoadableImage)));
    });
  });

  test('a containerd store that lost what was delivered before is given all of it', async () => {
    await using engine = await startEngine({ kind: '26c' });
    const sink = createEngineSink({ address: parseEngineAddress(engine.address) });
    const first = await sink.deliver(await loadableImage(version('20', 1).archive));
    const second = await loadableImage(version('20', 2).archive);
    // As if a garbage collection had taken the upper layer of an image that the engine still lists.
    const lie = { imageId: first.imageId, blobDigests: second.layers.map(({ digest }) => digest) };
    const whole = await sink.deliver(second, { delivered: [lie] });
    expect([whole.loadedLayers, whole.omittedLayers]).toEqual([3, 0]);
    const again = await loadableImage(await dockerBytes(engine.socket, ['save', 'app:2']));
    expect(again.layers.map(({ digest }) => digest)).toEqual(second.layers.map(({ digest }) => digest));
    // An image that is gone vouches for nothing.
    await dockerCli(engine.socket, 'rmi', 'app:1', 'app:2');
    const fresh = await sink.deliver(second, { delivered: [whole] });
    expect([fresh.loadedLayers, fresh.omittedLayers]).toEqual([3, 0]);
  });

  test('the same image gets the same id in a containerd store, whichever graph engine saved it', async () => {
    await using classic = await startEngine({ kind: '26' });
    await using engine = await startEngine({ kind: '26c' });
    const sink = createEngineSink({ address: parseEngineAddress(engine.address) });
    const legacy = version('20', 1).archive;
    await dockerBytes(classic.socket, ['load'], { input: legacy });
    const modern = await dockerBytes(classic.socket, ['save', 'app:1']);
    expect(sha256Digest(modern)).not.toBe(sha256Digest(legacy));
    const { imageId } = await sink.deliver(await loadableImage(legacy));
    expect(await sink.deliver(await loadableImage(modern))).toMatchObject({ imageId, alreadyThere: true });
  });
});
