/**
 * A decoder of codecs mix and mixBase made from DELTA.md alone, sections 7 to 10: slow, plain, and sharing nothing with the real one.
 * Its parts are in delta-reference/.
 */
import { createDecisions, createNumbers, type Decisions, type Numbers } from './delta-reference/coder.ts';
import { createMoved, type Piece } from './delta-reference/images.ts';
import { createByteModel, createHitModel, type View } from './delta-reference/models.ts';
import { readerOf, times, u32, within } from './delta-reference/numbers.ts';
import { createOperands, type Operands } from './delta-reference/operands.ts';

/**
 * @param base no bytes for codec mix
 * @param onDecision is told of every decision: its probability and what it was
 */
export function decodeMixReference(
  payload: Uint8Array,
  base: Uint8Array,
  targetBytes: number,
  onDecision: (p: number, bit: number) => void = () => {},
): Uint8Array {
  const form = payload[0] ?? 255;
  const hasBranches = (form & 4) !== 0;
  if (form > 7 || (hasBranches && base.byteLength > 0)) throw new Error('unknown form');
  const decisions = createDecisions(payload.subarray(1), onDecision);
  const numbers = createNumbers(decisions);
  const pieces = readPieces(numbers, base.byteLength, targetBytes);
  const target = decodeTarget(decisions, numbers, pieces, base, targetBytes, 16 << (form & 3));
  if (decisions.readBehind() !== 3) throw new Error('the payload is too long or too short');
  if (hasBranches) restoreBranches(target);
  return target;
}

/** Section 8, Pieces. */
function readPieces({ number, signed }: Numbers, baseBytes: number, targetBytes: number): Piece[] {
  const count = number(0);
  if (count > (baseBytes === 0 ? 0 : Math.min(2 ** 20, targetBytes))) throw new Error('too many pieces');
  const recent = [0, 0, 0, 0];
  let end = 0;
  return Array.from({ length: count }, () => {
    const gap = number(1);
    const bytes = number(gap === 0 ? 2 : 3) + 1;
    const i = Math.min(number(4), 3);
    const shift = ((recent[i] ?? 0) + signed(i === 0 ? 5 : 6)) | 0;
    recent.splice(i === 0 ? 3 : i, 1);
    recent.unshift(shift);
    const from = end + gap;
    end = from + bytes;
    if (end > targetBytes || from - shift < 0 || from - shift + bytes > baseBytes) throw new Error('a piece lies outside');
    return { from, bytes, at: from - shift };
  });
}

const be32 = (bytes: Uint8Array, at: number): number => [0, 1, 2, 3].reduce((sum, i) => sum * 256 + (bytes[at + i] ?? 0), 0);
const log = (n: number): number => Math.ceil(Math.log2(Math.max(n, 1)));

interface State extends View {
  append(byte: number): void;
  expected(byte: number, e: number): void;
  repeated(byte: number): void;
  /** Takes `bytes` bytes as they are from `old` on. */
  copyRun(bytes: number): void;
}

/** Section 8, State. */
function createState(base: Uint8Array, target: Uint8Array): State {
  const B = base.byteLength;
  const V = 64 * Math.ceil((B + 88) / 64);
  const t = within(log(target.byteLength + Math.floor(B / 4)), 10, 22);
  const table = new Uint32Array(2 ** t);
  const tape = (place: number): number => (place < V ? base[place] : target[place - V]) ?? 0;
  const entryOf = (place: number): number => {
    let k = 0n;
    for (let i = 6; i > 0; i--) k = (k << 8n) | BigInt(tape(place - 7 + i));
    return Number(BigInt.asUintN(64, k * 0x9e3779b97f4a7c15n) >> BigInt(64 - t));
  };
  const stride = Math.max(1, Math.ceil(B / 2 ** (t - 1)));
  for (let place = 8; place < B; place += stride) table[entryOf(place)] = place;
  const search = (): void => {
    if (state.pos < 8) return;
    const here = V + state.pos;
    const entry = entryOf(here);
    const g = table[entry] ?? 0;
    if (state.repeat === 0 && g !== 0) {
      let n = 0;
      while (n < 64 && n < state.pos && tape(g - 1 - n) === tape(here - 1 - n)) n++;
      if (n >= 6) {
        state.repeat = g;
        state.repeatBytes = n;
      }
    }
    table[entry] = here;
  };
  const state: State = {
    tape,
    pos: 0,
    last4: 0,
    before4: 0,
    word: 0,
    hits: 0,
    run: 0,
    lastRun: 0,
    differences: 0,
    repeat: 0,
    repeatBytes: 0,
    ends: 0,
    old: 0,
    append(byte) {
      target[state.pos++] = byte;
      state.before4 = u32((state.before4 << 8) | (state.last4 >>> 24));
      state.last4 = u32((state.last4 << 8) | byte);
      const isWord = byte >= 0x80 || /\w/.test(String.fromCharCode(byte));
      state.word = isWord ? times(state.word + (byte | 0x20), 0x2f0b4c47) : 0;
    },
    expected(byte, e) {
      const isHit = byte === e;
      state.differences = u32((state.differences << 8) | ((byte - e) & 255));
      state.hits = u32((state.hits << 1) | (isHit ? 1 : 0));
      if (!isHit) state.lastRun = Math.min(state.run, 255);
      state.run = isHit ? state.run + 1 : 0;
    },
    repeated(byte) {
      if (state.repeat !== 0) {
        const isEnd = tape(state.repeat) !== byte;
        state.repeat = isEnd ? 0 : state.repeat + 1;
        state.repeatBytes = isEnd ? 0 : Math.min(state.repeatBytes + 1, 65535);
        state.ends = u32((state.ends << 1) | (isEnd ? 1 : 0));
      }
      search();
    },
    copyRun(bytes) {
      for (let i = 0; i < bytes; i++) target[state.pos + i] = tape(state.old + i);
      state.hits = 0xffffffff;
      state.differences = 0;
      state.run = 0;
      if (bytes === 0) return;
      state.pos += bytes;
      state.last4 = be32(target, state.pos - 4);
      state.before4 = be32(target, state.pos - 8);
      state.word = 0;
      state.repeat = 0;
      state.repeatBytes = 0;
      search();
    },
  };
  return state;
}

