/**
 * Real processes that are killed at random while versions of an image are shipped, over a link that breaks at random: what arrives is
 * identical, and nothing that was acknowledged is ever missing.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TransferError } from '../../shared/errors.ts';
import { sha256Digest } from '../../shared/hash.ts';
import { seededRandom } from '../fuzz/mutate.ts';
import { runAgent, startReceiver, temporaryDirectory, type Receiver } from '../support/agents.ts';
import { imageEntries } from '../support/craft-image.ts';
import { craftEntry, craftTar } from '../support/craft-tar.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { isRunning } from '../support/process.ts';
import { seededBytes } from '../support/random.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly onShipped?: (report: SoakReport) => void;
}

export interface SoakReport {
  /** Runs of the sender, and those of them that ended with a receipt. */
  runs: number;
  acknowledged: number;
  senderKills: number;
  receiverKills: number;
  linkCuts: number;
  /** Connections beyond the first, of the runs that ended with a receipt. */
  reconnections: number;
}

/** Pauses between two kills of the receiver: on a busy machine its start alone takes seconds. */
const KILL_MS_MIN = 3000;
const KILL_MS_MAX = 12_000;
const LAYER_BYTES = 250_000;
const LAYERS = 3;

/** Two of the layers change a little from version to version, one is new. */
function version(number: number): Uint8Array {
  const layers = Array.from({ length: LAYERS }, (_, i) => {
    const content = seededBytes(i === 0 ? 1000 + number : i, LAYER_BYTES);
    content.fill(number, 5000, 5050);
    return craftTar([craftEntry({ name: `srv/${i}` }, content), craftEntry({ name: 'version' }, `${i} of ${number}`)]);
  });
  return craftTar(imageEntries({ images: [{ tag: `soak:${number}`, layers }], layout: 'oci' }));
}

/** @throws TransferError INTEGRITY where a promise was broken; the seed is in its message. */
export async function soak({ seconds, seed, onShipped }: SoakOptions): Promise<SoakReport> {
  const random = seededRandom(seed);
  const between = (low: number, high: number): number => low + random(high - low);
  const report: SoakReport = { runs: 0, acknowledged: 0, senderKills: 0, receiverKills: 0, linkCuts: 0, reconnections: 0 };
  const fail = (what: string): TransferError => new TransferError('INTEGRITY', `soak with seed ${seed}: ${what}`);
  await using directory = await temporaryDirectory();
  const path = (name: string): string => join(directory.path, name);
  const until = performance.now() + seconds * 1000;
  const over = new AbortController();

  const serve = (): Promise<Receiver> => startReceiver(['--deliver', `archive:${path('delivered')}`], { store: path('store') });
  let receiver: Receiver | undefined = await serve();
  const killing = (async () => {
    while (!over.signal.aborted) {
      await sleep(between(KILL_MS_MIN, KILL_MS_MAX), undefined, { signal: over.signal }).catch(() => {});
      if (over.signal.aborted) return;
      const victim = receiver;
      receiver = undefined;
      await victim.stop('SIGKILL');
      report.receiverKills++;
      await victim[Symbol.asyncDispose]();
      receiver = await serve();
    }
  })();
  // A receiver that does not start again is what is to be told, not the ship that fails then.
  const stopped = new Promise<never>((_, reject) => killing.catch(reject));
  stopped.catch(() => {});
  await using proxy = await startCuttingProxy(
    () => receiver?.address.slice('ws://'.length),
    () => ({ cutAfterBytes: random(10) < 7 ? between(0, 400_000) : undefined }),
  );

  const shipOnce = async (archive: string): Promise<boolean> => {
    report.runs++;
    let timer: NodeJS.Timeout | undefined;
    const kill = (pid: number): void => {
      if (!isRunning(pid)) return;
      process.kill(pid, 'SIGKILL');
      report.senderKills++;
    };
    const { status, stdout, stderr } = await runAgent(
      'sender',
      ['ship', archive, '--to', proxy.address, '--store', path('pool'), '--json', '--quiet', '--retry', '10m'],
      { onStart: (pid) => (random(2) === 0 ? (timer = setTimeout(kill, between(300, 2500), pid)) : undefined) },
    );
    clearTimeout(timer);
    if (status === 0)
      report.reconnections += (JSON.parse(stdout.trimEnd().split('\n').at(-1) as string) as { reconnections: number }).reconnections;
    else if (status !== null) throw fail(`a ship ended with ${status}: ${stderr}`);
    return status === 0;
  };

  const digests = new Map<string, string>();
  try {
    // A short one on a slow machine goes on until something was broken.
    const isOver = (): boolean => performance.now() > until && digests.size > 0 && report.receiverKills + proxy.cuts > 0;
    for (let number = 1; !isOver(); number++) {
      const archive = version(number);
      await writeFile(path('next.tar'), archive);
      while (!(await Promise.race([shipOnce(path('next.tar')), stopped])));
      report.acknowledged++;
      report.linkCuts = proxy.cuts;
      digests.set(`soak:${number}`, sha256Digest(archive));
      if (sha256Digest(await readFile(path(`delivered/soak_${number}.tar`))) !== sha256Digest(archive))
        throw fail(`soak:${number} arrived as something else`);
      onShipped?.(report);
    }
  } finally {
    over.abort();
    await killing.catch(() => {});
    await receiver?.stop('SIGKILL');
    await receiver?.[Symbol.asyncDispose]();
  }
  await checkStore(path('store'), digests, path, fail);
  return report;
}

/** Everything that was acknowledged is in the store that was left behind, and comes back from it. */
async function checkStore(
  store: string,
  digests: ReadonlyMap<string, string>,
  path: (name: string) => string,
  fail: (what: string) => TransferError,
): Promise<void> {
  const checked = await runAgent('receiver', ['check', '--read-all', '--store', store, '--json']);
  if (checked.status !== 0) throw fail(`the store is not sound: ${checked.stdout}${checked.stderr}`);
  const listed = await runAgent('receiver', ['images', '--store', store, '--json']);
  for (const name of digests.keys()) if (!listed.stdout.includes(`"${name}"`)) throw fail(`${name} was acknowledged and is gone`);
  const [name, digest] = [...digests][Math.floor(digests.size / 2)] as [string, string];
  const restored = await runAgent('receiver', ['restore', name, '--store', store, '-o', path('restored.tar')]);
  if (restored.status !== 0 || sha256Digest(await readFile(path('restored.tar'))) !== digest)
    throw fail(`${name} does not come back: ${restored.stderr}`);
}
