/** Names that a user may have meant. */
import { normaliseReference } from './reference.ts';

const SUGGESTIONS_MAX = 3;

/** At most three of `known`, nearest first: other tags of the same repository, and names a few letters away. */
export function nearNames(wanted: string, known: readonly string[]): string[] {
  const name = normaliseReference(wanted);
  const lettersMax = Math.max(2, Math.floor(name.length / 4));
  const rated = [...new Set(known.map(normaliseReference))].map((ref) => {
    const distance = editDistance(name, ref);
    return { ref, distance, near: distance <= lettersMax || lastName(ref) === lastName(name) };
  });
  return rated
    .filter(({ near }) => near)
    .toSorted((a, b) => a.distance - b.distance || (a.ref < b.ref ? -1 : 1))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ ref }) => ref);
}

/** The repository without registry, path and tag. */
function lastName(ref: string): string {
  return (ref.split('/').at(-1) ?? ref).replace(/:.*/, '');
}

/** Insertions, deletions and substitutions between two texts (Levenshtein, 1966), in one row of memory. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
