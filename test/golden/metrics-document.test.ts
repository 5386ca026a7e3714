/** METRICS.md lists the metrics that the agents have, and no others. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createSyncStatus } from '../../sender/sync/status.ts';
import type { Route } from '../../shared/status/server.ts';
import { STATUS_CLOCK, statusWorld } from '../support/status-world.ts';

const document = readFileSync(new URL('../../shared/METRICS.md', import.meta.url), 'utf8');

async function typesOf(routes: Readonly<Record<string, Route>>): Promise<[string, string][]> {
  const { body } = await routes['/metrics']!.page(new URLSearchParams());
  return [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]);
}

const sorted = (pairs: Iterable<readonly [string, string]>): string[] => [...pairs].map((pair) => pair.join(' ')).toSorted();

it('lists every metric of both agents with its type', async () => {
  const rows = [...document.matchAll(/^\| (`[^|]+) \| (\w+) \|/gm)];
  const listed = rows.flatMap(([, names, type]) => [...names!.matchAll(/`(\w+)`/g)].map(([, name]): [string, string] => [name!, type!]));
  await using world = await statusWorld(1);
  const actual = new Map([...(await typesOf(await world.routes())), ...(await typesOf(createSyncStatus(STATUS_CLOCK, 1).routes))]);
  expect(sorted(listed)).toEqual(sorted(actual));
});
