/** The worked example of shared/PROTOCOL.md, decoded and made again by the code. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeSegmentFrame, encodeSegmentFrame, NO_BASE, OWN_STREAM } from '../../shared/wire/bulk.ts';
import { FRAME, PROTOCOL_VERSION, PROTOCOL_VERSIONS } from '../../shared/wire/frames.ts';
import { decodeMessage, encodeMessage, type Message } from '../../shared/wire/messages.ts';

const document = readFileSync(new URL('../../shared/PROTOCOL.md', import.meta.url), 'utf8');

function example(name: string): Uint8Array {
  const line = new RegExp(`^[<>] ${name} +([0-9a-f ]+)$`, 'm').exec(document)?.[1];
  return new Uint8Array(Buffer.from((line ?? '').replaceAll(' ', ''), 'hex'));
}

const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe('PROTOCOL.md', () => {
  it('hello', () => {
    expect(decodeMessage('hello', example('hello'))).toEqual([PROTOCOL_VERSIONS, 'lighterman 0.1.0']);
    expect(new Uint8Array(encodeMessage('hello', [[...PROTOCOL_VERSIONS], 'lighterman 0.1.0']))).toEqual(example('hello'));
  });

  it('offer', () => {
    const layers = Buffer.concat([id(0x22).subarray(0, 8), id(0x33).subarray(0, 8)]);
    const [image, name, imageId, archiveId, prefixes, deliver] = decodeMessage('offer', example('offer'));
    expect([image, name, imageId, archiveId.byteLength, Buffer.from(prefixes), deliver]).toEqual([0, 'shop:2', id(0x11), 0, layers, 1]);
    expect(new Uint8Array(encodeMessage('offer', [0, 'shop:2', id(0x11), new Uint8Array(0), layers, 1]))).toEqual(example('offer'));
  });

  it('welcome and answer', () => {
    expect(decodeMessage('welcome', example('welcome'))).toEqual([PROTOCOL_VERSION, 'lightermand 0.1.0', id(0xaa).subarray(0, 8)]);
    expect(decodeMessage('answer', example('answer'))).toEqual([0, 1, new Uint8Array(0), 1]);
  });

  it('segment', () => {
    const segment = {
      segment: 5,
      stream: 2,
      runs: [{ codec: 0, chunkCount: 1, base: NO_BASE, payload: Buffer.from('hello') }],
    };
    expect(decodeSegmentFrame(example('segment'))).toEqual({
      ...segment,
      runs: [{ ...segment.runs[0], payload: expect.any(Uint8Array) as Uint8Array }],
    });
    expect(new Uint8Array(encodeSegmentFrame(segment))).toEqual(example('segment'));
  });

  it('a segment that leans on rows, a range and its own stream', () => {
    const ranges = [
      { base: 1, row: 300, firstChunk: 3, chunkCount: 2 },
      { base: OWN_STREAM, row: 0, firstChunk: 0, chunkCount: 1 },
    ];
    const payload = new Uint8Array([0x28, 0xb5, 0x2f]);
    const segment = { segment: 6, stream: 2, runs: [{ codec: 2, chunkCount: 2, base: { rows: true, ranges }, payload }] };
    expect(decodeSegmentFrame(example('leaning'))).toEqual(segment);
    expect(new Uint8Array(encodeSegmentFrame(segment))).toEqual(example('leaning'));
  });

  it('a sync that ran', () => {
    const told: Message<'ran'> = ['nightly', 86_700, 2, 7, 0, 1, 1_250_000, 95, 'IMAGE_NOT_FOUND'];
    expect(decodeMessage('ran', example('ran'))).toEqual(told);
    expect(new Uint8Array(encodeMessage('ran', told))).toEqual(example('ran'));
  });

  it('names every frame type with its number', () => {
    for (const [name, type] of Object.entries(FRAME)) expect(document).toMatch(new RegExp(`^\\| ${type} \\| ${name} \\|`, 'm'));
  });
});
