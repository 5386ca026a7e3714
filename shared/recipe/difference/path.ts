/** Paths of entries as latin1 texts (each character one byte). */
import { hashText } from './decision.ts';

/** What the models want to know of a path, worked out once. */
export interface PathFacts {
  /** As the entry has it. */
  readonly path: string;
  readonly normal: string;
  /** Of the normal path: up to its last `/`, with that. */
  readonly directory: string;
  readonly directoryHash: number;
  /** The last component from its last dot. */
  readonly extension: string;
  readonly extensionHash: number;
}

/** Facts of paths that mostly stay in one directory for a while. */
export function createPathReader(): (path: string) => PathFacts {
  let directory = '';
  let directoryHash = hashText('');
  return (path) => {
    const normal = normalPath(path);
    const length = normal.lastIndexOf('/') + 1;
    if (length !== directory.length || !normal.startsWith(directory)) {
      directory = normal.slice(0, length);
      directoryHash = hashText(directory);
    }
    const extension = extensionOf(normal);
    return { path, normal, directory, directoryHash, extension, extensionHash: hashText(extension) };
  };
}

/** Without what writers differ in: leading `./` and `/`, trailing `/`. What entries of different recipes are matched by. */
export function normalPath(path: string): string {
  let start = 0;
  for (;;) {
    if (path.charCodeAt(start) === 0x2f) start++;
    else if (path.charCodeAt(start) === 0x2e && path.charCodeAt(start + 1) === 0x2f) start += 2;
    else break;
  }
  let end = path.length;
  while (end > start && path.charCodeAt(end - 1) === 0x2f) end--;
  const normal = path.slice(start, end);
  return normal === '.' ? '' : normal;
}

/** Negative where `a` comes before `b` in a walk that goes through each directory by name: `/` is less than any other byte. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = a.charCodeAt(at) - b.charCodeAt(at);
    if (difference === 0) continue;
    if (a.charCodeAt(at) === 0x2f) return -1;
    return b.charCodeAt(at) === 0x2f ? 1 : difference;
  }
  return a.length - b.length;
}

/** The path up to and including its last `/` that is not its end; empty where there is none. */
export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/', path.length - 2) + 1);
}

/** What follows the last dot of the last component; empty where there is none. */
export function extensionOf(path: string): string {
  const start = path.lastIndexOf('/') + 1;
  const dot = path.lastIndexOf('.');
  return dot > start ? path.slice(dot) : '';
}

/** A prefix that another one takes the place of. */
export interface Renaming {
  readonly from: string;
  readonly to: string;
}

export const NO_RENAMING: Renaming = { from: '', to: '' };

/** `path` under the new prefix; unchanged where it does not begin with the old one. */
export function renamed(path: string, renaming: Renaming): string {
  return path.startsWith(renaming.from) ? renaming.to + path.slice(renaming.from.length) : path;
}

/** The renaming that makes `to` of `from`: what is before the longest end that both share, cut at a `/`. */
export function renamingBetween(from: string, to: string): Renaming {
  let shared = 0;
  while (shared < from.length && shared < to.length && from.charCodeAt(from.length - 1 - shared) === to.charCodeAt(to.length - 1 - shared))
    shared++;
  // The shared end begins a component on both sides.
  while (shared > 0 && !(startsComponent(from, from.length - shared) && startsComponent(to, to.length - shared))) shared--;
  return { from: from.slice(0, from.length - shared), to: to.slice(0, to.length - shared) };
}

function startsComponent(path: string, at: number): boolean {
  return at === 0 || path.charCodeAt(at - 1) === 0x2f || path.charCodeAt(at) === 0x2f;
}
