import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readHooks, type HookConfig } from '../../receiver/hooks/config.ts';
import { createHooks, type HookReport } from '../../receiver/hooks/run.ts';
import { systemClock } from '../../shared/clock.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const REPORT: HookReport = {
  event: 'activated',
  at: 0,
  refs: ['team/shop:2'],
  images: [{ configDigest: 'sha256:c', imageId: 'sha256:i', pushed: ['reg:5000/team/shop:2@sha256:d'] }],
  by: 'token dc1',
};
const BODY = JSON.stringify({ ...REPORT, at: '1970-01-01T00:00:00.000Z' });

interface Call {
  readonly url: string;
  readonly init: RequestInit;
}

/** Fires reports at hooks as they stand in a file; `answers` are the statuses of one request after the other, the last for all further ones. */
async function fired(yaml: string, answers: readonly number[] = [200], reports = [REPORT]) {
  await using directory = await temporaryDirectory({ inMemory: true });
  const file = join(directory.path, 'hooks.yaml');
  await writeFile(join(directory.path, 'secret'), 'swordfish\n');
  await writeFile(file, yaml.replaceAll('DIR', directory.path));
  const calls: Call[] = [];
  const slept: number[] = [];
  const lines: string[] = [];
  const log = {
    info: (_: object, text: string) => void lines.push(text),
    warn: ({ why }: { readonly why?: string }, text: string) => void lines.push(`warn: ${text}: ${why}`),
  };
  const hooks = createHooks(await readHooks(file), {
    clock: { ...systemClock, sleep: (ms) => (slept.push(ms), Promise.resolve()) },
    log,
    fetch: ((url: string, init: RequestInit) => {
      calls.push({ url, init });
      return Promise.resolve(new Response('', { status: answers[calls.length - 1] ?? answers.at(-1) ?? 200 }));
    }) as typeof fetch,
  });
  for (const report of reports) hooks.fire(report);
  // What was fired is done before it stops.
  while (lines.filter((line) => /^hook done$|^warn/.test(line)).length < reports.length && lines.length < 50) await systemClock.sleep(5);
  await hooks[Symbol.asyncDispose]();
  const output = await readFile(join(directory.path, 'out'), 'utf8').catch(() => '');
  return { calls, slept, lines, output };
}

describe('hooks', () => {
  it('post the report, signed', async () => {
    const { calls, lines } = await fired('hooks: [{on: activated, post: "https://ci.example/x", secret-file: DIR/secret}]');
    expect(calls).toMatchObject([{ url: 'https://ci.example/x', init: { method: 'POST', body: BODY, redirect: 'error' } }]);
    const headers = calls[0]?.init.headers as Record<string, string>;
    expect(headers['x-lighterman-signature']).toBe(`sha256=${createHmac('sha256', 'swordfish').update(BODY).digest('hex')}`);
    expect(lines).toEqual(['hook done']);
  });

  it('write a key to etcd and to Consul', async () => {
    const etcd = await fired('hooks: [{on: [activated], etcd: "http://e:2379", key: "/live/{repository}", value: "{tag} {digest}"}]');
    const put = JSON.parse(etcd.calls[0]?.init.body as string) as { key: string; value: string };
    expect([etcd.calls[0]?.url, Buffer.from(put.key, 'base64').toString(), Buffer.from(put.value, 'base64').toString()]).toEqual([
      'http://e:2379/v3/kv/put',
      '/live/team/shop',
      '2 sha256:d',
    ]);
    const consul = await fired('hooks: [{on: activated, consul: "http://c:8500", key: "live/a b/{nothing}", token-file: DIR/secret}]');
    expect(consul.calls).toMatchObject([
      {
        url: 'http://c:8500/v1/kv/live/a%20b/%7Bnothing%7D',
        init: { method: 'PUT', headers: { 'x-consul-token': 'swordfish' }, body: BODY },
      },
    ]);
  });

  it('run a command with the report on its stdin, without a shell', async () => {
    const { output } = await fired(
      `hooks: [{on: activated, run: [sh, -c, 'cat > DIR/out; echo " $LIGHTERMAN_REF $1" >> DIR/out', sh, "{ref};{image}"]}]`,
    );
    expect(output).toBe(`${BODY} team/shop:2 team/shop:2;sha256:i\n`);
  });

  it('end a command that takes too long, with all that it has started', async () => {
    const { output, lines } = await fired(`hooks: [{on: activated, run: [/bin/sh, -c, "trap '' TERM; sleep 1000 & echo $! > DIR/out; wait"], retries: 0, timeout-seconds: 1}]`); // prettier-ignore
    expect(lines).toEqual(['warn: hook failed: it took longer than 1 s']);
    const stateOf = async (): Promise<string> => readFile(`/proc/${output.trim()}/stat`, 'utf8').then((stat) => /\) (\S)/.exec(stat)?.[1] ?? '', () => 'Z'); // prettier-ignore
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('Z');
  });

  it('are tried again, in order, and given up in the end', async () => {
    const again = await fired('hooks: [{on: activated, post: "http://a", retries: 3}]', [500, 404, 200], [REPORT, { ...REPORT, at: 1 }]);
    expect(again.calls.map(({ init }) => (JSON.parse(init.body as string) as { at: string }).at)).toEqual(
      ['00', '00', '00', '01'].map((ms) => `1970-01-01T00:00:00.0${ms}Z`),
    );
    expect(again.slept).toEqual([1000, 2000]);
    const never = await fired('hooks: [{on: activated, post: "http://a", retries: 2}]', [500]);
    expect([never.calls.length, never.lines.at(-1)]).toEqual([3, 'warn: hook failed: a answered 500']);
    expect((await fired('hooks: [{on: activated, run: ["false"], retries: 0}]')).lines).toEqual([
      'warn: hook failed: false ended with 1: ',
    ]);
    expect((await fired('hooks: [{on: activated, run: [/none/such], retries: 0}]')).lines).toEqual([
      'warn: hook failed: spawn /none/such ENOENT',
    ]);
  });

  it('are for the events and names that they say', async () => {
    const other: HookReport[] = [{ ...REPORT, event: 'failed' }, { ...REPORT, refs: ['shop:2'] }, REPORT];
    const { calls } = await fired(
      'hooks: [{on: activated, names: ["team/*"], post: "http://a"}]',
      [200],
      other.slice(0, 1).concat(REPORT).slice(1),
    );
    expect(calls).toHaveLength(1);
    const none: HookConfig[] = [];
    const hooks = createHooks(none, { clock: systemClock, log: { info: () => {}, warn: () => {} } });
    hooks.fire(REPORT);
    await hooks[Symbol.asyncDispose]();
  });

  it.each([
    ['hooks: [{on: arrived, post: "http://a"}]', /:1:14: hooks\.0\.on: /],
    ['hooks: [{on: activated, post: "ftp://a"}]', /want http/],
    ['hooks: [{on: activated, etcd: "http://a"}]', /hooks\.0\.key: /],
    ['hooks: [{on: activated, run: [x], shell: true}]', /hooks\.0\.shell: /],
  ])('say what is wrong in the file: %s', async (yaml, message) => {
    await expect(fired(yaml)).rejects.toThrow(message);
  });
});
