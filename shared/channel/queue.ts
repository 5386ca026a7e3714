/** An asynchronous queue between a producer that pushes and one consumer that iterates. */
export interface AsyncQueue<T> extends AsyncIterable<T> {
  push(item: T): void;
  /** Ends the iteration once what was pushed is consumed. */
  end(): void;
  /** Makes the iteration throw once what was pushed is consumed. */
  fail(error: Error): void;
  readonly length: number;
}

/** @param onTaken called after each item that the consumer takes, with the number left: the producer's sign to go on. */
export function createAsyncQueue<T>(onTaken: (left: number) => void = () => {}): AsyncQueue<T> {
  const items: T[] = [];
  let ended = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => {
    wake?.();
    wake = undefined;
  };
  return {
    push(item) {
      if (ended || failure !== undefined) return;
      items.push(item);
      notify();
    },
    end() {
      ended = true;
      notify();
    },
    fail(error) {
      failure ??= error;
      notify();
    },
    get length() {
      return items.length;
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (items.length > 0) {
          const item = items.shift() as T;
          onTaken(items.length);
          yield item;
        } else if (failure !== undefined) throw failure;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
