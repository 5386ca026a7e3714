/** Lays things out in the memory of a WebAssembly module, one behind the other. */
export interface Places {
  /** The address of `bytes` bytes, aligned to a cache line, with 24 readable bytes behind them. */
  take(bytes: number): number;
  /** The size of the memory that holds everything taken. */
  end(): number;
}

const LINE_BYTES = 64;
/** The first page belongs to the module itself. */
const FIRST = 64 * 1024;

export function createPlaces(first = FIRST): Places {
  let next = first;
  return {
    take(bytes) {
      const at = next;
      next = Math.ceil((at + bytes + 24) / LINE_BYTES) * LINE_BYTES;
      return at;
    },
    end: () => next,
  };
}
