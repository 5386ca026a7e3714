/**
 * The library under a stream of node:zlib, called without a buffer or an object made for any call: as node:zlib itself calls it in its
 * one-shot functions, which make a stream each time. That handle is not documented; where it is not as expected there is none.
 */

export interface ZlibHandle {
  /** One call of the library. @param flush one of its constants. @returns false where it failed: `reset` before the next one. */
  write(flush: number, input: Uint8Array, output: Uint8Array): boolean;
  /** As the last call left them: bytes of the output that are free, of the input that were not taken. */
  readonly roomLeft: number;
  readonly inputLeft: number;
  /** Forgets what came before. */
  reset(): void;
  close(): void;
}

interface Handle {
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputBytes: number,
    output: Uint8Array,
    outputAt: number,
    outputBytes: number,
  ): void;
}

/** The part of a stream of node:zlib that is relied on. */
interface Stream {
  readonly _handle?: Partial<Handle> | null;
  /** Room left in the output, input left over. */
  readonly _writeState?: Uint32Array;
  readonly destroyed: boolean;
  on(event: 'error', listener: () => void): unknown;
  reset(): void;
  destroy(): void;
}

/** @param create makes a stream of node:zlib, again after each failure. */
export function openZlibHandle(create: () => unknown): ZlibHandle | undefined {
  const open = () => {
    const stream = create() as Stream;
    // What fails is told by `write`; without a listener it would end the process as well.
    stream.on('error', () => undefined);
    const { _handle: handle, _writeState: state } = stream;
    return { stream, handle: handle as Handle, state };
  };
  let own = open();
  if (typeof (own.handle as Partial<Handle> | null)?.writeSync !== 'function' || own.state === undefined) {
    own.stream.destroy();
    return undefined;
  }
  return {
    write(flush, input, output) {
      own.handle.writeSync(flush, input, 0, input.byteLength, output, 0, output.byteLength);
      return !own.stream.destroyed;
    },
    get roomLeft() {
      return own.state?.[0] ?? 0;
    },
    get inputLeft() {
      return own.state?.[1] ?? 0;
    },
    reset() {
      if (own.stream.destroyed) own = open();
      else own.stream.reset();
    },
    close: () => own.stream.destroy(),
  };
}
