import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PairPlan } from '../../../bench/corpora/corpus.ts';
import { LINKS, UNLIMITED, type Link } from '../../../bench/links/link.ts';
import { groupVisits, planVisits, usesOf, type Visit, type VisitsOptions } from '../../../bench/visits.ts';

const pair = (name: string, old: string | undefined, newer: string): PairPlan => ({ name, title: name, old, new: newer });
const PAIRS = [
  pair('base', 'b1', 'b2'),
  pair('rebuild', 's1', 's2'),
  pair('refresh', 's1', 's3'),
  pair('flat', 's3', 'sf'),
  pair('same', 's1', 's1'),
  pair('first', undefined, 's1'),
];
const HISTORY = ['s1', 's2', 's3', 'sf'];
const FAST = LINKS[1] as Link;
const plan = (changes: Partial<VisitsOptions>): Visit[] =>
  planVisits({ pairs: PAIRS, links: [UNLIMITED], deliverTo: 'archive', history: HISTORY, ...changes });

/** `s1 copy: s2(rebuild,history) > s1` */
function show({ held, start, shipments, leaves }: Visit): string {
  const made = shipments.map((shipment) => {
    const { version, pair: name, link, isHistory } = shipment;
    return `${version}(${[name, isHistory ? 'history' : undefined, link === UNLIMITED ? undefined : link.name].filter(Boolean).join()})`;
  });
  return [held === undefined ? 'nothing:' : `${held} ${start}:`, ...made, ...(leaves === undefined ? [] : [`> ${leaves}`])].join(' ');
}

const sizes = (visits: readonly Visit[], most: number): number[] => groupVisits(visits, most).map(({ length }) => length);

describe('visits', () => {
  it('a step of the history that is a pair, too, is shipped once, and what both sides hold then serves all that start from it', () => {
    expect(plan({}).map(show)).toEqual([
      'nothing: s1(first,history) > s1',
      'b1 prepare: b2(base)',
      's3 prepare: sf(flat)',
      's1 copy: s2(rebuild,history) s3(history) sf(history)',
      's1 copy: s3(refresh)',
      's1 copy: s1(same)',
    ]);
  });

  it('without a history a first shipment leaves what it brought', () => {
    expect(plan({ history: [] }).map(show)).toEqual(expect.arrayContaining(['nothing: s1(first) > s1', 's1 copy: s2(rebuild)']));
  });

  it('what several links start from is prepared once, in a visit of its own', () => {
    expect(plan({ pairs: PAIRS.slice(0, 1), links: [FAST, UNLIMITED], history: [] }).map(show)).toEqual([
      'b1 prepare: > b1',
      'b1 copy: b2(base)',
      'b1 copy: b2(base,100mbit)',
    ]);
  });

  it('a far engine is prepared for each shipment, and its pairs are not the history', () => {
    const visits = plan({ deliverTo: 'engine' });
    expect(visits.map(show)).toContain('s1 prepare: s2(rebuild)');
    expect(visits.map(show)).toContain('s1 copy: s2(history) s3(history) sf(history)');
    expect(visits.filter(({ deliverTo }) => deliverTo === 'engine').every(({ start, leaves }) => start === 'prepare' && !leaves)).toBe(
      true,
    );
  });

  it('those that need nothing of each other are made ready at once', () => {
    expect(sizes(plan({}), 3)).toEqual([3, 3]);
    expect(sizes(plan({}), 2)).toEqual([2, 2, 2]);
    // A slower link waits for what the unlimited one gave, and a copy for the original.
    expect(sizes(plan({ pairs: PAIRS.slice(0, 1), links: [UNLIMITED, FAST], history: [] }), 3)).toEqual([1, 1, 1]);
    expect(groupVisits(plan({}), 3).flat()).toEqual(plan({}));
  });

  it('every pair is measured once over every link, after whatever it starts from was left', () => {
    const options = fc.record({
      pairs: fc.subarray(PAIRS),
      links: fc.subarray([...LINKS], { minLength: 1 }),
      deliverTo: fc.constantFrom('archive' as const, 'engine' as const),
      history: fc.nat(HISTORY.length).map((length) => HISTORY.slice(0, length)),
    });
    fc.assert(
      fc.property(options, (given) => {
        const visits = planVisits(given);
        const shipments = visits.flatMap((visit) => visit.shipments);
        const measured = shipments.flatMap(({ pair: name, link }) => (name === undefined ? [] : [`${name} ${link.name}`]));
        expect(measured.toSorted()).toEqual(
          given.pairs.flatMap(({ name }) => given.links.map((link) => `${name} ${link.name}`)).toSorted(),
        );
        expect(shipments.flatMap(({ version, isHistory }) => (isHistory ? [version] : []))).toEqual(given.history);
        for (const [i, { held, start }] of visits.entries()) {
          const left = visits.slice(0, i).map(({ leaves }) => leaves);
          expect(start === 'prepare' || left.includes(held)).toBe(true);
        }
        for (const { leaves } of visits) expect(leaves === undefined || usesOf(visits, leaves) > 0).toBe(true);
      }),
    );
  });
});
