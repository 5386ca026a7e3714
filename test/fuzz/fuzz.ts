/** The loop: every input of the corpus as it is, then mutations of them until the time is over. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHIVE_TARGETS } from './archive-targets.ts';
import { FORMAT_TARGETS } from './format-targets.ts';
import { WRAPPED_TARGETS } from './wrapped-targets.ts';
import { mutate, seededRandom, type Random } from './mutate.ts';
import { isExpected, type Target } from './target.ts';

export const TARGETS: readonly Target[] = [...FORMAT_TARGETS, ...WRAPPED_TARGETS, ...ARCHIVE_TARGETS];

const CORPUS = join(import.meta.dirname, 'corpus');
/** Whoever waits for longer waits for something that does not come. */
const STUCK_MS = 30_000;
/** Inputs between two looks at the clock. */
const BATCH = 16;

export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly error: unknown;
}

export interface FuzzResult {
  /** Inputs tried, by target. */
  readonly tried: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
  /** Of each target, the input that took longest. */
  readonly slowest: readonly { readonly target: string; readonly ms: number; readonly input: Uint8Array }[];
}

/** Inputs that are kept: seeds, and what once found a fault. */
export function readCorpus({ name }: Target): Uint8Array[] {
  const directory = join(CORPUS, name);
  return readdirSync(directory)
    .toSorted()
    .map((file) => new Uint8Array(readFileSync(join(directory, file))));
}

/** @returns the path. */
export function keep(target: string, input: Uint8Array, prefix: string): string {
  const directory = join(CORPUS, target);
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${prefix}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`);
  writeFileSync(path, input);
  return path;
}

/** The error where the target has a fault. */
export async function tryInput(target: Target, input: Uint8Array): Promise<{ readonly error: unknown } | undefined> {
  const stuck = Promise.withResolvers<never>();
  const timer = setTimeout(() => stuck.reject(new TypeError('it comes to no end')), STUCK_MS);
  try {
    await Promise.race([target.run(input), stuck.promise]);
    return undefined;
  } catch (error) {
    return isExpected(error) ? undefined : { error };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Gives each target its turn until `seconds` are over.
 * @param now in milliseconds.
 */
export async function fuzz(targets: readonly Target[], seconds: number, seed: number, now: () => number): Promise<FuzzResult> {
  const random = seededRandom(seed);
  const findings: Finding[] = [];
  const tried: Record<string, number> = {};
  const slowest = new Map<string, { target: string; ms: number; input: Uint8Array }>();
  const corpora = new Map(targets.map((target) => [target, readCorpus(target)]));
  const tryOne = async (target: Target, input: Uint8Array): Promise<void> => {
    const began = now();
    const fault = await tryInput(target, input);
    const ms = now() - began;
    tried[target.name] = (tried[target.name] ?? 0) + 1;
    if (ms > (slowest.get(target.name)?.ms ?? 0)) slowest.set(target.name, { target: target.name, ms, input });
    if (fault !== undefined) findings.push({ target: target.name, input, error: fault.error });
  };
  for (const [target, corpus] of corpora) for (const input of corpus) await tryOne(target, input);
  const until = now() + seconds * 1000;
  const spent = new Map<Target, number>(targets.map((target) => [target, 0]));
  while (now() < until) {
    // Whoever had least time so far: a slow target gets no more of it than the others.
    const [target] = [...spent].toSorted(([, a], [, b]) => a - b)[0] as [Target, number];
    const corpus = corpora.get(target) as Uint8Array[];
    const began = now();
    for (let i = 0; i < BATCH && now() < until; i++) await tryOne(target, next(corpus, random, target.bytesMax));
    spent.set(target, (spent.get(target) ?? 0) + now() - began + 1);
    // What is found again and again says nothing new.
    if (findings.length > 50) break;
  }
  return { tried, findings, slowest: [...slowest.values()] };
}

function next(corpus: readonly Uint8Array[], random: Random, max: number): Uint8Array {
  const pick = (): Uint8Array => corpus[random(corpus.length)] as Uint8Array;
  return mutate(pick(), pick(), random, max);
}
