/** What conversations of a test's receiver know of each other: nothing yet. */
import { createUnderWay, type UnderWay } from '../../receiver/conversation/under-way.ts';
import { openUnfinished } from '../../receiver/conversation/unfinished.ts';
import type { SmallFile } from '../../receiver/small-file.ts';
import { systemClock } from '../../shared/clock.ts';

/** @param file what outlives the receiver. */
export async function freshUnderWay(file?: SmallFile): Promise<UnderWay> {
  return createUnderWay(await openUnfinished(() => systemClock.now(), file), systemClock, 1);
}
