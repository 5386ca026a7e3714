/** The command line of the benchmark: `npm run bench -- --help`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import { systemClock } from '../shared/clock.ts';
import { TransferError } from '../shared/errors.ts';
import { runCommand } from '../shared/terminal/run-command.ts';
import { baselineOf, compareWithBaseline, readBaseline, writeBaseline } from './baseline.ts';
import { chooseCorpus, chooseLinks, choosePairs, choosePeers, isGuardRun, type Choice } from './choice.ts';
import type { Corpus } from './corpora/corpus.ts';
import { LINKS } from './links/link.ts';
import { describeMachine, describeVersions } from './machine.ts';
import { PEERS } from './peers/peers.ts';
import { bytesText, secondsText } from './report/format.ts';
import { reportPage } from './report/page.ts';
import { REPORT_FORMAT, wireBytes, type Report } from './report/report.ts';
import { reportTables } from './report/table.ts';
import { runBenchmark, type RunEvent } from './run.ts';
import type { DeliverTo } from './workplace.ts';

interface Flags extends Choice {
  readonly out: string;
  readonly secondsMax: number;
  readonly deliver: DeliverTo;
  readonly history: boolean;
  readonly list?: boolean;
}

const SHAPER = 'userspace TCP proxy on loopback (bench/links/shaper.ts): rate and delay in each direction; no loss, no slow start';

const names = (text: string): string[] => text.split(',').filter(Boolean);
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const program = new Command('bench')
  .description('Ships real images by every technique found here and says what crossed the wire.')
  .option('--quick', 'small images from pinned packages, fast techniques, no shaped links: under two minutes on two cores')
  .option('--pair <archives...>', 'your own OLD and NEW: archives, or images of the engine')
  .addOption(new Option('--pairs <names>', 'only these standard pairs').argParser(names))
  .addOption(new Option('--peers <names>', 'only these techniques').argParser(names))
  .addOption(new Option('--links <names>', `only these links: ${LINKS.map(({ name }) => name).join(',')}`).argParser(names))
  .option('--out <directory>', 'where report.json and report.html go', here('out'))
  .option('--cache <directory>', 'where built images are kept', here('.cache'))
  .addOption(new Option('--seconds-max <seconds>', 'give a shipment up after so long').argParser(Number).default(600))
  .addOption(
    new Option('--deliver <end>', 'where a shipment is over: an archive, or the far engine and its registry (root)')
      .choices(['archive', 'engine'])
      .default('archive'),
  )
  .option('--no-history', 'do not measure the disk over several versions')
  .option('--check', 'the quick set by lighterman alone: fail where bytes grew over bench/baseline.json')
  .option('--write-baseline', 'the same, and write bench/baseline.json')
  .option('--list', 'say what there is and end')
  .action(async (flags: Flags) => {
    process.exitCode = await runCommand('bench', process, false, (signal) => bench(flags, signal));
  });
await program.parseAsync();

async function bench(flags: Flags, signal: AbortSignal): Promise<void> {
  await using corpus = await chooseCorpus(flags, (name) => say(`building ${name}`));
  if (flags.list === true) return printList(corpus);
  const pairs = choosePairs(corpus, flags);
  const links = chooseLinks(flags);
  const { peers, described } = await choosePeers(flags);
  for (const { name, skipped } of described) if (skipped !== undefined) say(`${name}: skipped, ${skipped}`);
  const startedAt = new Date(systemClock.now()).toISOString();
  const withHistory = flags.history && !isGuardRun(flags);
  const result = await runBenchmark(
    { corpus, pairs, peers, links, secondsMax: flags.secondsMax, deliverTo: flags.deliver, withHistory, signal },
    (event) => say(eventText(event)),
  );
  const report: Report = {
    format: REPORT_FORMAT,
    startedAt,
    command: ['npm run bench', ...process.argv.slice(2)].join(' ').replace('bench ', 'bench -- '),
    machine: describeMachine(),
    versions: await describeVersions(),
    corpus: corpus.name,
    deliverTo: flags.deliver,
    shaper: SHAPER,
    links,
    peers: described,
    ...result,
  };
  if (isGuardRun(flags)) guard(report, flags);
  else await writeReport(report, flags.out);
}

function printList(corpus: Corpus): void {
  const lines = [
    'pairs:',
    ...corpus.pairs.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`),
    'techniques:',
    ...PEERS.map(({ name, title, needs }) => `  ${name.padEnd(14)} ${title}; sender: ${needs.sender}; receiver: ${needs.receiver}`),
    'links:',
    ...LINKS.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function eventText(event: RunEvent): string {
  if (event.kind === 'measured') {
    const { pair, peer, link, basis, seconds } = event.measurement;
    return `${pair}, ${peer}, ${link}: ${bytesText(wireBytes(event.measurement))} in ${secondsText(seconds)} (${basis})`;
  }
  if (event.kind === 'failed') {
    const { pair, peer, link, reason } = event.failure;
    return `${pair}, ${peer}, ${link}: ${reason}`;
  }
  const { peer, version, receiverDiskBytes } = event.point;
  return `history, ${peer}, ${version}: ${bytesText(receiverDiskBytes)} on disk`;
}

/** @throws TransferError INTEGRITY where the quick set costs more bytes than the baseline allows. */
function guard(report: Report, flags: Flags): void {
  const found = baselineOf(report);
  if (flags.writeBaseline === true) {
    writeBaseline(found);
    return;
  }
  const { lines, hasGrown } = compareWithBaseline(readBaseline(), found);
  process.stdout.write(`${lines.join('\n')}\n`);
  if (hasGrown)
    throw new TransferError('INTEGRITY', 'bytes on the wire grew', { hint: 'find out why, or write the baseline again and say so' });
}

async function writeReport(report: Report, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'report.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(join(directory, 'report.html'), reportPage(report));
  process.stdout.write(`${reportTables(report)}\n\nwritten: ${join(directory, 'report.json')}, ${join(directory, 'report.html')}\n`);
}
