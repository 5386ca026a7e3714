/**
 * Blanks the operands of x86-64 jumps, calls and addresses relative to the instruction: when code moves they all change, and
 * alignments are found and kept more easily without them. (Courgette, Adams 2009, has the idea in another form.)
 */
export function blankOperands(content: usize, bytes: u32): void {
  for (let at: u32 = 2; at + 4 <= bytes; at++) {
    const before = load<u8>(content + at - 1);
    const isBranch = before == 0xe8 || before == 0xe9 || ((before & 0xf0) == 0x80 && load<u8>(content + at - 2) == 0x0f);
    if (!isBranch && (before & 0xc7) != 5) continue;
    const pointsTo = <i32>at + 4 + load<i32>(content + at);
    if (<u32>pointsTo >= bytes) continue;
    store<u32>(content + at, 0);
    at += 3;
  }
}
