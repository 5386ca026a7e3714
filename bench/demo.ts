/**
 * `npm run demo`: ships two versions of a real image between two hosts on this machine and shows what crossed the wire. As root on
 * Debian the hosts are Docker engines, which it installs and starts beside whatever runs here; elsewhere they are folders. Everything
 * that it started and wrote is gone when it ends, but for what it keeps in node_modules/.cache.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { systemClock } from '../shared/clock.ts';
import { TransferError } from '../shared/errors.ts';
import { runCommand } from '../shared/terminal/run-command.ts';
import { formatBytes, formatSeconds } from '../shared/terminal/units.ts';
import { ship, startReceiver, wireBytes } from '../test/support/agents.ts';
import { openArchiveHosts } from './demo/archive-hosts.ts';
import { RUN_APPLICATION, writeDemoVersion, type DemoVersion, type Version } from './demo/demo-image.ts';
import { openEngineHosts } from './demo/engine-hosts.ts';
import { gzipBytes } from './demo/gzip.ts';
import type { Hosts } from './demo/hosts.ts';
import { demoTable, type DemoRow } from './demo/table.ts';

await new Command('demo')
  .description('Ships two versions of a real image between two hosts on this machine and shows what crossed the wire.')
  .option('--archives', 'between two folders, even where engines could be had')
  .action(async (flags: { archives?: boolean }) => {
    process.exitCode = await runCommand('demo', process, false, (signal) => demo(flags.archives === true, signal));
  })
  .parseAsync();

async function demo(wantsArchives: boolean, signal: AbortSignal): Promise<void> {
  const began = systemClock.monotonic();
  await using undo = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'lighterman-demo-'));
  undo.defer(() => rm(directory, { recursive: true, force: true }));

  const reason = wantsArchives ? 'as asked' : whyNoEngines();
  if (reason === undefined) await prepareMachine(signal);
  else say(`without engines: ${reason}`);
  signal.throwIfAborted();
  const hosts = undo.use(reason === undefined ? await openEngineHosts() : openArchiveHosts(join(directory, 'arrived')));
  say(`hosts: ${hosts.title}`);
  const receiver = undo.use(await startReceiver(hosts.serveOptions, { store: join(directory, 'store') }));

  const build = async (version: Version): Promise<DemoVersion> => {
    say(`building shop:${version}${version === 2 ? ': the same again the day after, with one changed source file' : ''}`);
    const built = await writeDemoVersion(version, { directory, withBase: reason === undefined, signal, say });
    await hosts.place(built);
    signal.throwIfAborted();
    return built;
  };
  const send = (version: DemoVersion): Promise<Shipment> =>
    shipOnce(version, hosts, { to: receiver.address, pool: join(directory, 'pool'), signal });

  const first = await build(1);
  const firstGzip = await gzipOf(first, hosts, signal);
  const rows: DemoRow[] = [{ what: 'shop:1, the first', gzipBytes: firstGzip, ...(await send(first)) }];
  const second = await build(2);
  const secondGzip = await gzipOf(second, hosts, signal);
  rows.push({ what: 'shop:2, rebuilt', gzipBytes: secondGzip, ...(await send(second)) });
  rows.push({ what: 'shop:2, again', gzipBytes: secondGzip, ...(await send(second)) });
  const said = await hosts.run(second, RUN_APPLICATION);
  if (said !== undefined) say(`the far engine runs it: ${said}`);

  process.stdout.write(`${demoTable(rows)}\n`);
  say(`done in ${formatSeconds((systemClock.monotonic() - began) / 1000)}`);
  if (rows.some(({ here, there }) => here !== there)) throw new TransferError('INTEGRITY', 'what arrived is not what was sent');
}

type Shipment = Omit<DemoRow, 'what' | 'gzipBytes'>;

async function shipOnce(
  version: DemoVersion,
  hosts: Hosts,
  { to, pool, signal }: { readonly to: string; readonly pool: string; readonly signal: AbortSignal },
): Promise<Shipment> {
  const options = hosts.shipOptions(version);
  say(`$ lighterman ship ${options.join(' ')} --to ${to}`);
  const began = systemClock.monotonic();
  const result = await ship([...options, '--to', to, '--store', pool], { signal });
  const seconds = (systemClock.monotonic() - began) / 1000;
  say(`  ${formatBytes(wireBytes(result))} on the wire in ${formatSeconds(seconds)}`);
  const registryDigest = result.images[0]?.pushed[0]?.split('@')[1];
  return { wireBytes: wireBytes(result), seconds, registryDigest, ...(await hosts.identify(version)) };
}

function gzipOf(version: DemoVersion, hosts: Hosts, signal: AbortSignal): Promise<number> {
  say(`what "docker save ${version.ref} | gzip" would send: counting`);
  return gzipBytes(hosts.save(version, signal), signal);
}

/** Undefined where engines can be had. */
function whyNoEngines(): string | undefined {
  if (process.getuid?.() !== 0) return 'starting engines takes root';
  return existsSync('/usr/bin/apt-get') ? undefined : 'installing them takes apt';
}

async function prepareMachine(signal: AbortSignal): Promise<void> {
  say('making the machine ready (.ci/prepare)');
  const child = spawn(resolve(import.meta.dirname, '../.ci/prepare'), [], { signal, stdio: ['ignore', 2, 2] });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0)
    throw new TransferError('INTERNAL', `.ci/prepare ended with ${status}`, { hint: 'npm run demo -- --archives needs no engines' });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
