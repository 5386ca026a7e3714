import { describe, expect, it } from 'vitest';
import { createSegmentWindow, type SegmentWindow } from '../../sender/link/segment-window.ts';
import { SEGMENT_BYTES_IN_FLIGHT_MAX, SEGMENTS_IN_FLIGHT_MAX } from '../../shared/limits.ts';

/** Numbers of the segments that are begun until one would have to wait. */
async function fill(window: SegmentWindow, bytes: number): Promise<number[]> {
  const begun: number[] = [];
  let hasRoom = true;
  while (hasRoom) {
    hasRoom = await Promise.race([window.hasRoom().then(() => true), new Promise<false>((resolve) => setImmediate(resolve, false))]);
    if (hasRoom) begun.push(window.add(bytes));
  }
  return begun;
}

describe('segments on their way', () => {
  it('are so many at most', async () => {
    const window = createSegmentWindow(() => 3);
    expect(await fill(window, 10)).toEqual([0, 1, 2]);
    window.stored(0);
    expect(await fill(window, 10)).toEqual([3]);
    window.stored(3);
    expect(await fill(window, 10)).toEqual([4, 5, 6]);
    expect(
      await fill(
        createSegmentWindow(() => 1e9),
        10,
      ),
    ).toHaveLength(SEGMENTS_IN_FLIGHT_MAX);
  });

  it('have so many bytes at most, but for the one that goes beyond', async () => {
    const window = createSegmentWindow(() => SEGMENTS_IN_FLIGHT_MAX);
    expect(await fill(window, SEGMENT_BYTES_IN_FLIGHT_MAX / 4 + 1)).toHaveLength(4);
    window.stored(1);
    expect(await fill(window, SEGMENT_BYTES_IN_FLIGHT_MAX)).toEqual([4]);
    window.stored(4);
    expect(await fill(window, 2 * SEGMENT_BYTES_IN_FLIGHT_MAX)).toEqual([5]);
  });

  it('are no fewer for an acknowledgement that comes again, nor for one of what was not sent', async () => {
    const window = createSegmentWindow(() => 2);
    expect(await fill(window, 1)).toEqual([0, 1]);
    window.stored(0);
    window.stored(0);
    expect(await fill(window, 1)).toEqual([2]);
    window.stored(99);
    expect(await fill(window, 1)).toEqual([3, 4]);
  });

  it('wait no longer once it is open', async () => {
    const window = createSegmentWindow(() => 1);
    window.add(1);
    const waiting = window.hasRoom();
    window.open();
    await expect(Promise.all([waiting, window.hasRoom()])).resolves.toBeDefined();
  });
});
