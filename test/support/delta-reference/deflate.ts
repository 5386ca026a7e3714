/**
 * DEFLATE.md, sections 5 and 6, families 0 to 2: content deflated as gzip and zlib do it, by the steps of their own sources. Blocks are
 * in deflate-block.ts. GNU gzip itself also finds matches that begin in the last two bytes of all; as in the document, none does here.
 */
import { createBlock, type Block } from './deflate-block.ts';

const GOOD = [4, 4, 4, 4, 8, 8, 8, 32, 32];
const LAZY = [4, 5, 6, 4, 16, 16, 32, 128, 258];
const NICE = [8, 16, 32, 16, 32, 128, 128, 258, 258];
const LOOKS = [4, 8, 32, 16, 32, 128, 256, 1024, 4096];

/** A window of content, and what it is searched with. */
interface Search {
  here: number;
  ahead: number;
  /** Position of the last match found. */
  match: number;
  /** Of the block. */
  start: number;
  byte(at: number): number;
  window(from: number, to: number): Uint8Array;
  fill(): void;
  /** Puts the string at `here` into its chain; gives the head. */
  insert(): number;
  restartHash(): void;
  longest(head: number, known: number): number;
  isInReach(head: number): boolean;
}

export function deflateReference(content: Uint8Array, maker: number): Uint8Array {
  const flavour = maker >> 4;
  const level = maker & 15;
  const search = createSearch(content, flavour, level);
  const block = createBlock(flavour === 1 ? 16383 : 32767, flavour === 0 && level >= 3);
  const lazy = LAZY[level - 1] ?? 0;
  if (level < 4) deflateFast(search, block, lazy);
  else deflateLazily(search, block, lazy);
  endBlock(search, block, true);
  return block.finish();
}

function endBlock(search: Search, block: Block, isLast: boolean): void {
  block.end(search.start < 0 ? undefined : search.window(search.start, search.here), isLast);
  search.start = search.here;
}

function createSearch(content: Uint8Array, flavour: number, level: number): Search {
  const [good, nice, looks] = [GOOD, NICE, LOOKS].map((table) => table[level - 1] ?? 0) as [number, number, number];
  const hashBits = flavour === 2 ? 16 : 15;
  const shift = flavour === 2 ? 6 : 5;
  const window = new Uint8Array(65536 + 1024);
  const heads = new Uint16Array(2 ** hashBits);
  const chains = new Uint16Array(32768);
  let taken = 0;
  let isEnd = false;
  let hash = 0;
  const byte = (at: number): number => window[at] ?? 0;
  const roll = (at: number): void => {
    hash = ((hash << shift) ^ byte(at)) & (2 ** hashBits - 1);
  };
  const read = (at: number, room: number): number => {
    const part = content.subarray(taken, taken + room);
    window.set(part, at);
    taken += part.byteLength;
    return part.byteLength;
  };
  const slide = (): void => {
    window.copyWithin(0, 32768, 65536);
    search.here -= 32768;
    search.match -= 32768;
    search.start -= 32768;
    for (const table of [heads, chains]) for (const [i, position] of table.entries()) table[i] = Math.max(position - 32768, 0);
  };
  const search: Search = {
    here: 0,
    ahead: 0,
    match: 0,
    start: 0,
    byte,
    window: (from, to) => window.slice(from, to),
    fill() {
      while (search.ahead < 262 && !isEnd) {
        let room = 65536 - search.here - search.ahead;
        if (search.here >= 65274) {
          slide();
          room += 32768;
        }
        const bytes = read(search.here + search.ahead, room);
        search.ahead += bytes;
        isEnd = bytes === 0;
        if (isEnd) window.fill(0, search.here + search.ahead, search.here + search.ahead + 2);
      }
    },
    insert() {
      roll(search.here + 2);
      const head = heads[hash] ?? 0;
      chains[search.here % 32768] = head;
      heads[hash] = search.here;
      return head;
    },
    restartHash() {
      hash = 0;
      roll(search.here);
      roll(search.here + 1);
    },
    longest(head, known) {
      const { here, ahead } = search;
      const stop = Math.min(nice, ahead);
      let best = known;
      let candidate = head;
      for (let left = known >= good ? looks / 4 : looks; left > 0; left--) {
        const isLike = [best - 1, best, 0, 1].every((place) => byte(candidate + place) === byte(here + place));
        let length = 0;
        if (isLike) while (length < 258 && byte(candidate + length) === byte(here + length)) length++;
        if (length > best) {
          search.match = candidate;
          best = length;
          if (length >= stop) break;
        }
        candidate = chains[candidate % 32768] ?? 0;
        if (candidate <= Math.max(here - 32506, 0)) break;
      }
      return Math.min(best, ahead);
    },
    isInReach: (head) => head !== 0 && search.here - head <= 32506,
  };
  search.ahead = read(0, 65536);
  search.fill();
  search.restartHash();
  return search;
}

/** Levels 1 to 3. */
function deflateFast(search: Search, block: Block, lazy: number): void {
  while (search.ahead > 0) {
    const head = search.ahead < 3 ? 0 : search.insert();
    const length = search.isInReach(head) ? search.longest(head, 2) : 2;
    if (length >= 3) {
      block.match(length, search.here - search.match);
      const isFull = block.isFull(search.here - search.start);
      search.ahead -= length;
      if (length <= lazy && search.ahead >= 3) {
        for (let i = 1; i < length; i++) {
          search.here++;
          search.insert();
        }
        search.here++;
      } else {
        search.here += length;
        search.restartHash();
      }
      if (isFull) endBlock(search, block, false);
    } else {
      block.literal(search.byte(search.here));
      const isFull = block.isFull(search.here - search.start);
      search.here++;
      search.ahead--;
      if (isFull) endBlock(search, block, false);
    }
    search.fill();
  }
}

/** Levels 4 to 9. */
function deflateLazily(search: Search, block: Block, lazy: number): void {
  let length = 2;
  let isPending = false;
  while (search.ahead > 0) {
    const head = search.ahead < 3 ? 0 : search.insert();
    const previous = length;
    const previousMatch = search.match;
    length = 2;
    if (previous < lazy && search.isInReach(head)) {
      length = search.longest(head, previous);
      if (length === 3 && search.here - search.match > 4096) length = 2;
    }
    if (previous >= 3 && length <= previous) {
      const last = search.here + search.ahead - 3;
      block.match(previous, search.here - 1 - previousMatch);
      const isFull = block.isFull(search.here - search.start);
      search.ahead -= previous - 1;
      for (let i = 2; i < previous; i++) {
        search.here++;
        if (search.here <= last) search.insert();
      }
      isPending = false;
      length = 2;
      search.here++;
      if (isFull) endBlock(search, block, false);
    } else {
      if (isPending) {
        block.literal(search.byte(search.here - 1));
        if (block.isFull(search.here - search.start)) endBlock(search, block, false);
      }
      isPending = true;
      search.here++;
      search.ahead--;
    }
    search.fill();
  }
  if (isPending) block.literal(search.byte(search.here - 1));
}
