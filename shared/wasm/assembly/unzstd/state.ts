/** What is known from the blocks before: of the decoder, and whether the predicted encoder would use its tree again. */
import { BEFORE, READ, TABLE_BYTES, TREE_BEFORE, TREE_READ } from './layout';
import { copyTable, makeEncoder, NONE, setKind } from './table';
import { copyTree, setTreeLog } from './tree';

export let canReuseTree: bool = false;

/** At the start of a frame. */
export function startState(): void {
  canReuseTree = false;
  setTreeLog(TREE_BEFORE, 0);
  for (let code: usize = 0; code < 3; code++) setKind(BEFORE + <usize>code * TABLE_BYTES, NONE);
}

/** The encoder gave a block up, and its tree with it. */
export function forgetTree(): void {
  canReuseTree = false;
}

/** A block had compressed literals, and this tree if it came with one (else 0). */
export function keepTree(tree: usize): void {
  if (tree != 0) copyTree(TREE_BEFORE, tree);
  canReuseTree = true;
}

/** A block had sequences, coded with these three tables. */
export function keepTables(tables: usize): void {
  for (let code: usize = 0; code < 3; code++) {
    copyTable(BEFORE + <usize>code * TABLE_BYTES, tables + <usize>code * TABLE_BYTES);
    if (tables == READ) makeEncoder(BEFORE + <usize>code * TABLE_BYTES);
  }
}
