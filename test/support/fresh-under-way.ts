/** What conversations of a test's receiver know of each other: nothing yet. */
import { createUnderWay, type UnderWay } from '../../receiver/under-way.ts';
import { openUnfinished } from '../../receiver/unfinished.ts';
import { systemClock } from '../../shared/clock.ts';

export async function freshUnderWay(): Promise<UnderWay> {
  return createUnderWay(await openUnfinished(() => systemClock.now()), systemClock, 1);
}
