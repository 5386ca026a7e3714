/** Content as a delta to the version before, by effort, against what zstd makes of it. */
import { constants, zstdCompressSync } from 'node:zlib';
import { decodeContent, EFFORT_LEVELS, encodeContent, type EffortLevel } from '../../shared/delta/content.ts';
import type { Material } from './material.ts';
import { nothingToDispose, type Micro, type MicroCase } from './micro.ts';

/** Window and hash tables for a base of 10 MB: with the default ones most of it is not seen. */
const WIDE = { [constants.ZSTD_c_windowLog]: 25, [constants.ZSTD_c_hashLog]: 24, [constants.ZSTD_c_chainLog]: 24 };

/** As much as one run may hold. */
const RUN_BYTES = 2 * 1024 * 1024;

export function deltaMicro(material: Material): Micro {
  const oldProgram = material.oldProgram.subarray(0, 2 * RUN_BYTES);
  const newProgram = material.newProgram.subarray(RUN_BYTES, 2 * RUN_BYTES);
  const work = newProgram.byteLength;
  const made = (name: string, make: () => Uint8Array, isReference = false): MicroCase => {
    let bytes = 0;
    const run = (): void => {
      bytes = make().byteLength;
    };
    return { name, isReference, work, run, resultBytes: () => bytes };
  };
  const undo = (effort: EffortLevel): MicroCase => {
    const { codec, payload, usesBase } = encodeContent(newProgram, oldProgram, effort);
    return { name: `undo ${effort}`, work, run: () => void decodeContent(codec, payload, usesBase ? oldProgram : undefined, work) };
  };
  return {
    name: 'delta',
    unit: 'MB/s',
    cases: [
      ...EFFORT_LEVELS.map((effort) => made(`effort ${effort}`, () => encodeContent(newProgram, oldProgram, effort).payload)),
      undo('low'),
      undo('max'),
      made('zstd -3, the old version as dictionary', () => zstdCompressSync(newProgram, { dictionary: oldProgram, params: WIDE })),
      made('zstd -3, no base', () => zstdCompressSync(newProgram), true),
    ],
    ...nothingToDispose,
  };
}
