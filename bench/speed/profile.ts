/** Where the time of a process went, from the CPU profiles that Node writes (`--cpu-prof`; format of the Chrome DevTools Protocol, Profiler.Profile). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ProfileLine {
  /** A source file of ours, a package, or a built-in part: `(garbage collector)`, `node:zlib`. */
  readonly where: string;
  /** Of all threads together, spent there and not in what it calls. */
  readonly seconds: number;
}

interface Profile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string } }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Sums up all profiles in a folder, dearest first; waiting is left out. */
export function readProfiles(directory: string, root: string): ProfileLine[] {
  const seconds = new Map<string, number>();
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.cpuprofile'))) {
    addProfile(JSON.parse(readFileSync(join(directory, name), 'utf8')) as Profile, root, seconds);
  }
  seconds.delete('(idle)');
  return [...seconds].map(([where, spent]) => ({ where, seconds: spent })).toSorted((a, b) => b.seconds - a.seconds);
}

function addProfile({ nodes, samples, timeDeltas }: Profile, root: string, seconds: Map<string, number>): void {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame, root)]));
  for (const [index, sample] of samples.entries()) {
    const place = places.get(sample) ?? '(unknown)';
    seconds.set(place, (seconds.get(place) ?? 0) + (timeDeltas[index] ?? 0) / 1e6);
  }
}

/** Native functions have no file: they go by their own name. */
function placeOf({ functionName, url }: Profile['nodes'][number]['callFrame'], root: string): string {
  if (url === '') return functionName === '' ? '(native)' : functionName;
  const path = url.replace('file://', '').replace(`${root}/`, '');
  return /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
}
