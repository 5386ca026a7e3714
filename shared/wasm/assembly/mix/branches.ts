/**
 * Operands of x86-64 calls, jumps and addresses relative to the instruction, made absolute, so that the same place is the same
 * bytes wherever it is named from (the BCJ filter of many compressors; the wrap-around is that of Microsoft's LZX, 1997).
 */

/** Opcodes behind which a ModRM byte commonly makes an operand relative to the instruction, as a set of bits. */
const OPCODES_00: u64 = 0x0b000b0000030008;
const OPCODES_40: u64 = 0xc000c00843000000;
const OPCODES_80: u64 = 0x40c0000000002a2b;
const OPCODES_C0: u64 = 0x80000000000000c0;

/** True where code is likely: calls whose operand is small come often. */
export function hasBranches(at: usize, bytes: u32): bool {
  let likely: u32 = 0;
  for (let i: u32 = 1; i + 4 <= bytes; i++) {
    if (load<u8>(at + i - 1) != 0xe8) continue;
    const top = load<u8>(at + i, 3);
    if (top == 0 || top == 255) likely++;
  }
  return likely > bytes >>> 10;
}

/** Converts all operands in place; `isBack` undoes it. At most 2^30 bytes. */
export function convertBranches(at: usize, bytes: u32, isBack: bool): void {
  const size = <i32>bytes;
  // Bytes before `free` may have been changed, so nothing is concluded from them.
  let free = 0;
  for (let i: i32 = 1; i + 4 <= size; i++) {
    if (!hasOperandAt(at + i, i - 2 >= free)) continue;
    const here = i + 4;
    const value = load<i32>(at + i);
    if (value >= -here && value < size) store<i32>(at + i, isBack ? relative(value, here, size) : absolute(value, here, size));
    free = here;
    i += 4;
  }
}

// @ts-ignore: decorator
@inline
function hasOperandAt(at: usize, isOpcodeKnown: bool): bool {
  const before = load<u8>(at - 1);
  if (before == 0xe8 || before == 0xe9) return true;
  return (before & 0xc7) == 5 && isOpcodeKnown && isMemoryOpcode(load<u8>(at - 2));
}

function isMemoryOpcode(opcode: u8): bool {
  const set = opcode < 0x40 ? OPCODES_00 : opcode < 0x80 ? OPCODES_40 : opcode < 0xc0 ? OPCODES_80 : OPCODES_C0;
  return ((set >> <u64>(opcode & 63)) & 1) != 0;
}

function absolute(value: i32, here: i32, size: i32): i32 {
  return value < size - here ? value + here : value - size;
}

function relative(value: i32, here: i32, size: i32): i32 {
  return value >= 0 ? value - here : value + size;
}