/** Section 8, Target. */
function decodeTarget(
  decisions: Decisions,
  { number }: Numbers,
  pieces: readonly Piece[],
  base: Uint8Array,
  targetBytes: number,
  runAfter: number,
): Uint8Array {
  const target = new Uint8Array(targetBytes);
  const B = base.byteLength;
  const V = 64 * Math.ceil((B + 88) / 64);
  const state = createState(base, target);
  const operands = createOperands(readerOf(base), B, readerOf(target), createMoved(pieces));
  const hit = createHitModel(state, decisions);
  const u = B === 0 ? within(log(targetBytes) + 1, 10, 22) : within(log(targetBytes), 10, 21);
  const codeByte = createByteModel(state, decisions, u);
  let runClass = 0;
  const codeRun = (most: number): number => {
    const bytes = number(8 + runClass);
    if (bytes > most) throw new Error('a run is too long');
    runClass = bytes === 0 ? 0 : 1 + Math.min(6, Math.floor(Math.floor(Math.log2(bytes)) / 2));
    state.copyRun(bytes);
    return bytes;
  };
  const codeInPiece = ({ from, bytes, at }: Piece): void => {
    const end = from + bytes;
    state.old = at + state.pos - from;
    if (state.run >= runAfter) {
      codeRun(end - state.pos);
      operands.drop();
      if (state.pos === end) return;
      state.old = at + state.pos - from;
    }
    if (operands.left() === 0) operands.find(state.old, state.pos, state.last4 & 255);
    const e = state.tape(state.old);
    const byte = hitInPiece(operands, hit, e) ?? codeByte(true);
    state.append(byte);
    state.expected(byte, e);
    if (operands.left() > 0) operands.pass(byte);
    state.repeated(byte);
  };
  const codeOverRepeat = (): void => {
    state.old = state.repeat;
    if (state.run >= runAfter) {
      codeRun(targetBytes - state.pos);
      return;
    }
    const e = state.tape(state.old);
    const byte = hit(e, 4, 8 * Math.min(state.repeatBytes >>> 4, 15) + (state.ends & 7)) ? e : codeByte(false);
    state.append(byte);
    state.expected(byte, e);
    state.repeated(byte);
  };
  const codePlainly = (): void => {
    const byte = codeByte(false);
    state.append(byte);
    state.differences = u32((state.differences << 8) | byte);
    state.hits = u32(state.hits << 1);
    state.run = 0;
    state.repeated(byte);
  };
  let next = 0;
  while (state.pos < targetBytes) {
    for (; next < pieces.length && pieceEnd(pieces[next]) <= state.pos; next++) operands.drop();
    const piece = pieces[next];
    if (piece !== undefined && piece.from <= state.pos) codeInPiece(piece);
    else if (state.repeatBytes >= 32 && state.repeat + 8 <= V + state.pos) codeOverRepeat();
    else codePlainly();
  }
  return target;
}

const pieceEnd = (piece: Piece | undefined): number => (piece === undefined ? 0 : piece.from + piece.bytes);

/** The byte that a hit says; undefined where none does. */
function hitInPiece(
  operands: Operands,
  hit: (candidate: number, kind: number, confidence: number) => boolean,
  e: number,
): number | undefined {
  if (operands.left() === 0) return hit(e, 0, 0) ? e : undefined;
  const q = operands.predicted();
  const s = operands.confidence();
  if (hit(q, q === e ? 1 : 2, s)) return q;
  return q !== e && hit(e, 3, s) ? e : undefined;
}

const OPCODES = new Set([
  0x03, 0x10, 0x11, 0x28, 0x29, 0x2b, 0x38, 0x39, 0x3b, 0x58, 0x59, 0x5e, 0x63, 0x6e, 0x6f, 0x7e, 0x7f, 0x80, 0x81, 0x83, 0x85, 0x89, 0x8b,
  0x8d, 0xb6, 0xb7, 0xbe, 0xc6, 0xc7, 0xff,
]);

/** Section 10. */
function restoreBranches(target: Uint8Array): void {
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  const T = target.byteLength;
  let free = 0;
  for (let i = 1; i + 4 <= T;) {
    const before = target[i - 1] ?? 0;
    const isBranch = before === 0xe8 || before === 0xe9;
    if (!isBranch && ((before & 0xc7) !== 0x05 || i - 2 < free || !OPCODES.has(target[i - 2] ?? 0))) {
      i++;
      continue;
    }
    const v = view.getInt32(i, true);
    const end = i + 4;
    if (v >= -end && v < T) view.setInt32(i, v >= 0 ? v - end : v + T, true);
    free = end;
    i = end + 1;
  }
}
