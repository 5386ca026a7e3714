/**
 * Which shipments of a technique are made where. A visit is one workplace: from what an earlier one left, or from nothing, one shipment or a
 * row of them. So each old image is brought to both sides once, and what is a pair and a step of the history at the same time is shipped once.
 */
import type { PairPlan } from './corpora/corpus.ts';
import { UNLIMITED, type Link } from './links/link.ts';
import type { DeliverTo } from './workplace.ts';

export interface PlannedShipment {
  readonly version: string;
  readonly link: Link;
  /** The pair that it measures, if any. */
  readonly pair: string | undefined;
  /** It is a step of the history, perhaps beside being a pair. */
  readonly isHistory: boolean;
}

export interface Visit {
  readonly deliverTo: DeliverTo;
  /** What both sides hold at first; undefined for nothing. */
  readonly held: string | undefined;
  /** `copy` where an earlier visit leaves it, `prepare` where it is brought there first, unmeasured. */
  readonly start: 'copy' | 'prepare';
  readonly shipments: readonly PlannedShipment[];
  /** The version that both sides hold at the end, where others start from that. */
  readonly leaves: string | undefined;
}

export interface VisitsOptions {
  readonly pairs: readonly PairPlan[];
  readonly links: readonly Link[];
  readonly deliverTo: DeliverTo;
  /** Empty where it is not measured. */
  readonly history: readonly string[];
}

/** The visits of one technique in their order: those that leave something before those that start from it, and faster links before slower ones. */
export function planVisits(options: VisitsOptions): Visit[] {
  const visits = historyVisits(options);
  const done = new Set(visits.flatMap(({ shipments }) => shipments.map(({ pair }) => pair)));
  const links = options.links.toSorted((a, b) => (b.bitsPerSecond ?? Infinity) - (a.bitsPerSecond ?? Infinity));
  for (const { name, old, new: version } of options.pairs) {
    for (const link of links) {
      if (link.name === UNLIMITED.name && done.has(name)) continue;
      visits.push(visitOf(options.deliverTo, old, [{ version, link, pair: name, isHistory: false }]));
    }
  }
  const place = ({ held, start }: Visit): number => (held === undefined ? 0 : start === 'prepare' ? 1 : 2);
  // The first shipments come first for the sharing, too.
  return share(visits.toSorted((a, b) => place(a) - place(b))).toSorted((a, b) => place(a) - place(b));
}

/** The visits in their order, in groups that can be made ready at once: none needs what another one of its group leaves or measures. */
export function groupVisits(visits: readonly Visit[], visitsMax: number): Visit[][] {
  const groups: Visit[][] = [];
  for (const visit of visits) {
    const last = groups.at(-1);
    const fits = last !== undefined && last.length < visitsMax && !last.some((other) => needs(visit, other));
    if (fits) last.push(visit);
    else groups.push([visit]);
  }
  return groups;
}

function needs(visit: Visit, other: Visit): boolean {
  const isCopy = visit.start === 'copy' && visit.held === other.leaves;
  // Whether a slower link is tried depends on what the unlimited one gave.
  return isCopy || visit.shipments.some(({ pair }) => pair !== undefined && other.shipments.some((shipment) => shipment.pair === pair));
}

/** How many visits start from a copy of this version. */
export function usesOf(visits: readonly Visit[], version: string): number {
  return visits.filter(({ held, start }) => held === version && start === 'copy').length;
}

/** The history goes to archives: its first two steps are pairs where those do, too. */
function historyVisits({ history, pairs, links, deliverTo }: VisitsOptions): Visit[] {
  const isMeasured = deliverTo === 'archive' && links.some(({ name }) => name === UNLIMITED.name);
  const steps = history.map((version, i): PlannedShipment => {
    const before = history[i - 1];
    const pair = isMeasured && i < 2 ? pairs.find(({ old, new: newer }) => old === before && newer === version)?.name : undefined;
    return { version, link: UNLIMITED, pair, isHistory: true };
  });
  const [first, ...later] = steps;
  if (first === undefined) return [];
  return [visitOf('archive', undefined, [first]), ...(later.length === 0 ? [] : [visitOf('archive', first.version, later)])];
}

function visitOf(deliverTo: DeliverTo, held: string | undefined, shipments: readonly PlannedShipment[]): Visit {
  return { deliverTo, held, start: 'prepare', shipments, leaves: undefined };
}

/** Lets the first visit that brings a version to both sides leave it to those that start from it. A far engine's data is not copied. */
function share(visits: readonly Visit[]): Visit[] {
  const shared = [...visits];
  const isUser = (each: Visit, version: string): boolean => each.deliverTo === 'archive' && each.held === version;
  for (const version of new Set(visits.flatMap(({ held }) => held ?? []))) {
    const users = shared.filter((each) => isUser(each, version)).length;
    const maker = shared.findIndex((each) => makes(each, version));
    if (users === 0 || (users === 1 && maker < 0)) continue;
    if (maker >= 0) shared[maker] = { ...(shared[maker] as Visit), leaves: version };
    else {
      const firstUser = shared.findIndex((each) => isUser(each, version));
      shared.splice(firstUser, 0, { deliverTo: 'archive', held: version, start: 'prepare', shipments: [], leaves: version });
    }
    for (const [i, each] of shared.entries())
      if (isUser(each, version) && each.shipments.length > 0) shared[i] = { ...each, start: 'copy' };
  }
  return shared;
}

function makes({ deliverTo, held, shipments: [only, ...others] }: Visit, version: string): boolean {
  return (
    deliverTo === 'archive' && held === undefined && only?.version === version && only.link.name === UNLIMITED.name && others.length === 0
  );
}
