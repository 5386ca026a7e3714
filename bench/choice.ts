/** What a command line asks for: which images, which techniques, which links. */
import { TransferError } from '../shared/errors.ts';
import type { Corpus, PairPlan } from './corpora/corpus.ts';
import { openFullCorpus } from './corpora/full-corpus.ts';
import { openOwnPair } from './corpora/own-pair.ts';
import { openQuickCorpus } from './corpora/quick-corpus.ts';
import { linkNamed, LINKS, UNLIMITED, type Link } from './links/link.ts';
import { lightermanSteady } from './peers/lighterman.ts';
import type { Peer } from './peers/peer.ts';
import { findTools, PEERS, peersNamed } from './peers/peers.ts';
import { REFERENCE_PEER, type PeerReport } from './report/report.ts';

/** The flags of bench/main.ts that choose. */
export interface Choice {
  readonly quick?: boolean;
  readonly pair?: readonly string[];
  readonly pairs?: readonly string[];
  readonly peers?: readonly string[];
  readonly links?: readonly string[];
  readonly cache: string;
  readonly check?: boolean;
  readonly writeBaseline?: boolean;
}

/** True where the run is there to be compared with the baseline. */
export function isGuardRun({ check, writeBaseline }: Choice): boolean {
  return check === true || writeBaseline === true;
}

/** @throws TransferError USAGE for a `--pair` that is not two. */
export async function chooseCorpus(choice: Choice, announce: (name: string) => void): Promise<Corpus & AsyncDisposable> {
  if (choice.pair !== undefined) {
    const [older, newer, ...others] = choice.pair;
    if (older === undefined || newer === undefined || others.length > 0) throw new TransferError('USAGE', '--pair takes two: OLD NEW');
    return openOwnPair(older, newer);
  }
  const corpus = usesQuickSet(choice) ? openQuickCorpus(choice.cache, announce) : openFullCorpus(choice.cache, announce);
  return { ...corpus, [Symbol.asyncDispose]: async () => undefined };
}

/** @throws TransferError USAGE for a name that the corpus does not have. */
export function choosePairs(corpus: Corpus, { pairs: names }: Choice): readonly PairPlan[] {
  const unknown = names?.find((name) => !corpus.pairs.some((pair) => pair.name === name));
  if (unknown !== undefined) {
    throw new TransferError('USAGE', `no pair is called ${unknown}: ${corpus.pairs.map(({ name }) => name).join(', ')}`);
  }
  return names === undefined ? corpus.pairs : corpus.pairs.filter(({ name }) => names.includes(name));
}

/** All links for the full set, the unlimited one for the quick set, or those that are named. */
export function chooseLinks(choice: Choice): readonly Link[] {
  return choice.links?.map(linkNamed) ?? (usesQuickSet(choice) ? [UNLIMITED] : LINKS);
}

/** The techniques that can run, and what the report says of all that were asked for. */
export async function choosePeers(choice: Choice): Promise<{ peers: Peer[]; described: PeerReport[] }> {
  const leavesSlowOut = usesQuickSet(choice) && choice.peers === undefined;
  const peers: Peer[] = [];
  const described: PeerReport[] = [];
  const asked = choice.peers === undefined ? PEERS : peersNamed(choice.peers);
  for (const peer of isGuardRun(choice) ? [lightermanSteady, ...peersNamed([REFERENCE_PEER])] : asked) {
    const { versions, missing } = await findTools(peer);
    const skipped = missing ?? (peer.isSlow && leavesSlowOut ? `too slow for the quick set (--peers ${peer.name} runs it)` : undefined);
    if (skipped === undefined) peers.push(peer);
    const { name, title, needs, keeps } = peer;
    described.push({ name, title, needs, keeps, versions, skipped });
  }
  return { peers, described };
}

function usesQuickSet(choice: Choice): boolean {
  return choice.quick === true || isGuardRun(choice);
}
