/** Contents that predict operands: like executables, with images, tables and frames where a seed puts them. For the twins of decoders. */
import { concatBytes } from '../../shared/bytes.ts';
import { seededBytes } from './random.ts';
import { codeContent, editedContent } from './delta-contents.ts';

/** Numbers below `n`, decided by a seed. */
export type Pick = (n: number) => number;

export function createPick(seed: number): Pick {
  const bytes = seededBytes(seed, 1 << 16);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  let at = 0;
  return (n) => {
    at = (at + 4) % (1 << 16);
    return view.getUint32(at, true) % n;
  };
}

/** Machine code in which `pick` put headers of images, a table of frames, frames and addresses. */
export function executable(pick: Pick): Uint8Array {
  const code = codeContent(pick(1e6), 80);
  const bytes = Uint8Array.from({ length: 1500 + pick(2500) }, (_, i) => code[i % code.length] ?? 0);
  const view = new DataView(bytes.buffer);
  // Jumps and branches for some of the calls.
  for (let at = 0; at + 8 < bytes.length; at++) {
    if (bytes[at] !== 0xe8) continue;
    const kind = pick(4);
    if (kind === 1) bytes[at] = 0xe9;
    if (kind === 2) bytes.set([0x0f, 0x84], at - 1);
    if (kind === 3) bytes.set([0x8b, 0x05], at - 1);
  }
  putImage(view, pick(3) * 8, pick);
  if (pick(2) === 0) putImage(view, pick(bytes.length), pick);
  for (let i = 0; i < 3; i++) putTable(view, pick(bytes.length) & ~3, pick(20), pick);
  putFrames(view, 512, pick);
  for (let i = 0; i < 20; i++) view.setBigUint64(pick(bytes.length - 8) & ~7, BigInt(0x401000 + pick(8000)), true);
  for (let i = 0; i < 60; i++) view.setUint32(pick(bytes.length - 8), 0x401000 + pick(8000), true);
  // Operands that are too far to be some.
  for (let i = 0; i < 4; i++) bytes.set([0xe8, 0, 0, 0, 5], pick(bytes.length - 8));
  return bytes;
}

/** With bytes that came in, first of all in front, and edited. */
export function rebuilt(content: Uint8Array, pick: Pick): Uint8Array {
  let made = concatBytes([new Uint8Array(8 * pick(3)), content]);
  for (let left = pick(4); left > 0; left--) {
    const at = pick(made.length);
    const more = new Uint8Array(made.length + pick(40));
    more.set(made.subarray(0, at));
    more.set(made.subarray(at), more.length - (made.length - at));
    made = more;
  }
  return editedContent(made, pick(1e6), pick(6));
}

/** Any pieces that are right, in no relation to what the contents hold; many share a part of the base where they are crowded. */
export function anyPieces(baseBytes: number, targetBytes: number, isCrowded: boolean, pick: Pick): Uint32Array {
  const pieces: number[] = [];
  for (let at = pick(50); at < targetBytes;) {
    const bytes = Math.min(1 + pick(isCrowded ? 200 : 800), targetBytes - at, baseBytes);
    const last = baseBytes - bytes;
    const near = Math.max(0, Math.min(last, at + (pick(5) - 2) * 8));
    if (isCrowded) pieces.push(at, bytes, Math.min(last, pick(600)));
    else pieces.push(at, bytes, pick(4) > 0 ? near : pick(last + 1));
    at += bytes + (pick(2) === 0 ? 0 : pick(30));
  }
  return Uint32Array.from(pieces);
}

/** An ELF header and five program headers. */
function putImage(view: DataView, start: number, pick: Pick): void {
  if (start + 400 > view.byteLength) return;
  view.setUint32(start, 0x464c457f, true);
  view.setUint32(start + 4, 0x00010102, true);
  view.setUint16(start + 16, 2 + pick(2), true);
  view.setBigUint64(start + 32, 64n, true);
  view.setUint16(start + 56, pick(6), true);
  for (let i = 0; i < 5; i++) {
    const header = start + 64 + 56 * i;
    view.setUint32(header, 1, true);
    view.setUint32(header + 4, pick(8), true);
    const numbers = [i * 500, 0x400000 + i * 0x1000 * pick(3), pick(1200), 4096 + pick(20000)];
    for (const [j, field] of [8, 16, 32, 40].entries()) view.setBigUint64(header + field, BigInt(numbers[j] ?? 0), true);
  }
}

function putTable(view: DataView, start: number, entries: number, pick: Pick): void {
  if (start + 12 + 8 * entries > view.byteLength) return;
  view.setUint32(start, 0x3b031b01, true);
  view.setUint32(start + 8, entries, true);
  for (let i = 0; i < 2 * entries; i++) view.setInt32(start + 12 + 4 * i, pick(view.byteLength) - start, true);
}

/** A common entry, and ten frames that lead back to it. */
function putFrames(view: DataView, common: number, pick: Pick): void {
  view.setUint32(common, 20, true);
  view.setUint32(common + 4, 0, true);
  view.setUint8(common + 8, 1);
  for (let frame = common + 24; frame < common + 344; frame += 32) {
    view.setUint32(frame, 28, true);
    view.setUint32(frame + 4, frame + 4 - common, true);
    view.setInt32(frame + 8, pick(3000) - 1500, true);
  }
}
