/** How the path of an entry is sent: as that of its base, as that under the base's last renaming, or by what is new in it. */
import { TransferError } from '../../errors.ts';
import { TAR_INLINE_BYTES_MAX } from '../../limits.ts';
import { createBits } from './decision.ts';
import { codeIndex, createNumberModel } from './number.ts';
import { NO_RENAMING, renamed, renamingBetween, type Renaming } from './path.ts';
import type { BitCoder } from './range-coder.ts';
import { TEXT_PATH, TEXT_PATH_REST, type TextModel } from './text.ts';

export interface PathModel {
  /** The path that an entry with this base path would have under the base's last renaming. */
  predicted(base: number, basePath: string): string;
  /** The path that such an entry of this base would have had before the base's last renaming; undefined where there was none, or another. */
  unpredicted(base: number, path: string): string | undefined;
  /**
   * Codes the path of the next entry.
   * @param base the base recipe that `basePath` is from; ignored without one.
   */
  code(coder: BitCoder, base: number, basePath: string | undefined, path: string): string;
}

/** Digits of a digest as archives name layers and blobs by. */
const DIGEST_DIGITS = 64;
const DIGEST = /^[0-9a-f]{64}/;
/** Places of flags: whether the path is the likely one, by whether the last one was; then whether it is the base's; then whether it has a digest. */
const IS_LIKELY = 0;
const IS_BASE = 2;
const HAS_DIGEST = 3;
const FLAGS = 5;
/** Numbers of directories left are told apart by the last one, up to this, and by whether there is a base. */
const DEPTHS = 4;

export function createPathModel(text: TextModel): PathModel {
  const flags = createBits(FLAGS);
  const depths = createNumberModel(2 * DEPTHS);
  const renamings: Renaming[] = [];
  let previous = '';
  let lastSame = 1;
  let lastDepth = 0;

  const codeNew = (coder: BitCoder, basePath: string | undefined, path: string): string => {
    const directories = componentsOf(previous.slice(0, previous.lastIndexOf('/') + 1));
    let shared = 0;
    let at = 0;
    while (shared < directories.length && path.startsWith(directories[shared] as string, at))
      at += (directories[shared++] as string).length;
    const depth = depths.code(coder, Math.min(lastDepth, DEPTHS - 1) + (basePath === undefined ? 0 : DEPTHS), directories.length - shared);
    if (depth > directories.length)
      throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference leaves more directories than there are');
    lastDepth = depth;
    const prefix = directories.slice(0, directories.length - depth).join('');
    const hint = basePath ?? previous;
    const likely = hint.startsWith(prefix) ? hint.slice(prefix.length) : hint;
    return prefix + codeRest(coder, likely, path.slice(prefix.length));
  };
  const codeRest = (coder: BitCoder, hint: string, rest: string): string => {
    const isDigest = flags.code(coder, HAS_DIGEST + (DIGEST.test(hint) ? 1 : 0), DIGEST.test(rest) ? 1 : 0) === 1;
    let digest = '';
    if (isDigest) {
      for (let place = 0; place < DIGEST_DIGITS; place++)
        digest += codeIndex(coder, 16, parseInt(rest.charAt(place), 16) || 0).toString(16);
    }
    const tail = text.code(
      coder,
      isDigest ? TEXT_PATH_REST : TEXT_PATH,
      isDigest ? hint.slice(DIGEST_DIGITS) : hint,
      TAR_INLINE_BYTES_MAX,
      rest.slice(digest.length),
    );
    return digest + tail;
  };

  return {
    predicted: (base, basePath) => renamed(basePath, renamings[base] ?? NO_RENAMING),
    unpredicted(base, path) {
      const { from, to } = renamings[base] ?? NO_RENAMING;
      return from !== to && path.startsWith(to) ? from + path.slice(to.length) : undefined;
    },
    code(coder, base, basePath, path) {
      coder.enter('path');
      let coded: string;
      if (basePath === undefined) {
        coded = codeNew(coder, undefined, path);
      } else {
        const likely = renamed(basePath, renamings[base] ?? NO_RENAMING);
        lastSame = flags.code(coder, IS_LIKELY + lastSame, path === likely ? 1 : 0);
        if (lastSame === 1) coded = likely;
        else if (likely !== basePath && flags.code(coder, IS_BASE, path === basePath ? 1 : 0) === 1) coded = basePath;
        else {
          coded = codeNew(coder, basePath, path);
          renamings[base] = renamingBetween(basePath, coded);
        }
      }
      if (coded.length > TAR_INLINE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `a path of ${coded.length} bytes`);
      previous = coded;
      return coded;
    },
  };
}

/** The components of a directory's path, each with its `/`. */
function componentsOf(directory: string): string[] {
  return directory.match(/[^/]*\//g) ?? [];
}
