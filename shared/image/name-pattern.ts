/** Patterns of image names, as grants, hooks and keep rules take them: `[registry/]repository[:tag]` with `*` for any characters, `/` among them. */
import { TransferError } from '../errors.ts';
import { formatReference, tryParseReference } from './reference.ts';

/** Characters of a pattern. */
export const PATTERN_LENGTH_MAX = 255;

/** What matches every name, and images without one. */
export const EVERYTHING = '*';

/** @throws TransferError USAGE for what no image name could match. */
export function checkPattern(pattern: string): string {
  const sample = pattern.replaceAll('*', 'a');
  if (pattern.length > PATTERN_LENGTH_MAX || (pattern !== EVERYTHING && tryParseReference(sample) === undefined)) {
    throw new TransferError('USAGE', `"${pattern}" is not a pattern of image names`, {
      hint: "want [registry/]repository[:tag] with * for any characters, as 'shop/*'",
    });
  }
  return pattern;
}

/** True where the name is one that the pattern stands for. Without a tag in the pattern any tag will do. */
export function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === EVERYTHING) return true;
  const reference = tryParseReference(name);
  if (reference === undefined) return false;
  const [wantedRepository, wantedTag] = splitTag(pattern);
  const [repository, tag] = splitTag(formatReference(reference));
  return matchesGlob(wantedRepository, repository) && matchesGlob(wantedTag ?? '*', tag ?? '');
}

function splitTag(text: string): [string, string | undefined] {
  const colon = text.lastIndexOf(':');
  return colon > text.lastIndexOf('/') ? [text.slice(0, colon), text.slice(colon + 1)] : [text, undefined];
}

/** At most length × length steps, whatever the pattern: after a mismatch only the last star takes one character more. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let i = 0;
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = i;
    } else if (pattern[at] === text[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
