/** Deliveries that fail on real engines leave images and names as they were, and say in one line what happened. */
import { statfs } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngineSink } from '../../receiver/image/engine-sink.ts';
import type { ImageSink, LayerBlob, LoadableImage } from '../../receiver/image/port.ts';
import { tarBytes, writeTar } from '../../receiver/image/tar-writer.ts';
import { utf8 } from '../../shared/bytes.ts';
import { parseEngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import { createSha256, hex, sha256Digest } from '../../shared/hash.ts';
import { dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { runImage } from '../support/images.ts';
import { loadableImage } from '../support/loadable.ts';
import { seededBytes } from '../support/random.ts';
import { waitUntil } from '../support/process.ts';
import { savedVersions, type SavedImage } from '../support/saved.ts';

/** The image with another top layer. */
function withTop(image: LoadableImage, change: (top: LayerBlob) => Partial<LayerBlob>): LoadableImage {
  const top = image.layers.at(-1) as LayerBlob;
  return { ...image, layers: [...image.layers.slice(0, -1), { ...top, ...change(top) }] };
}

/** An image of one file of `bytes` bytes that do not compress. */
async function largeImage(ref: string, bytes: number): Promise<LoadableImage> {
  const part = seededBytes(7, 1 << 20);
  const member = {
    name: 'large.bin',
    bytes,
    open: async function* () {
      for (let left = bytes; left > 0; left -= part.byteLength) yield part.subarray(0, left);
    },
  };
  const hasher = createSha256();
  for await (const piece of writeTar([member])) hasher.update(piece);
  const digest = `sha256:${hex(hasher.digest())}`;
  const config = utf8(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [digest] }, config: {} }));
  const layer = { digest, diffId: digest, mediaType: undefined, bytes: tarBytes([member]), open: () => writeTar([member]) };
  return { refs: [ref], config, configDigest: sha256Digest(config), layers: [layer] };
}

const broken = async function* (): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(512);
  throw new TransferError('INTEGRITY', 'a chunk is damaged');
};

async function freeBytes(path: string): Promise<number> {
  const disk = await statfs(path);
  return disk.bavail * disk.bsize;
}

describe.skipIf(requireEngine())('failing delivery', () => {
  let versions: SavedImage[];
  beforeAll(async () => {
    versions = await savedVersions('20', 3, { sharedBytes: 200_000, ownBytes: 1000 });
  });
  const load = (number: number, ref: string): Promise<LoadableImage> =>
    loadableImage(versions[number - 1]?.archive ?? new Uint8Array(), { refs: [ref] });

  describe.each(ENGINE_KINDS)('into engine %s', (kind) => {
    let engine: Engine;
    let sink: ImageSink;
    let before: string;
    beforeAll(async () => {
      engine = await startEngine({ kind });
      sink = createEngineSink({ address: parseEngineAddress(engine.address) });
      await sink.deliver(await load(1, 'app:current'));
      before = await everything();
    });
    afterAll(() => engine[Symbol.asyncDispose]());
    const everything = (): Promise<string> =>
      dockerCli(engine.socket, 'images', '--all', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}');
    const expectUnchanged = async (): Promise<void> => {
      expect(await everything()).toBe(before);
      expect(await runImage(engine.socket, 'app:current', 'cat', '/version')).toBe('1');
    };

    test('a layer whose bytes are not those of its digest', async () => {
      const junk = async function* (): AsyncGenerator<Uint8Array> {
        yield seededBytes(99, top.bytes);
      };
      const image = await load(3, 'app:current');
      const top = image.layers[2] as LayerBlob;
      const failure = await sink.deliver(withTop(image, () => ({ open: junk }))).catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'ENGINE_FAILED',
        message: expect.stringContaining(`${engine.address} failed: loading app:current: `),
      });
      expect((failure as TransferError).message).not.toContain('\n');
      await expectUnchanged();
    });

    test('a layer that is a tar, and not the one of the diffID', async () => {
      const image = await load(3, 'app:current');
      const wrong = (await load(2, 'app:2')).layers[2] as LayerBlob;
      const failing = sink.deliver(withTop(image, ({ diffId }) => ({ ...wrong, diffId })));
      await expect(failing).rejects.toMatchObject({ code: expect.stringMatching(/^(ENGINE_FAILED|INTEGRITY)$/) });
      await expectUnchanged();
    });

    test('a layer that its source cannot read to the end', async () => {
      const failing = sink.deliver(withTop(await load(3, 'app:current'), () => ({ open: broken })));
      await expect(failing).rejects.toMatchObject({ code: 'INTEGRITY', message: 'a chunk is damaged' });
      await expectUnchanged();
    });

    test('an interruption while it loads, and before', async () => {
      const stop = new AbortController();
      const large = await largeImage('app:current', 20_000_000);
      const failing = sink.deliver(large, { signal: stop.signal, onProgress: ({ bytes }) => bytes > 5_000_000 && stop.abort() });
      await expect(failing).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await expect(sink.deliver(large, { signal: stop.signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await expectUnchanged();
    });

    test('an interruption when the engine has everything', async () => {
      const stop = new AbortController();
      const failing = sink.deliver(await load(3, 'app:current'), {
        signal: stop.signal,
        onProgress: ({ bytes, bytesTotal }) => bytes === bytesTotal && stop.abort(),
      });
      await expect(failing).rejects.toMatchObject({ code: 'INTERRUPTED' });
      await expectUnchanged();
    });

    test('what failed before is delivered when nothing is wrong any more', async () => {
      await sink.deliver(await load(3, 'app:3'));
      expect(await runImage(engine.socket, 'app:3', 'cat', '/version')).toBe('3');
      await dockerCli(engine.socket, 'rmi', 'app:3');
      await expectUnchanged();
    });

    test('an engine that dies while it loads', async () => {
      const failing = sink.deliver(await largeImage('app:large', 20_000_000), {
        onProgress: ({ bytes }) => {
          if (bytes > 5_000_000) void engine.kill();
        },
      });
      await expect(failing).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('loading app:large') });
      await expect(sink.check()).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
    });
  });

  test.each(ENGINE_KINDS)('the disk of engine %s is full', async (kind) => {
    await using engine = await startEngine({ kind, diskBytesMax: 30_000_000 });
    const sink = createEngineSink({ address: parseEngineAddress(engine.address) });
    await expect(sink.deliver(await largeImage('app:large', 60_000_000))).rejects.toMatchObject({
      code: 'NO_SPACE',
      message: expect.stringContaining(`the disk of the engine at ${engine.address} is full: loading app:large`),
    });
    expect(await dockerCli(engine.socket, 'images', '-q')).toBe('');
    // containerd takes a moment to throw away what it could not complete.
    expect(await waitUntil(async () => (await freeBytes(engine.dataRoot)) > 20_000_000, 60_000)).toBe(true);
    await sink.deliver(await load(1, 'app:1'));
    expect(await runImage(engine.socket, 'app:1', 'cat', '/version')).toBe('1');
  });

  test('names that no engine takes are refused before anything is asked of it', async () => {
    const sink = createEngineSink({ address: { kind: 'unix', path: '/nowhere' } });
    await expect(sink.deliver(await load(1, 'UPPER:1'))).rejects.toMatchObject({ code: 'USAGE' });
    await expect(sink.deliver(await load(1, 'app:1'), { pushTo: 'not-a-host' })).rejects.toMatchObject({ code: 'USAGE' });
    await expect(sink.deliver(await load(1, 'app:1'))).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' });
  });
});
