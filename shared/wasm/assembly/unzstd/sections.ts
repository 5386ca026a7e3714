/** How a block was written, where it is not as planned: says it in a record, and does what a record says. */
import { COMPRESSED, literalsType as readType, modeOf, modes as readModes, RAW, readTableOf, RLE, sizeFormat as readFormat } from './decode';
import { COUNTS, LITERALS, MADE, READ, TABLE_BYTES, TREE_BEFORE, TREE_MADE, TREE_READ } from './layout';
import { codeLiterals, countBytes } from './literals';
import { isBroken, putByte, putBytes, recordAt, recordLimit, skipBytes, takeByte } from './record';
import { gatherLiterals, literalBytes, sequences } from './sequences';
import { descriptionAt, descriptionBytes, makeEncoder, MODE_FSE, MODE_RLE } from './table';
import { holdsAll, makeCodes, readTree, treeAt, treeBytes } from './tree';
import { chooseLiterals, chooseModes, writeCompressed, writeSimple } from './write';

const LITERALS_ONLY: u32 = 64;

/** What the record said of the block. */
export let sectionsType: u32 = RAW;
export let isLiteralsOnly: bool = false;

/** Says how the block that was read was written. */
export function putSections(type: u32, hasSequences: bool): void {
  if (type != COMPRESSED) {
    putByte(type);
    return;
  }
  putByte(type | (readType << 2) | (readFormat << 4) | (hasSequences ? 0 : LITERALS_ONLY));
  if (readType == COMPRESSED) putBytes(treeAt(TREE_READ), treeBytes(TREE_READ));
  if (!hasSequences) return;
  putByte(readModes);
  for (let code: u32 = 0; code < 3; code++) {
    const table = READ + <usize>code * TABLE_BYTES;
    if (modeOf(code) == MODE_FSE || modeOf(code) == MODE_RLE) putBytes(descriptionAt(table), descriptionBytes(table));
  }
}

/** Writes the block as the record says. False where that is impossible. */
export function writeSections(block: usize, bytes: u32, isLast: bool): bool {
  const first = takeByte();
  sectionsType = first & 3;
  isLiteralsOnly = (first & LITERALS_ONLY) != 0;
  if (isBroken || sectionsType > COMPRESSED) return false;
  if (sectionsType != COMPRESSED) {
    writeSimple(sectionsType, block, bytes, isLast);
    return true;
  }
  if (!takeLiterals((first >>> 2) & 3, (first >>> 4) & 3, block, bytes)) return false;
  if (!isLiteralsOnly && sequences > 0 && !takeTables()) return false;
  return writeCompressed(isLast, isLiteralsOnly);
}

function takeLiterals(type: u32, format: u32, block: usize, bytes: u32): bool {
  const literals = isLiteralsOnly ? bytes : literalBytes(bytes);
  if (isLiteralsOnly) memory.copy(LITERALS, block, bytes);
  else gatherLiterals(block, bytes);
  if (type == RAW || type == RLE) {
    chooseLiterals(type, format, literals, 0);
    return true;
  }
  let tree: usize = TREE_BEFORE;
  if (type == COMPRESSED) {
    tree = TREE_MADE;
    if (!readTree(tree, recordAt, recordLimit())) return false;
    skipBytes(treeBytes(tree));
  }
  countBytes(LITERALS, literals);
  if (literals == 0 || !holdsAll(tree, COUNTS)) return false;
  makeCodes(tree);
  const coded = codeLiterals(LITERALS, literals, format == 0);
  chooseLiterals(type, format, literals, coded);
  return coded != 0;
}

function takeTables(): bool {
  const modes = takeByte();
  for (let code: u32 = 0; code < 3; code++) {
    const mode = (modes >>> (6 - 2 * code)) & 3;
    const table = MADE + <usize>code * TABLE_BYTES;
    if (isBroken || !readTableOf(table, code, mode, recordAt, recordLimit())) return false;
    if (mode == MODE_FSE || mode == MODE_RLE) skipBytes(descriptionBytes(table));
    makeEncoder(table);
  }
  chooseModes(modes & 0xfc);
  return !isBroken;
}
