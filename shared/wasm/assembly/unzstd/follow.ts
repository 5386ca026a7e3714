/** Compares the sequences of a block with those that are predicted, and writes or follows the corrections. */
import { accept, find, foundLiterals, foundMatch, foundOffset, isTooMuch } from './finder';
import { hasRoom, isBroken, putByte, putNumber, takeNumber } from './record';
import { addSequence, clearSequences, sequenceAt, sequences } from './sequences';

/** All sequences of the block are as predicted. */
export function findAll(): bool {
  while (find()) if (!addFound()) return false;
  return true;
}

function addFound(): bool {
  const literals = foundLiterals;
  const match = foundMatch;
  const offset = foundOffset;
  return addSequence(literals, match, offset) && accept(literals, match, offset);
}

/** Writes what of the sequences is not as predicted; how many that are, -1 where they are too many. */
export function writeCorrections(): i32 {
  let corrections: i32 = 0;
  let planned: u32 = 0;
  for (let i: u32 = 0; i < sequences; i++) {
    const at = sequenceAt(i);
    const literals = load<u32>(at);
    const match = load<u32>(at, 4);
    const offset = load<u32>(at, 8);
    if (find() && literals == foundLiterals && match == foundMatch && offset == foundOffset) planned++;
    else {
      if (!hasRoom()) return -1;
      putNumber(planned + 1);
      putNumber(match + 1);
      putNumber(literals);
      putNumber(offset);
      planned = 0;
      corrections++;
    }
    if (isTooMuch() || !accept(literals, match, offset)) return -1;
  }
  if (find()) {
    putNumber(planned + 1);
    putByte(0);
    corrections++;
  }
  if (corrections > 0) putByte(0);
  return corrections;
}

/** The sequences of the block, with the corrections that the record says. False where they are impossible. */
export function followCorrections(): bool {
  clearSequences();
  while (true) {
    const planned = takeNumber();
    if (planned == 0) return !isBroken && findAll();
    for (let i: u32 = 1; i < planned; i++) if (!find() || !addFound()) return false;
    // What is corrected was predicted too, and left its traces.
    find();
    const match = takeNumber();
    if (match == 0) return takeNumber() == 0 && !isBroken;
    const literals = takeNumber();
    const offset = takeNumber();
    if (isBroken || isTooMuch() || offset == 0 || !addSequence(literals, match - 1, offset) || !accept(literals, match - 1, offset)) return false;
  }
}
