/** What goes wrong between engines, as a user meets it: one clear line, the documented exit status, store and engines as they were. */
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runAgent, ship, startReceiver, temporaryDirectory, wireBytes, type CommandResult, type RunOptions } from '../support/agents.ts';
import { runCommand } from '../support/command.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { dockerCli } from '../support/docker-cli.ts';
import { requireEngine, startEngine, type Engine } from '../support/engine.ts';
import { expectFailure } from '../support/failure.ts';
import { buildImage, buildVersions, runImage } from '../support/images.ts';
import { waitUntil } from '../support/process.ts';
import { seededBytes } from '../support/random.ts';
import { freePort, startRegistry } from '../support/registry.ts';

const LARGE_BYTES = 40_000_000;
const LOAD_TIMEOUT_MS = 60_000;

/**
 * What is to be seen of archives that the engine takes in: files below `tmp`, or blobs that containerd has not got whole. Those of a
 * load that was broken off stay there for the next one, so only a change means that the engine loads.
 */
async function intake({ dataRoot, kind }: Engine): Promise<string> {
  const directory = join(dataRoot, kind === '26c' ? 'containerd/daemon/io.containerd.content.v1.content/ingest' : 'tmp');
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => stat(join(directory, name)).catch(() => undefined)));
  return names.map((name, i) => `${name} ${sizes[i]?.size} ${sizes[i]?.mtimeMs}`).join('\n');
}

function imagesOf(engine: Engine): Promise<string> {
  return dockerCli(engine.socket, 'images', '--all', '--no-trunc', '--format', '{{.ID}} {{.Repository}}:{{.Tag}}');
}

/** Options of a receiver that delivers to the engine. */
function into(engine: Engine): string[] {
  return ['--deliver', 'engine', '--engine', engine.address];
}

