/** So many bytes of room for works at the same time; who wants more than is free waits for it, in the order of asking. */
export interface Room {
  /** Resolves when so much is free, and taken. More than there is altogether is all of it. */
  take(bytes: number): Promise<void>;
  /** Gives back what was taken with the same number. */
  give(bytes: number): void;
}

export function createRoom(totalBytes: number): Room {
  let free = totalBytes;
  const waiting: { readonly bytes: number; readonly enter: () => void }[] = [];
  const within = (bytes: number): number => Math.min(bytes, totalBytes);
  return {
    take(wanted) {
      const bytes = within(wanted);
      if (waiting.length === 0 && free >= bytes) {
        free -= bytes;
        return Promise.resolve();
      }
      return new Promise((enter) => waiting.push({ bytes, enter }));
    },
    give(taken) {
      free += within(taken);
      for (let next = waiting[0]; next !== undefined && free >= next.bytes; next = waiting[0]) {
        free -= next.bytes;
        waiting.shift();
        next.enter();
      }
    },
  };
}
