/** Bodies of rows that become streams of their own. */
import type { Id } from '../hash.ts';
import { BODY_NESTED, BODY_NONE, type Row } from '../recipe/recipe.ts';

/** Type flags of regular files: POSIX, before POSIX, and contiguous. */
export const FILES: ReadonlySet<number> = new Set([0x30, 0, 0x37]);

/** The first bytes of a body, laid aside until there are enough of them to tell what it is. */
export interface BodyHead {
  /** Takes what it lacks. @returns the rest of the piece. */
  take(piece: Uint8Array): Uint8Array;
  readonly isWhole: boolean;
  /** What there is of it. */
  readonly bytes: Uint8Array;
}

export function createBodyHead(length: number): BodyHead {
  const head = new Uint8Array(length);
  let filled = 0;
  return {
    take(piece) {
      const taken = piece.subarray(0, length - filled);
      head.set(taken, filled);
      filled += taken.byteLength;
      return piece.subarray(taken.byteLength);
    },
    get isWhole() {
      return filled === length;
    },
    get bytes() {
      return head.subarray(0, filled);
    },
  };
}

/** The row of a body that is the stream `id`. */
export function nestedRow(row: Row, id: Id): Row {
  return { ...row, body: row.bodyBytes === 0 ? BODY_NONE : BODY_NESTED, nested: id };
}
