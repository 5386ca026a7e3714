import { describe, expect, it } from 'vitest';
import { releaseBuffers, releaseBytes } from '../../shared/bytes.ts';

describe('releaseBytes', () => {
  it('empties an array that is all of its buffer, as often as it is asked to', () => {
    const bytes = new Uint8Array(8);
    releaseBytes(bytes);
    releaseBytes(bytes);
    expect([bytes.byteLength, bytes.buffer.detached]).toEqual([0, true]);
  });

  it('leaves a part of a buffer, and nothing at all, as they are', () => {
    const whole = new Uint8Array([1, 2, 3]);
    releaseBytes(whole.subarray(1));
    releaseBytes(Buffer.from('of the pool'));
    releaseBytes(new Uint8Array(0));
    expect([...whole]).toEqual([1, 2, 3]);
    expect(Buffer.from('of the pool').toString()).toBe('of the pool');
  });
});

it('releaseBuffers empties all arrays of a buffer', () => {
  const whole = new Uint8Array(9);
  const parts = [whole.subarray(0, 4), whole.subarray(4), new Uint8Array(2)];
  releaseBuffers(parts);
  releaseBuffers(parts);
  expect([whole, ...parts].map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0]);
});
