/** Reads and works on items, several at once, and gives what becomes of them in their order. */

export interface Work<Item, Job, Result> {
  /** Jobs that are worked on at once; one more is read ahead, unless it is large. */
  readonly threads: number;
  /** Worth waiting with until a thread has time for it: what was read ahead would take memory beside what the threads work on. */
  isLarge(this: void, item: Item): boolean;
  /** Called item by item, each after the call for the one before it. */
  read(this: void, item: Item): Promise<Job>;
  run(this: void, job: Job): Promise<Result>;
}

/** Items are taken as they are needed, at most so many as there are threads, and one, ahead of the result that is asked for. */
export async function* workInOrder<Item, Job, Result>(
  items: Iterable<Item>,
  { threads, isLarge, read, run }: Work<Item, Job, Result>,
): AsyncGenerator<[Result, Item], void, undefined> {
  const results: (readonly [Promise<Result>, Item])[] = [];
  /** Settles with each that was begun and is not done. */
  const underWay = new Set<Promise<void>>();
  let begun: Promise<void> = Promise.resolve();
  const begin = async (item: Item): Promise<() => Promise<Result>> => {
    while (isLarge(item) && underWay.size >= threads) await Promise.race(underWay);
    const result = read(item).then(run);
    const done = result.then(() => {}, () => {}).then(() => void underWay.delete(done)); // prettier-ignore
    underWay.add(done);
    return () => result;
  };
  for (const item of items) {
    const beginning = begun.then(() => begin(item));
    begun = beginning.then(() => {});
    const result = beginning.then((resultOf) => resultOf());
    result.catch(() => {});
    results.push([result, item]);
    if (results.length <= threads) continue;
    const [first, itsItem] = results.shift() as (typeof results)[number];
    yield [await first, itsItem];
  }
  for (const [result, item] of results) yield [await result, item];
}
