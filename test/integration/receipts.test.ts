/** What a delivery leaves behind, at both sides, through the commands that a user has. */
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { showReceipts, type ReceiptsFlags } from '../../receiver/cli/receipts.ts';
import { showReceipts as showShipped } from '../../sender/cli/receipts.ts';
import { runAgent, ship, startReceiver, temporaryDirectory } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';

interface Entry {
  readonly event: string;
  readonly at: string;
  readonly from?: { readonly peer: string; readonly agent: string; readonly who: string };
  readonly to?: string;
  readonly archiveBytes?: number;
  readonly gzipBytes?: number;
  readonly images?: readonly { readonly names: readonly string[]; readonly configDigest: string; readonly layers: readonly string[] }[];
  readonly wire?: { readonly sentBytes: number; readonly receivedBytes: number };
  readonly seconds?: number;
}

async function receipts(store: string, flags: Partial<ReceiptsFlags>): Promise<string> {
  const output: string[] = [];
  await showReceipts({ store, ...flags }, { write: (text) => output.push(text) });
  return output.join('');
}

async function entries(store: string): Promise<Entry[]> {
  return (await receipts(store, { json: true }))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
}

describe('receipts', () => {
  it('tell of every delivery, hold, and show what was changed', { timeout: 120_000 }, async () => {
    await using directory = await temporaryDirectory();
    const store = join(directory.path, 'store');
    const archive = join(directory.path, 'app.tar');
    await writeFile(archive, appVersion(1));
    {
      await using receiver = await startReceiver(['--deliver', `archive:${directory.path}/out`, '--status', '127.0.0.1:0'], { store });
      const shipArgs = [archive, '--to', receiver.address, '--store', join(directory.path, 'pool')];
      const first = await ship(shipArgs);
      expect(first.transfer).toMatch(/^[0-9a-f]{16}$/);
      await ship(shipArgs);
      await ship([...shipArgs, '--as', 'other:1']);
      // One name for it on both sides.
      expect(receiver.log()).toMatch(new RegExp(`image delivered .*"transfer":"${first.transfer}"`));
      const status = /"status":"(http:[^"]+)"/.exec(receiver.log())![1]!;
      const shown = async (path: string): Promise<string> => (await fetch(status + path)).text();
      expect(await shown('readyz')).toBe('ready\n');
      expect(await shown('metrics')).toContain('lightermand_deliveries_total{event="delivered"} 2');
      const model = JSON.parse(await shown('status.json')) as {
        store: object;
        images: { rows: { names: string[]; aloneBytes: number }[] };
      };
      expect(model).toMatchObject({ store: { images: 1 }, images: { matching: 1 } });
      expect(model.images.rows[0]!.names).toEqual(['app:1', 'other:1']);
      expect(model.images.rows[0]!.aloneBytes).toBeGreaterThan(1000);
      // While it serves.
      const [one, two, three] = await entries(store);
      expect([one?.event, two?.event, three?.event]).toEqual(['delivered', 'unchanged', 'delivered']);
      expect(one).toMatchObject({
        from: { agent: expect.stringMatching(/^lighterman /) as string, who: 'anyone' },
        archiveBytes: appVersion(1).byteLength,
        images: [{ names: ['app:1'], configDigest: expect.stringMatching(/^sha256:/) as string }],
      });
      expect(one!.gzipBytes).toBeGreaterThan(0.1 * one!.archiveBytes!);
      expect(one!.gzipBytes).toBeLessThan(1.1 * one!.archiveBytes!);
      expect(one!.images![0]!.layers.length).toBeGreaterThan(0);
      expect(one!.wire!.receivedBytes).toBeGreaterThan(two!.wire!.receivedBytes);
      expect(three!.images![0]!.names).toEqual(['other:1']);
    }
    expect((await runAgent('receiver', ['restore', 'app:1', '--store', store, '-o', join(directory.path, 'again.tar')])).status).toBe(0);
    expect((await entries(store)).map(({ event, to }) => [event, to]).at(-1)).toEqual(['restored', 'archive']);

    // The sender's side of it.
    const key = join(directory.path, 'far-host.pem');
    await writeFile(key, await receipts(store, { publicKey: true }));
    const pool = join(directory.path, 'pool');
    const shipped = async (flags: Omit<Parameters<typeof showShipped>[0], 'store'>): Promise<string> => {
      const output: string[] = [];
      await showShipped({ store: pool, ...flags }, { write: (text) => output.push(text) });
      return output.join('');
    };
    expect(await shipped({ verify: true, key })).toBe('3 entries: their chain holds, and so do all proofs\n2 proofs of receivers\n');
    const lines = (await shipped({ json: true })).trimEnd().split('\n');
    const [mine, again] = lines.map((line) => JSON.parse(line) as { event: string; transfer: string; proof?: object });
    expect([mine!.event, again!.event, again!.proof]).toEqual(['delivered', 'unchanged', undefined]);
    expect((await entries(store))[0]).toMatchObject({ transfer: mine!.transfer });
    expect(await shipped({})).toContain('app:1');
    await writeFile(join(pool, 'journal.jsonl'), `${lines[0]!.replace('"app:1"', '"app:9"')}\n`);
    await expect(shipped({ verify: true, key })).rejects.toMatchObject({ code: 'INTEGRITY' });

    expect(await receipts(store, {})).toMatch(/1\s+\d{4}-.*delivered\s+app:1\s+[\d.]+ [kM]?B\s+\d+\.\d/);
    expect(await receipts(store, { verify: true })).toBe('4 entries: their chain and their signatures hold\n');
    expect(await receipts(store, { publicKey: true })).toMatch(/^-----BEGIN PUBLIC KEY-----/);

    const journal = join(store, 'journal.jsonl');
    expect((await stat(journal)).mode & 0o777).toBe(0o600);
    const text = await readFile(journal, 'utf8');
    await writeFile(journal, text.replace('"who":"anyone"', '"who":"nobody"'));
    const changed = await runAgent('receiver', ['receipts', '--store', store, '--verify', '--json']);
    expect(changed.status).toBe(11);
    expect(changed.stdout).toMatch(/line 1 is not signed with this key\nline 2 does not follow the line before/);
    expect(JSON.parse(changed.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ event: 'failed', code: 'INTEGRITY' });
    await writeFile(journal, text);
    await appendFile(journal, '{}\n');
    await expect(receipts(store, { verify: true })).rejects.toMatchObject({ code: 'INTEGRITY' });
  });

  it('are asked for where there is a store', async () => {
    await using directory = await temporaryDirectory();
    await expect(receipts(directory.path, { verify: true })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
