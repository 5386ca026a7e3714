/** DELTA.md, sections 1, 3 and 11: a payload of any codec, decoded by the parts made from the document. */
import { zstdDecompressSync } from 'node:zlib';
import { createByteReader } from '../../../shared/wire/varint.ts';
import { decodeMixReference } from '../mix-reference.ts';
import { closeTarget, openBase, readDecisions } from './opened.ts';
import { decodePatch } from './patch.ts';

const NOTHING = new Uint8Array(0);

export function decodeReference(codec: number, payload: Uint8Array, base: Uint8Array | undefined, targetBytes: number): Uint8Array {
  if (codec === 0) return payload;
  if (codec === 1) return zstdDecompressSync(payload);
  if (codec === 3) return decodeMixReference(payload, NOTHING, targetBytes);
  if (codec === 6) return decodeOpened(payload, undefined);
  if (base === undefined) throw new Error(`codec ${codec} needs a base`);
  if (codec === 2) return zstdDecompressSync(payload, { dictionary: hasMark(base) ? base.subarray(1) : base });
  if (codec === 4) return decodeMixReference(payload, base, targetBytes);
  if (codec === 5) return decodePatch(payload, base, targetBytes);
  if (codec === 7) return decodeOpened(payload, base);
  throw new Error(`no codec ${codec}`);
}

const hasMark = (base: Uint8Array): boolean => [0x37, 0xa4, 0x30, 0xec].every((byte, i) => base[i] === byte);

function decodeOpened(packed: Uint8Array, base: Uint8Array | undefined): Uint8Array {
  const reader = createByteReader(packed);
  const codec = reader.byte('codec');
  const bytes = reader.varint('bytes');
  const opened = base === undefined ? undefined : openBase(base, readDecisions(reader, false));
  const decisions = readDecisions(reader, true);
  return closeTarget(decodeReference(codec, reader.rest(), opened, bytes), decisions);
}
