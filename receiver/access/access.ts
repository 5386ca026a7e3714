/** Who a conversation is with, and what that allows. */
import { TransferError } from '../../shared/errors.ts';
import type { ImageEntry, ImageRecord } from '../catalog/catalog.ts';
import type { SentChunks } from './sent-chunks.ts';

export interface Access extends Disposable {
  /** For the log: `token dc1`, `certificate dc1`, `anyone`. */
  readonly who: string;
  /** Whether an image may be shipped and asked about under this name; '' stands for an image without one. */
  allows(name: string): boolean;
  /** False where everything may be shipped and read. */
  readonly isLimited: boolean;
  /** Whether what is delivered is pushed where the receiver pushes to. */
  readonly mayPush: boolean;
  /** Aborts, with a TransferError UNAUTHORIZED, when the access ends before the conversation does. */
  readonly ended: AbortSignal;
  /** What was sent with this access, in this conversation and earlier ones, and belongs to no image yet. */
  readonly sent: SentChunks;
  /** A conversation has come to its end: what was sent in it belongs to images, or is not wanted. */
  done(): void;
}

const NEVER = new AbortController().signal;

/** Where nobody is asked who they are. */
export const openAccess: Access = {
  who: 'anyone',
  allows: () => true,
  isLimited: false,
  mayPush: true,
  ended: NEVER,
  sent: { isEmpty: () => Promise.resolve(true), among: () => Promise.resolve(new Set()), add: () => {}, clear: () => {} },
  done: () => {},
  [Symbol.dispose]: () => {},
};

/** An archive may be read where each image in it was delivered, or staged, under a name that is allowed. What the archive itself says does not count. */
export function mayRead(access: Access, record: ImageRecord): boolean {
  return !access.isLimited || record.images.every((image) => namesOf(image).some((name) => access.allows(name)));
}

function namesOf({ names, staged = {} }: ImageEntry): string[] {
  return [...Object.keys(names), ...Object.keys(staged)];
}

/** @throws TransferError FORBIDDEN */
export function demandName(access: Access, name: string): void {
  if (access.allows(name)) return;
  const what = name === '' ? 'an image without a name' : name;
  throw new TransferError('FORBIDDEN', `${access.who} may not ship ${what}`);
}

/** @param names that each image of an archive is to get. @throws TransferError FORBIDDEN */
export function demandNames(access: Access, names: readonly (readonly string[])[]): void {
  for (const ofImage of names) for (const name of ofImage.length === 0 ? [''] : ofImage) demandName(access, name);
}