describe.skipIf(requireEngine())('a ship that fails', () => {
  let directory: AsyncDisposable & { readonly path: string };
  let source: Engine;
  let target: Engine;
  /** A receiver's store that holds large:1, for deliveries that are over neither at once nor soon. */
  let storeWithLarge: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    [source, target] = await Promise.all([startEngine({ kind: '20' }), startEngine({ kind: '26' })]);
    await buildVersions(source.socket, 'shop', 2, { sharedBytes: 100_000, ownBytes: 1000 });
    await buildImage(source.socket, { tag: 'large:1', layers: [{ 'srv/large.bin': seededBytes(5, LARGE_BYTES) }] });
    storeWithLarge = path('store-with-large');
    await using receiver = await startReceiver(['--deliver', 'none'], { store: storeWithLarge });
    await send('large:1', receiver.address);
  });
  afterAll(async () => {
    await source[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });
  const path = (name: string): string => join(directory.path, name);
  const shipArgs = (image: string, to: string, pool = 'pool'): string[] =>
    [image, '--engine', source.address, '--to', to, '--store', path(pool)]; // prettier-ignore
  const send = (image: string, to: string, pool?: string) => ship(shipArgs(image, to, pool));
  const tryToSend = (
    image: string,
    to: string,
    { pool, ...options }: RunOptions & { readonly pool?: string } = {},
  ): Promise<CommandResult> => runAgent('sender', ['ship', '--quiet', '--retry', '0', ...shipArgs(image, to, pool)], options);
  const toTarget = (): string[] => into(target);
  const serveTo = (engine: Engine) => startReceiver(into(engine), { store: storeWithLarge });

  describe('because of the image', () => {
    test('that the engine does not have: near names are told', async () => {
      await using receiver = await startReceiver(['--deliver', 'none']);
      expectFailure(
        await tryToSend('shop:3', receiver.address),
        'IMAGE_NOT_FOUND',
        /the engine at unix:\S+ has no image shop:3; did you mean shop:1, shop:2\?/,
      );
      expectFailure(await tryToSend('0123456789ab', receiver.address), 'IMAGE_NOT_FOUND', /has no image 0123456789ab/);
      expectFailure(await tryToSend('Shop 2', receiver.address), 'IMAGE_NOT_FOUND', /has no image Shop 2; did you mean shop:2/);
    });

    test('unless it is named by its id, or the beginning of it', async () => {
      await using receiver = await startReceiver(toTarget());
      const id = await dockerCli(source.socket, 'inspect', '-f', '{{.Id}}', 'shop:1');
      for (const name of [id.slice('sha256:'.length), id.slice('sha256:'.length, 19), id]) {
        const result = await send(name, receiver.address);
        expect([name, result.images[0]?.imageId, result.images[0]?.ref]).toEqual([name, id, 'shop:1']);
      }
      expect(await runImage(target.socket, 'shop:1', 'cat', '/version')).toBe('1');
      await dockerCli(target.socket, 'rmi', 'shop:1');
    });

    test('whose layer is not what its config says: refused by an engine receiver, exact from an archive receiver', async () => {
      const layer = craftTar([craftEntry({ name: 'srv/note' }, 'as it was built')]);
      const other = craftTar([craftEntry({ name: 'srv/note' }, 'as it is found!')]);
      const entries = imageEntries({ images: [{ tag: 'damaged:1', layers: [layer] }], layout: 'legacy' });
      const archive = craftTar(
        entries.map((entry) => (entry.byteLength === layer.byteLength + 512 ? craftEntry({ name: entryName(entry) }, other) : entry)),
      );
      await writeFile(path('damaged.tar'), archive);
      const before = await imagesOf(target);
      {
        await using receiver = await startReceiver(toTarget());
        expectFailure(
          await tryToSend(path('damaged.tar'), receiver.address),
          'INTEGRITY',
          /the receiver says: the layer \S+\/layer\.tar is sha256:[0-9a-f]{64}, the image wants sha256:[0-9a-f]{64}/,
        );
        expect(await imagesOf(target)).toBe(before);
      }
      await using receiver = await startReceiver(['--deliver', `archive:${path('damaged')}`]);
      await send(path('damaged.tar'), receiver.address);
      expect((await readFile(path('damaged/damaged_1.tar'))).equals(archive)).toBe(true);
    });
  });

  /** @param refuses it wants credentials; else nobody listens there. */
  const expectStoredLoadedAndPushedLater = async (refuses: boolean): Promise<void> => {
    await using strict = await startRegistry({ htpasswd: true });
    await using open = await startRegistry();
    const host = refuses ? strict.host : `127.0.0.1:${await freePort()}`;
    const store = path(`store-${refuses}`);
    const before = await imagesOf(target);
    {
      await using receiver = await startReceiver([...toTarget(), '--push', host], { store });
      const [code, words] = refuses
        ? (['REGISTRY_REFUSED', new RegExp(`the registry ${host} refused ${host}/shop:2: .*no basic auth credentials`)] as const)
        : (['REGISTRY_UNREACHABLE', new RegExp(`the registry ${host} was not reached for ${host}/shop:2: .*connection refused`)] as const);
      expectFailure(await tryToSend('shop:2', receiver.address, { pool: `pool-${refuses}` }), code, words);
    }
    expect(await runImage(target.socket, 'shop:2', 'cat', '/version')).toBe('2');
    await dockerCli(target.socket, 'rmi', 'shop:2');
    expect(await imagesOf(target)).toBe(before);

    const restored = await runAgent('receiver', ['restore', 'shop:2', '--store', store, ...toTarget(), '--push', open.host]);
    expect([restored.status, restored.stdout]).toEqual([0, expect.stringMatching(/^shop:2 sha256:/)]);
    expect(await (await fetch(`${open.url}/v2/shop/tags/list`)).json()).toEqual({ name: 'shop', tags: ['2'] });
    await dockerCli(target.socket, 'rmi', 'shop:2');
    expect(await imagesOf(target)).toBe(before);
  };

  describe('because of the registry', () => {
    test('it wants credentials: the image is stored and loaded, and can be pushed later', async () => {
      await expectStoredLoadedAndPushedLater(true);
    });

    test('it is none: the receiver does not even start', async () => {
      const args = ['serve', '--listen', '127.0.0.1:0', '--store', path('unused'), ...toTarget(), '--push', 'registry'];
      expectFailure(await runAgent('receiver', args), 'USAGE', /"registry" is not a registry: want HOST\[:PORT\]/);
    });
  });

  describe.each(['26', '26c'] as const)('while engine %s loads', (kind) => {
    let engine: Engine;
    let imagesBefore: string;
    beforeAll(async () => {
      engine = await startEngine({ kind });
      imagesBefore = await imagesOf(engine);
    });
    afterAll(() => engine[Symbol.asyncDispose]());
    /** Ships large:1 and resolves when the engine has begun to load it. */
    const shipUntilItLoads = async (to: string): Promise<{ sending: Promise<CommandResult>; senderPid: number }> => {
      const before = await intake(engine);
      const pid = Promise.withResolvers<number>();
      const sending = tryToSend('large:1', to, { onStart: pid.resolve });
      expect(await waitUntil(async () => (await intake(engine)) !== before, LOAD_TIMEOUT_MS)).toBe(true);
      return { sending, senderPid: await pid.promise };
    };

    test('by Ctrl-C at the sender: 130, no half image, no name of ours', async () => {
      await using receiver = await serveTo(engine);
      const { sending, senderPid } = await shipUntilItLoads(receiver.address);
      process.kill(senderPid, 'SIGINT');
      expectFailure(await sending, 'INTERRUPTED', /interrupted/);
      // The receiver says so once it has cleaned up.
      expect(await waitUntil(() => /"image":"large:1","code":"PEER_LOST"/.test(receiver.log()), LOAD_TIMEOUT_MS)).toBe(true);
      expect(await imagesOf(engine)).toBe(imagesBefore);
    });

    test('by the end of the receiver: it cleans up before it goes', async () => {
      await using receiver = await serveTo(engine);
      const { sending } = await shipUntilItLoads(receiver.address);
      await receiver.stop();
      expectFailure(await sending, 'PEER_LOST', /./);
      expect(await imagesOf(engine)).toBe(imagesBefore);
    });

    test('by the death of the engine: the image is stored, and delivered to the next engine without being sent again', async () => {
      {
        await using receiver = await serveTo(engine);
        const { sending } = await shipUntilItLoads(receiver.address);
        await engine.kill();
        expectFailure(await sending, 'ENGINE_FAILED', /the receiver says: the engine at unix:\S+ failed: loading large:1: /);
        expectFailure(await tryToSend('large:1', receiver.address), 'ENGINE_UNREACHABLE', /the receiver says: no engine answers at unix:/);
      }
      await using next = await startEngine({ kind });
      await using receiver = await serveTo(next);
      const result = await send('large:1', receiver.address);
      expect(result.images[0]).toMatchObject({ ref: 'large:1', newBytes: 0 });
      expect(wireBytes(result)).toBeLessThan(2000);
      expect((await imagesOf(next)).split('\n')).toEqual([expect.stringMatching(/ large:1$/)]);
      expect(await runImage(next.socket, 'large:1', 'wc', '-c', '/srv/large.bin')).toBe(`${LARGE_BYTES} /srv/large.bin`);
    });
  });

  // Engines try again for ten seconds: what else needs neither that engine nor that pool runs meanwhile.
  test.concurrent('because nobody listens at the registry: the image is stored and loaded, and can be pushed later', async () => {
    await expectStoredLoadedAndPushedLater(false);
  });

  test.concurrent('because the receiver has no room: what it has stays, and with more room the same ship finishes', async () => {
    const layer = craftTar([craftEntry({ name: 'srv/noise' }, seededBytes(6, 12_000_000))]);
    await writeFile(path('big.tar'), craftTar(imageEntries({ images: [{ tag: 'big:1', layers: [layer] }], layout: 'oci' })));
    const disk = path('disk');
    const pool = 'pool-no-room';
    await mkdir(disk);
    await runCommand('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
    try {
      const store = join(disk, 'store');
      {
        await using receiver = await startReceiver(['--deliver', 'none'], { store });
        await send('shop:1', receiver.address, pool);
        const failed = await tryToSend(path('big.tar'), receiver.address, { pool });
        expectFailure(failed, 'NO_SPACE', /the receiver says: .*no space left on device/i);
        expect((await send('shop:1', receiver.address, pool)).images[0]).toMatchObject({ ref: 'shop:1', newBytes: 0 });
      }
      const listed = await runAgent('receiver', ['images', '--store', store, '--json']);
      expect([listed.status, JSON.parse(listed.stdout)]).toEqual([0, expect.objectContaining({ refs: ['shop:1'] })]);
      await runCommand('mount', ['-o', 'remount,size=64m', disk]);
      {
        await using receiver = await startReceiver(['--deliver', 'none'], { store });
        await send(path('big.tar'), receiver.address, pool);
      }
      const checked = await runAgent('receiver', ['check', '--store', store, '--read-all', '--json']);
      expect([checked.status, JSON.parse(checked.stdout)]).toEqual([0, expect.objectContaining({ problems: [] })]);
    } finally {
      await runCommand('umount', ['-l', disk]);
    }
  });

  test.concurrent('because the socket is not for this user', async () => {
    // Root may everything, so the sender runs as a root that may not pass over the mode of a file.
    const under = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search', '--inh-caps', '-dac_override,-dac_read_search'];
    const socket = path('closed.sock');
    const server = createServer().listen(socket);
    await once(server, 'listening');
    await chmod(socket, 0);
    await using receiver = await startReceiver(['--deliver', 'none']);
    const args = ['ship', 'shop:1', '--engine', `unix://${socket}`, '--to', receiver.address, '--store', path('pool-closed'), '--quiet'];
    expectFailure(
      await runAgent('sender', args, { under }),
      'ENGINE_PERMISSION',
      /no permission to use the engine at unix:\S+closed\.sock/,
    );
    server.close();
  });
});

function entryName(entry: Uint8Array): string {
  return Buffer.from(entry.subarray(0, 100)).toString().replace(/\0.*/s, '');
}
