/**
 * The lazy encoders' tokens one after the other, as predict.ts finds them one at a time, where nothing else can happen: no end of a
 * block, a segment or the plain bytes. What the steps change is held in registers meanwhile.
 */
import { DISTANCE_TREE, LENGTH_CODES, LITERAL_TREE } from '../deflate/layout';
import { distanceCodeAt } from '../deflate/codes';
import { linkAhead, reachEnd } from './chains';
import { PLAIN } from './layout';
import { allowLooks, looksLeft } from './looks';
import { findGo, findZlib, foundDistance } from './match';
import { at, moveTo, plainEnd, setInserted } from './plain';
import { currentDistance, currentLength, setCurrent } from './predict';
import { finder, GO_LAZY, lazy, nice } from './settings';
import { addTokens, countSymbol, tokensToSpare } from './tally';

/** Plain bytes that must be known beyond a token's start: two matches, and the bytes of a hash. */
const AHEAD: u32 = 1024;
/** A match of three bytes farther back than this is none to zlib. */
const ZLIB_FAR: u32 = 4096;

/**
 * Of a lazy encoder: goes on over tokens, words, from `from` to `end` at most, and of plain bytes to the first that begins at `stop` or behind it. Where they are `isKnown`, it stops before the first that is not as
 * predicted; else it writes them. Returns the end of those that were taken: none where a step needs more care.
 */
export function stretch(from: usize, end: usize, stop: u32, isKnown: bool): usize {
  end = min(end, from + (<usize>tokensToSpare() << 2));
  let limit = min(plainEnd, reachEnd);
  if (end <= from || limit < at + 2 * AHEAD) return from;
  limit = min(limit - AHEAD, stop);
  return finder == GO_LAZY ? follow(from, end, limit, isKnown, true) : follow(from, end, limit, isKnown, false);
}

// @ts-ignore: a decorator of the compiler
@inline
function follow(from: usize, end: usize, limit: u32, isKnown: bool, isGo: bool): usize {
  const least: u32 = isGo ? 4 : 3;
  const start = at;
  let position = at;
  let length: u32 = currentLength < least ? 0 : currentLength;
  let distance = currentDistance;
  let matches: u32 = 0;
  let token = from;
  while (token < end && position < limit && looksLeft >= 0) {
    linkAhead(position);
    if (length == 0) {
      length = isGo ? findGo(position, 3) : findZlib(position, 2);
      distance = foundDistance;
      if (length < least || (!isGo && length == 3 && distance > ZLIB_FAR)) {
        length = 0;
        if (!putLiteral(token, position, isKnown)) break;
        token += 4;
        position++;
        continue;
      }
    }
    if (length < lazy) {
      const longer = isGo ? findGo(position + 1, min(length, nice - 1)) : findZlib(position + 1, length);
      if (longer > length) {
        if (!putLiteral(token, position, isKnown)) break;
        token += 4;
        position++;
        length = longer;
        distance = foundDistance;
        continue;
      }
    }
    const match = (distance << 16) | length;
    if (isKnown && load<u32>(token) != match) break;
    store<u32>(token, match);
    token += 4;
    matches++;
    countSymbol(LITERAL_TREE, 257 + <u32>load<u8>(LENGTH_CODES + length - 3));
    countSymbol(DISTANCE_TREE, <u32>load<u8>(distanceCodeAt(distance - 1)));
    position += length;
    length = 0;
  }
  setInserted(position);
  setCurrent(length, distance);
  moveTo(position);
  addTokens(<u32>((token - from) >>> 2), matches);
  allowLooks(position - start);
  return token;
}

/** The byte at `position` as a token. Gives false, and does nothing, where another one is known to stand there. */
// @ts-ignore: a decorator of the compiler
@inline
function putLiteral(token: usize, position: u32, isKnown: bool): bool {
  const literal = <u32>load<u8>(PLAIN + position);
  if (isKnown && load<u32>(token) != literal) return false;
  store<u32>(token, literal);
  countSymbol(LITERAL_TREE, literal);
  return true;
}
