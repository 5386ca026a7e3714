/** DEFLATE.md, section 5: code lengths from frequencies. */

/** Of the symbols from 0 to the largest with a code. */
export interface Codes {
  readonly lengths: readonly number[];
  readonly codes: readonly number[];
}

interface Node {
  readonly symbol: number | undefined;
  readonly frequency: number;
  readonly depth: number;
  parent: Node | undefined;
  length: number;
}

/** RFC 1951, 3.2.2. */
export function canonicalCodes(lengths: readonly number[]): Codes {
  const codes = lengths.map(() => 0);
  let code = 0;
  for (let length = 1; length <= 15; length++) {
    code *= 2;
    for (const [symbol, own] of lengths.entries()) if (own === length) codes[symbol] = code++;
  }
  return { lengths, codes };
}

const leaf = (symbol: number, frequency: number): Node => ({ symbol, frequency, depth: 0, parent: undefined, length: 0 });

export function codeLengths(frequencies: readonly number[], limit: number): Codes {
  const leaves = frequencies.map((frequency, symbol) => leaf(symbol, frequency)).filter(({ frequency }) => frequency > 0);
  let largest = leaves.at(-1)?.symbol ?? -1;
  const added: number[] = [];
  while (leaves.length < 2) {
    const symbol = largest >= 2 ? 0 : largest + 1;
    largest = Math.max(largest, symbol);
    added.push(symbol);
    leaves.push(leaf(symbol, 1));
  }
  const list = joined(leaves);
  limitLengths(list, limit);
  const lengths = Array.from({ length: largest + 1 }, () => 0);
  for (const { symbol, length } of list) if (symbol !== undefined) lengths[symbol] = length;
  return canonicalCodes(lengths);
}

/** The nodes in the order in which they were taken; the root is the last. */
function joined(leaves: readonly Node[]): Node[] {
  const heap: Node[] = [...leaves];
  const at = (i: number): Node => heap[i - 1] as Node;
  const isBefore = (a: Node, b: Node): boolean => a.frequency < b.frequency || (a.frequency === b.frequency && a.depth <= b.depth);
  const sift = (from: number): void => {
    let i = from;
    const v = at(i);
    while (2 * i <= heap.length) {
      const c = 2 * i < heap.length && isBefore(at(2 * i + 1), at(2 * i)) ? 2 * i + 1 : 2 * i;
      if (isBefore(v, at(c))) break;
      heap[i - 1] = at(c);
      i = c;
    }
    heap[i - 1] = v;
  };
  for (let i = Math.floor(heap.length / 2); i >= 1; i--) sift(i);
  const list: Node[] = [];
  while (heap.length >= 2) {
    const a = at(1);
    heap[0] = at(heap.length);
    heap.pop();
    sift(1);
    const b = at(1);
    list.push(a, b);
    const node: Node = {
      symbol: undefined,
      frequency: a.frequency + b.frequency,
      depth: Math.max(a.depth, b.depth) + 1,
      parent: undefined,
      length: 0,
    };
    a.parent = node;
    b.parent = node;
    heap[0] = node;
    sift(1);
  }
  list.push(at(1));
  return list;
}

function limitLengths(list: readonly Node[], limit: number): void {
  let over = 0;
  const count = Array.from({ length: limit + 1 }, () => 0);
  const add = (length: number, more: number): void => {
    count[length] = (count[length] ?? 0) + more;
  };
  for (const node of list.toReversed()) {
    if (node.parent === undefined) continue;
    node.length = node.parent.length + 1;
    if (node.length > limit) {
      node.length = limit;
      over++;
    }
    if (node.symbol !== undefined) add(node.length, 1);
  }
  if (over === 0) return;
  for (; over > 0; over -= 2) {
    let n = limit - 1;
    while (count[n] === 0) n--;
    add(n, -1);
    add(n + 1, 2);
    add(limit, -1);
  }
  let length = limit;
  for (const node of list) {
    if (node.symbol === undefined) continue;
    while (count[length] === 0) length--;
    node.length = length;
    add(length, -1);
  }
}
