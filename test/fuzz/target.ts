/** What is fuzzed: something that takes bytes from outside. */
import { TransferError } from '../../shared/errors.ts';

export interface Target {
  readonly name: string;
  /** Inputs that are right, or nearly: what mutations begin with. */
  readonly seeds: () => Promise<readonly Uint8Array[]>;
  /** Takes the input. Throws, or rejects with, what `isExpected` refuses where there is a fault. */
  readonly run: (input: Uint8Array) => void | Promise<void>;
  /** Longer inputs find nothing that shorter ones do not. */
  readonly bytesMax: number;
}

/** A refusal is an answer. Anything but a TransferError, or one that says INTERNAL, is a fault. */
export function isExpected(error: unknown): boolean {
  return error instanceof TransferError && error.code !== 'INTERNAL';
}
