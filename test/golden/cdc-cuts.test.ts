/** Cut points are part of the format: two agents that cut differently share nothing. They never change within a version. */
import { describe, expect, it } from 'vitest';
import { GEAR } from '../../shared/cdc/gear.ts';
import { createCutMemory, createPlainCutMemory } from '../../shared/cdc/wasm-cut.ts';
import { hashBytes, hex } from '../../shared/hash.ts';
import { seededBytes } from '../support/random.ts';

/** Ends of the chunks of seededBytes(2026, 2_000_000). */
const ENDS = [
  36_280, 84_687, 118_712, 156_285, 192_362, 226_874, 238_204, 274_705, 314_004, 349_738, 383_111, 423_691, 459_605, 500_944, 536_324,
  570_647, 614_867, 649_032, 684_783, 718_708, 759_444, 794_475, 828_912, 872_123, 888_648, 914_023, 947_720, 999_029, 1_007_816, 1_054_639,
  1_093_199, 1_135_173, 1_170_920, 1_219_004, 1_255_163, 1_289_951, 1_362_540, 1_399_189, 1_441_737, 1_479_365, 1_514_436, 1_540_670,
  1_588_252, 1_630_284, 1_663_307, 1_696_847, 1_750_574, 1_805_081, 1_855_809, 1_900_772, 1_935_610, 1_986_209, 2_000_000,
];

describe('cut points', () => {
  it('of the gear table', () => {
    expect([...GEAR.subarray(0, 4), GEAR[255]]).toEqual([0x6ad1ece3, 0xf3ec3ad3, 0xbe846bc6, 0x1414e794, 0x92f24552]);
    expect(hex(hashBytes(new Uint8Array(GEAR.slice().buffer)))).toBe('43dbf7a51fb6c1816e1f93815407987186a990f76ecfe1703643636d9e702268');
  });

  it.each([createCutMemory, createPlainCutMemory])('of a seeded stream by %o', (createMemory) => {
    const bytes = seededBytes(2026, 2_000_000);
    const memory = createMemory(bytes.byteLength);
    memory.bytes.set(bytes);
    const ends: number[] = [];
    for (let at = 0; at < bytes.byteLength; ends.push(at)) at += memory.findCut(at, bytes.byteLength);
    expect(ends).toEqual(ENDS);
  });
});
