import { afterEach, describe, expect, it } from 'vitest';
import { parseSyncConfig } from '../../sender/sync/config.ts';
import { parseNotification, selectPushed } from '../../sender/sync/notification.ts';
import { listenNotifications } from '../../sender/transport/notifications.ts';
import type { HttpListener } from '../../shared/http-listener.ts';
import { NOTIFICATION_BYTES_MAX } from '../../shared/limits.ts';

/** As the distribution registry 2.8 writes it, shortened. */
const ENVELOPE = JSON.stringify({
  events: [
    {
      id: 'a',
      action: 'push',
      target: {
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        digest: 'sha256:1',
        repository: 'team/shop',
        tag: '1.2',
      },
      request: { host: '127.0.0.1:5000', method: 'PUT' },
    },
    {
      id: 'b',
      action: 'push',
      target: { mediaType: 'application/octet-stream', repository: 'team/shop' },
      request: { host: '127.0.0.1:5000' },
    },
    { id: 'c', action: 'pull', target: { repository: 'team/shop', tag: '1.2' }, request: { host: '127.0.0.1:5000' } },
  ],
});
const PUSHED = { host: '127.0.0.1:5000', repository: 'team/shop', tag: '1.2' };

const selected = (entry: string, pushed = PUSHED): string[] =>
  selectPushed(parseSyncConfig(`images: [${entry}]\ndestinations: [{name: a, to: "ws://a:1"}]`, 'f'), pushed).map(
    ({ source, as }) => `${source} > ${as}`,
  );

describe('notifications of a registry', () => {
  it('tell of tags that were pushed', () => {
    expect(parseNotification(ENVELOPE)).toEqual([PUSHED]);
    for (const text of ['', '{', '[]', '{"events": 3}', '{"events": [{"action": "push"}]}'])
      expect(parseNotification(text)).toBeUndefined();
    expect(parseNotification('{"events": []}')).toEqual([]);
  });

  it('mean images by the rules of the list', () => {
    const source = '127.0.0.1:5000/team/shop:1.2';
    expect(selected('{repository: team/shop}')).toEqual([`${source} > team/shop:1.2`]);
    expect(selected('{repository: "127.0.0.1:5000/team/shop", name: mirror/shop, semver: ">=1", newest: 1}')).toEqual([
      `${source} > mirror/shop:1.2`,
    ]);
    expect(selected('{repository: shop}')).toEqual([]);
    expect(selected('{repository: team/shop, tags: ["2.*"]}')).toEqual([]);
    expect(selected('{repository: team/shop, semver: ">=2"}')).toEqual([]);
    expect(selected('{archives: "*.tar"}')).toEqual([]);
    expect(selected('{repository: team/shop}', { ...PUSHED, tag: '../x' })).toEqual([]);
    expect(selected('{repository: team/shop}', { ...PUSHED, host: 'a b' })).toEqual([]);
  });
});

describe('the server for them', () => {
  let server: HttpListener | undefined;
  afterEach(async () => server?.[Symbol.asyncDispose]());
  const post = async (body: string, headers: Record<string, string> = {}, method = 'POST'): Promise<number> =>
    (await fetch(`http://${server?.address}/`, { method, headers, ...(method === 'POST' && { body }) })).status;

  it('takes what brings the token, and is understood', async () => {
    const taken: string[] = [];
    server = await listenNotifications({
      address: '127.0.0.1:0',
      token: 'secret',
      log: { warn: () => {} },
      onNotification: (body) => taken.push(body) < 2,
    });
    const good = { authorization: 'Bearer secret' };
    expect(await post('one', good)).toBe(200);
    expect(await post('two', good)).toBe(400);
    expect(await post('x')).toBe(401);
    expect(await post('x', { authorization: 'Bearer secre' })).toBe(401);
    expect(await post('', good, 'GET')).toBe(405);
    expect(await post('x', { ...good, origin: 'https://page.example' })).toBe(403);
    expect(await post('x'.repeat(NOTIFICATION_BYTES_MAX + 1), good).catch(() => 413)).toBe(413);
    expect(taken).toEqual(['one', 'two']);
  });

  it('is open on the loopback only', async () => {
    await expect(
      listenNotifications({ address: '0.0.0.0:0', token: undefined, log: { warn: () => {} }, onNotification: () => true }),
    ).rejects.toMatchObject({
      code: 'USAGE',
    });
    server = await listenNotifications({ address: '127.0.0.1:0', token: undefined, log: { warn: () => {} }, onNotification: () => true });
    expect(await post('')).toBe(200);
  });
});
