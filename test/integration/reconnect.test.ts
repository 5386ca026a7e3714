/** A broken link as a user meets it: one line, another connection, or Ctrl-C. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sha256Digest } from '../../shared/hash.ts';
import { runAgent, startReceiver, temporaryDirectory } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { expectFailure } from '../support/failure.ts';
import { waitUntil } from '../support/process.ts';

const ONE_LINE = /^the [^\n]*; connecting again, for up to 10 min 0 s without progress\n$/;

describe('a link that breaks', () => {
  test('is connected again: the image arrives, from a source that is read once, and the bytes of all connections are told', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    await using receiver = await startReceiver(['--deliver', `archive:${path('delivered')}`]);
    let connections = 0;
    await using proxy = await startCuttingProxy(
      () => receiver.address.slice('ws://'.length),
      () => ({ cutAfterBytes: connections++ === 0 ? 300_000 : undefined }),
    );
    const { status, stdout, stderr } = await runAgent(
      'sender',
      ['ship', '-', '--to', proxy.address, '--store', path('pool'), '--json', '--quiet'],
      {
        input: appVersion(1),
      },
    );
    expect([status, stderr]).toEqual([0, expect.stringMatching(ONE_LINE)]);
    const told = JSON.parse(stdout) as { reconnections: number; wire: { sentBytes: number; receivedBytes: number } };
    expect([told.reconnections, proxy.cuts]).toEqual([1, 1]);
    expect(told.wire.sentBytes).toBeGreaterThanOrEqual(proxy.bytes.up);
    expect(sha256Digest(await readFile(path('delivered/app_1.tar')))).toBe(sha256Digest(appVersion(1)));
  });

  test('and is not there again: Ctrl-C ends the waiting with 130; without --retry it ends by itself', async () => {
    await using directory = await temporaryDirectory();
    const path = (name: string): string => join(directory.path, name);
    await writeFile(path('1.tar'), appVersion(1));
    let refused = 0;
    await using proxy = await startCuttingProxy(
      () => void refused++,
      () => ({ cutAfterBytes: undefined }),
    );
    const args = ['ship', path('1.tar'), '--to', proxy.address, '--store', path('pool'), '--quiet'];
    const pid = Promise.withResolvers<number>();
    const waiting = runAgent('sender', args, { onStart: pid.resolve });
    expect(await waitUntil(() => refused >= 2, 60_000)).toBe(true);
    process.kill(await pid.promise, 'SIGINT');
    const { status, stderr } = await waiting;
    expect([status, stderr]).toEqual([130, expect.stringMatching(/^[^\n]*connecting again[^\n]*\nlighterman: interrupted \([^\n]*\)\n$/)]);
    expectFailure(await runAgent('sender', [...args, '--retry', '0']), 'PEER_LOST', /the connection to ws:\S+ broke/);
  });
});
