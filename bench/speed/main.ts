/**
 * `node bench/speed/main.ts [--profile] [--cache DIR]`: the two speeds that a user feels, on the full set's shop-1 over loopback, of the programs in
 * dist/. `--profile` also says where the sender's time goes; it costs some time itself.
 *
 * - nothing missing: `lighterman ship` of an archive that both sides hold, in MB/s of the archive;
 * - first ship from engine to engine, by the time of `docker save | docker load` between the same two.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runCommand } from '../../shared/terminal/run-command.ts';
import { systemClock } from '../../shared/clock.ts';
import { startEngine, type Engine } from '../../test/support/engine.ts';
import { builtPrograms, type Programs } from '../built.ts';
import { openFullCorpus } from '../corpora/full-corpus.ts';
import { startSide, type Side } from '../measure/side.ts';
import { readShippedEvent, startReceiver } from '../peers/lighterman.ts';
import { secondsText } from '../report/format.ts';
import { readProfiles } from './profile.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const LINES_MAX = 12;
/** Ships and plain loads that are compared. */
const ROUNDS = 2;

interface Bench {
  readonly programs: Programs;
  readonly side: Side;
  readonly directory: string;
  readonly archive: string;
}

const { values } = parseArgs({
  options: { cache: { type: 'string', default: join(ROOT, 'bench/.cache') }, profile: { type: 'boolean', default: false } },
});

process.exitCode = await runCommand('speed', process, false, async () => {
  const programs = builtPrograms();
  const corpus = openFullCorpus(values.cache, (name) => void process.stderr.write(`building ${name}\n`));
  const archive = await corpus.archive('shop-1');
  const directory = await mkdtemp(join(tmpdir(), 'bench-speed-'));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(directory, { recursive: true, force: true }));
  const side = undo.use(await startSide());
  const bench = { programs, side, directory, archive };
  await nothingMissing(bench);
  await engineToEngine(bench);
});

async function nothingMissing(bench: Bench): Promise<void> {
  const { programs, side, directory, archive } = bench;
  const receiver = await startReceiver(side, join(directory, 'store-1'), ['none'], programs.receiver);
  await ship(bench, [archive], receiver.port, 'pool-1');
  const { seconds } = await ship(bench, [archive], receiver.port, 'pool-1', 'profile-1');
  await receiver.service.stop();
  const megabytes = (await stat(archive)).size / 1e6;
  say(
    `nothing missing: ${Math.round(megabytes / seconds)} MB/s (${Math.round(megabytes)} MB in ${secondsText(seconds)}, start of the program included)`,
  );
  sayProfile(join(directory, 'profile-1'));
}

/**
 * In turns, each into an engine of its own, since one that has the image would do nothing. All engines keep what they have until the end:
 * ext4 is slow at making files while there are many that were removed a moment ago.
 */
async function engineToEngine(bench: Bench): Promise<void> {
  const { side, archive } = bench;
  await using engines = new AsyncDisposableStack();
  const near = engines.use(await startEngine({ kind: '20' }));
  await side.run({ script: 'exec docker load -q -i "$1" > /dev/null', args: [archive], env: { DOCKER_HOST: near.address } });
  for (let round = 1; round <= ROUNDS; round++) {
    const [first, second] = [engines.use(await startEngine({ kind: '20' })), engines.use(await startEngine({ kind: '20' }))];
    const isShippedFirst = round % 2 === 0;
    const before = isShippedFirst ? await shipFirst(bench, near, first, round) : undefined;
    const plainSeconds = await saveAndLoad(side, near, isShippedFirst ? second : first);
    const seconds = before ?? (await shipFirst(bench, near, second, round));
    const factor = (seconds / plainSeconds).toFixed(2);
    say(
      `first ship, engine to engine: ${secondsText(seconds)}, ${factor} times \`docker save | docker load\` (${secondsText(plainSeconds)})`,
    );
    sayProfile(join(bench.directory, `profile-engine-${round}`));
  }
}

async function saveAndLoad(side: Side, near: Engine, far: Engine): Promise<number> {
  const startedMs = systemClock.monotonic();
  const script = 'docker -H "$1" save shop:1 | docker -H "$2" load -q > /dev/null';
  await side.run({ script, args: [near.address, far.address] });
  return (systemClock.monotonic() - startedMs) / 1000;
}

/** With a pool and a store that hold nothing. */
async function shipFirst(bench: Bench, near: Engine, far: Engine, round: number): Promise<number> {
  const { programs, side, directory } = bench;
  const delivery = ['engine', '--engine', far.address];
  const receiver = await startReceiver(side, join(directory, `store-engine-${round}`), delivery, programs.receiver);
  const source = ['shop:1', '--engine', near.address];
  const { seconds } = await ship(bench, source, receiver.port, `pool-engine-${round}`, `profile-engine-${round}`);
  await receiver.service.stop();
  return seconds;
}

async function ship(
  { programs, side, directory }: Bench,
  source: readonly string[],
  port: number,
  pool: string,
  profile?: string,
): Promise<{ seconds: number }> {
  const isProfiled = values.profile && profile !== undefined;
  const flags = isProfiled ? ['--cpu-prof', `--cpu-prof-dir=${join(directory, profile)}`] : [];
  const args = [process.execPath, ...flags, programs.sender, 'ship', ...source, '--to', `ws://127.0.0.1:${port}`];
  const startedMs = systemClock.monotonic();
  const output = await side.run({ script: 'exec "$@"', args: [...args, '--store', join(directory, pool), '--json', '--quiet'] });
  const seconds = (systemClock.monotonic() - startedMs) / 1000;
  readShippedEvent(output);
  return { seconds };
}

function sayProfile(directory: string): void {
  if (!values.profile) return;
  const lines = readProfiles(directory, ROOT);
  const total = lines.reduce((sum, { seconds }) => sum + seconds, 0);
  for (const { where, seconds } of lines.slice(0, LINES_MAX)) {
    say(`  ${((seconds / total) * 100).toFixed(1).padStart(5)} %  ${secondsText(seconds).padStart(7)}  ${where}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
