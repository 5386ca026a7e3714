/** The calls as they go over the socket, to an engine that says what it is told to: newer versions than the test bench has, and broken ones. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createEngineClient, type EngineClient } from '../../receiver/image/engine-client.ts';
import { createEngineSource } from '../../sender/image/engine-source.ts';
import type { EngineAddress } from '../../shared/engine/address.ts';

interface FakeServer extends AsyncDisposable {
  readonly address: EngineAddress;
  readonly client: EngineClient;
  /** Method and address of each request, in order. */
  readonly requests: string[];
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function startFake(answer: Answer): Promise<FakeServer> {
  const directory = await mkdtemp(join(tmpdir(), 'lmf-'));
  const path = join(directory, 's');
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const address: EngineAddress = { kind: 'unix', path };
  return {
    address,
    client: createEngineClient(address),
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

const json =
  (value: unknown, status = 200): Answer =>
  (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));

describe('list', () => {
  const images = [
    { Id: 'sha256:old', RepoTags: ['a:1'] },
    {
      Id: 'sha256:whole',
      RepoTags: null,
      Manifests: [
        { Kind: 'image', Available: true },
        { Kind: 'attestation', Available: false },
      ],
    },
    {
      Id: 'sha256:one-platform',
      Manifests: [
        { Kind: 'image', Available: false },
        { Kind: 'image', Available: true },
      ],
    },
    {
      Id: 'sha256:lacking',
      RepoTags: ['b:1'],
      Manifests: [
        { Kind: 'image', Available: false },
        { Kind: 'attestation', Available: true },
      ],
    },
  ];
  const answer =
    (version: string): Answer =>
    (request, response) =>
      json(request.url === '/version' ? { ApiVersion: version } : images)(request, response);

  test('of a containerd store asks for the manifests where the engine knows them, and leaves out what is not whole', async () => {
    await using fake = await startFake(answer('1.51'));
    expect([...(await fake.client.list('containerd')).keys()]).toEqual(['sha256:old', 'sha256:whole', 'sha256:one-platform']);
    expect(fake.requests).toEqual(['GET /version', 'GET /images/json?manifests=1']);
  });

  test('asks an older engine, and a graph store, for no manifests', async () => {
    await using fake = await startFake(answer('1.45'));
    await fake.client.list('containerd');
    await fake.client.list('graph');
    expect(fake.requests).toEqual(['GET /version', 'GET /images/json', 'GET /images/json']);
  });
});

test('names and credentials arrive as they are', async () => {
  const headers: unknown[] = [];
  await using fake = await startFake((request, response) => {
    headers.push(request.headers['x-registry-auth']);
    json({})(request, response);
  });
  await fake.client.tag('sha256:0a', 'registry.example:5000/a/b:c');
  await fake.client.remove('a/b:c');
  await Array.fromAsync(fake.client.push('registry.example:5000/a/b:c', 'ab-_=='));
  expect(fake.requests).toEqual([
    'POST /images/sha256%3A0a/tag?repo=registry.example%3A5000%2Fa%2Fb&tag=c',
    'DELETE /images/a/b%3Ac',
    'POST /images/registry.example%3A5000/a/b/push?tag=c',
  ]);
  expect(headers).toEqual([undefined, undefined, 'ab-_==']);
  await expect(fake.client.inspect('a?b')).rejects.toMatchObject({ code: 'USAGE' });
});

test('what is not there is undefined to inspect and nothing to remove; other refusals are errors', async () => {
  await using fake = await startFake((request, response) =>
    json({ message: 'no such\n thing' }, request.url?.includes('known') === true ? 409 : 404)(request, response),
  );
  expect(await fake.client.inspect('a:1')).toBeUndefined();
  await expect(fake.client.remove('a:1')).resolves.toBeUndefined();
  const message = `the engine at unix://${(fake.address as { path: string }).path} failed: removing known:1: no such thing`;
  await expect(fake.client.remove('known:1')).rejects.toMatchObject({ code: 'ENGINE_FAILED', message });
});

const load = async (answer: Answer, body: Readable = Readable.from([new Uint8Array(3)])): Promise<void> => {
  await using fake = await startFake(answer);
  await fake.client.load(body, 'loading app:1');
  expect(fake.requests).toEqual(['POST /images/load?quiet=1']);
};
const lines =
  (...texts: readonly string[]): Answer =>
  (request, response) => {
    request.resume().once('end', () => response.end(texts.join('\r\n')));
  };

function* zeros(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= 65_536) yield new Uint8Array(65_536);
}

describe('load', () => {
  test('an answer without an error', async () => {
    await expect(load(lines('{"stream":"Loaded image: app:1\\n"}', ''))).resolves.toBeUndefined();
  });

  test.each([
    ['{"errorDetail":{"message":"unexpected EOF"},"error":"unexpected EOF"}', 'loading app:1: unexpected EOF'],
    [
      '{"stream":"Loaded image: app:1\\n"}\r\n{"stream":"Error unpacking image app:1: wrong diff id"}',
      'Error unpacking image app:1: wrong diff id',
    ],
  ])('an error behind status 200: %s', async (text, message) => {
    await expect(load(lines('{"stream":"x"}', text))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      message: expect.stringContaining(message),
    });
  });

  test('an error behind status 500, before the archive was read', async () => {
    const failing = load(json({ message: 'write /x: no space left on device' }, 500), Readable.from(zeros(1e9)));
    await expect(failing).rejects.toMatchObject({ code: 'NO_SPACE' });
  });

  test('an answer that breaks off', async () => {
    const failing = load(
      (request, response) => {
        response.write('{"stream":"x"}\n', () => request.destroy());
      },
      Readable.from(zeros(1e9)),
    );
    await expect(failing).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
  });
});

test('a save that breaks off is a failure, and one that nobody reads is not read ahead', async () => {
  let sent = 0;
  await using fake = await startFake((_, response) => {
    const send = (): void => {
      while (sent < 64e6) {
        sent += 65_536;
        if (!response.write(new Uint8Array(65_536))) return void response.once('drain', send);
      }
      response.destroy();
    };
    send();
  });
  const source = createEngineSource(fake.address).save('app:1')[Symbol.asyncIterator]();
  await source.next();
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 100);
  await promise;
  expect(sent).toBeLessThan(8e6);
  const drain = async (): Promise<void> => {
    while ((await source.next()).done !== true);
  };
  await expect(drain()).rejects.toMatchObject({ code: 'ENGINE_FAILED', message: expect.stringContaining('saving app:1') });
});
