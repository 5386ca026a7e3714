/** The bench itself: engines and registries start, hold images, run them, and leave nothing behind. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerBytes, dockerCli } from '../support/docker-cli.ts';
import { ENGINE_KINDS, requireEngine, startEngine } from '../support/engine.ts';
import { buildVersions, runImage } from '../support/images.ts';
import { REGISTRY_PASSWORD, REGISTRY_USER, startRegistry } from '../support/registry.ts';

describe.skipIf(requireEngine())('test bench', () => {
  test.each(ENGINE_KINDS)('engine %s builds and runs an image and is gone afterwards', async (kind) => {
    let directory: string;
    {
      await using engine = await startEngine({ kind });
      directory = dirname(engine.socket);
      const [version, driver] = (await dockerCli(engine.socket, 'info', '-f', '{{.ServerVersion}} {{.Driver}}')).split(' ');
      expect(version).toMatch(kind === '20' ? /^20\.10\./ : /^26\./);
      expect(driver).toBe(kind === '26c' ? 'overlayfs' : 'overlay2');
      await buildVersions(engine.socket, 'app', 2, { sharedBytes: 100_000, ownBytes: 1000 });
      expect(await runImage(engine.socket, 'app:1', 'cat', '/version')).toBe('1');
      expect(await runImage(engine.socket, 'app:2', 'cat', '/version')).toBe('2');
      const layers = await dockerCli(engine.socket, 'inspect', '-f', '{{json .RootFS.Layers}}', 'app:1', 'app:2');
      const [first, second] = layers.split('\n').map((line) => JSON.parse(line) as string[]);
      expect(first?.slice(0, 2)).toEqual(second?.slice(0, 2));
      expect(first).toHaveLength(3);
      expect(first?.[2]).not.toBe(second?.[2]);
    }
    expect(existsSync(directory)).toBe(false);
  });

  test('an image goes from one engine to another through the registry, with and without a password', async () => {
    await using first = await startEngine({ kind: '20' });
    await using second = await startEngine({ kind: '26c' });
    await using open = await startRegistry();
    await using closed = await startRegistry({ htpasswd: true });
    await buildVersions(first.socket, 'app', 2, { sharedBytes: 1000, ownBytes: 1000 });
    const auth = Buffer.from(`${REGISTRY_USER}:${REGISTRY_PASSWORD}`).toString('base64');
    const config = { auths: { [closed.host]: { auth } } };
    for (const registry of [open, closed]) {
      const name = `${registry.host}/app:1`;
      await dockerCli(first.socket, 'tag', 'app:1', name);
      await dockerBytes(first.socket, ['push', name], { config });
      await dockerBytes(second.socket, ['pull', name], { config });
      expect(await runImage(second.socket, name, 'cat', '/version')).toBe('1');
    }
    await expect(dockerCli(first.socket, 'push', `${closed.host}/app:1`)).rejects.toThrow(/no basic auth credentials/);
  });
});
