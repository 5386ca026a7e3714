/** What a peer can use up, and what it can have in the log. */
import { describe, expect, it } from 'vitest';
import { createFrameOrder } from '../../receiver/conversation/frame-order.ts';
import { limitWarnings } from '../../receiver/log.ts';
import { createConnectionCounter, type Place } from '../../receiver/transport/connection-counter.ts';
import { STREAM_BYTES_PER_SESSION_MAX, STREAMS_PER_SESSION_MAX } from '../../shared/limits.ts';
import { expectCode } from '../support/failure.ts';

function entered(place: Place | string): Place {
  if (typeof place === 'string') throw new TypeError(place);
  return place;
}

describe('connections', () => {
  const limits = { waiting: 2, all: 4, perAddress: 3 };

  it('are refused beyond those that wait, those from one address, and all', () => {
    const counter = createConnectionCounter(limits);
    const first = entered(counter.enter('a'));
    const second = entered(counter.enter('a'));
    expect(counter.enter('b')).toMatch(/no conversation yet/);
    first.settle();
    second.settle();
    entered(counter.enter('a')).settle();
    expect(counter.enter('a')).toMatch(/from this address/);
    entered(counter.enter('b')).settle();
    expect(counter.enter('c')).toMatch(/there are 4 connections/);
  });

  it('leave their place once, however often they say so', () => {
    const counter = createConnectionCounter({ waiting: 1, all: 1, perAddress: 1 });
    for (let i = 0; i < 5; i++) {
      const place = entered(counter.enter('a'));
      if (i % 2 === 0) place.settle();
      place.leave();
      place.settle();
      place.leave();
    }
    entered(counter.enter('a'));
    expect(counter.enter('a')).toBeTypeOf('string');
  });
});

describe('the order of frames', () => {
  it('images and segments follow each other, each once', () => {
    const order = createFrameOrder();
    order.offer(0);
    order.offer(1);
    order.segment(0);
    order.segment(1);
    order.deliver(1);
    order.deliver(0);
    for (const wrong of [
      () => order.offer(1),
      () => order.segment(1),
      () => order.deliver(0),
      () => order.deliver(9),
      () => createFrameOrder().offer(1),
      () => createFrameOrder().segment(7),
      () => createFrameOrder().deliver(0),
    ])
      expectCode(wrong, 'PROTOCOL_VIOLATION');
  });

  it('bounds what a session announces', () => {
    const order = createFrameOrder();
    order.stream(STREAM_BYTES_PER_SESSION_MAX);
    expectCode(() => order.stream(1), 'LIMIT_EXCEEDED');
    for (let i = 0; i < STREAMS_PER_SESSION_MAX; i++) order.offer(i);
    expectCode(() => order.offer(STREAMS_PER_SESSION_MAX), 'LIMIT_EXCEEDED');
  });
});

describe('warnings', () => {
  it('that are too many are left out, and counted in the next', () => {
    const lines: object[] = [];
    let now = 0;
    const log = limitWarnings(
      { info: () => {}, warn: (fields) => void lines.push(fields) },
      { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() },
    );
    for (let i = 0; i < 1000; i++) log.warn({ i }, 'noise');
    expect(lines).toHaveLength(50);
    now += 2000;
    log.warn({ i: 'later' }, 'noise');
    log.warn({ i: 'last' }, 'noise');
    log.warn({ i: 'too many' }, 'noise');
    expect(lines.slice(50)).toEqual([{ i: 'later', leftOut: 950 }, { i: 'last' }]);
  });
});
