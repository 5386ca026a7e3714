/** Contents for the tests of deltas: seeded, small, and like what images hold. */
import { concatBytes, utf8 } from '../../shared/bytes.ts';
import { gzipMember } from './members.ts';
import { seededBytes } from './random.ts';

const WORDS = ['harbour', 'lighter', 'quay', 'cargo', 'tide', 'the', 'of', 'and', 'barge', 'rope', '{', '}', ';', '\n'];

/** Words in an order that the seed decides. */
export function textContent(seed: number, words: number): Uint8Array {
  const picks = seededBytes(seed, words);
  return utf8([...picks].map((pick) => WORDS[pick % WORDS.length]).join(' '));
}

const FILLER = [0x48, 0x89, 0xe5, 0x53, 0x31, 0xc0, 0x90];
const CALL = 0xe8;
const CALL_BYTES = 5;

/** The words of a text, three by three in the opposite order: nothing long is left where it was. */
export function reorderedText(text: Uint8Array): Uint8Array {
  const words = Buffer.from(text).toString('latin1').split(' ');
  const groups = Array.from({ length: Math.ceil(words.length / 3) }, (_, i) => words.slice(3 * i, 3 * i + 3).join(' '));
  return new Uint8Array(Buffer.from(groups.toReversed().join(' '), 'latin1'));
}

/**
 * Like machine code: `functions` stretches that call one another. `inserted` bytes stand in front of function `at`, so that every
 * call across that place has another operand.
 */
export function codeContent(seed: number, functions: number, at = 0, inserted = 0): Uint8Array {
  const random = seededBytes(seed, functions * 64);
  const bodies = Array.from({ length: functions }, (_, i) => 20 + ((random[i * 64] as number) % 40));
  const starts: number[] = [];
  let next = 0;
  for (const [i, body] of bodies.entries()) {
    if (i === at) next += inserted;
    starts.push(next);
    next += body + CALL_BYTES;
  }
  const code = new Uint8Array(next).fill(0xcc);
  const view = new DataView(code.buffer);
  for (const [i, body] of bodies.entries()) {
    const start = starts[i] as number;
    for (let j = 0; j < body; j++) code[start + j] = FILLER[(random[i * 64 + 1 + (j % 60)] as number) % FILLER.length] as number;
    code[start + body] = CALL;
    const callee = (random[i * 64 + 63] as number) % functions;
    view.setInt32(start + body + 1, (starts[callee] as number) - (start + body + CALL_BYTES), true);
  }
  return code;
}

/** `content` with bytes changed, put in and taken out at places that the seed decides. */
export function editedContent(content: Uint8Array, seed: number, edits: number): Uint8Array {
  const random = seededBytes(seed, edits * 8);
  const view = new DataView(random.buffer, random.byteOffset);
  let edited = content;
  for (let i = 0; i < edits; i++) {
    const at = view.getUint32(i * 8) % (edited.byteLength + 1);
    const kind = (random[i * 8 + 4] as number) % 3;
    const length = (random[i * 8 + 5] as number) % 32;
    const middle = kind === 1 ? new Uint8Array(0) : seededBytes(seed + i + 1, length);
    edited = concatBytes([edited.subarray(0, at), middle, edited.subarray(kind === 0 ? at : Math.min(edited.byteLength, at + length))]);
  }
  return edited;
}

/** Some texts, each compressed, with bytes between them. */
export function gzippedContent(seed: number, members: number, level: number): Uint8Array {
  return concatBytes(
    Array.from({ length: members }, (_, i) => [seededBytes(seed + i, i * 3), gzipMember(textContent(seed + i, 300), level)]).flat(),
  );
}
