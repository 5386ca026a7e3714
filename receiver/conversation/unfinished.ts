/**
 * Streams of which something is in the store and that belong to no image: of shipments that are under way, or that broke off. While there
 * are any, the images are not all that the store holds. Kept in a small file beside the store, so that a receiver that was killed knows.
 */
import { z } from 'zod';
import { hex, type Id, idFromHex } from '../../shared/hash.ts';
import { UNFINISHED_MAX, UNFINISHED_MS } from '../../shared/limits.ts';
import { createSharedRun } from '../../shared/store/shared-run.ts';
import type { SmallFile } from '../small-file.ts';

export interface Unfinished {
  /** Content of the stream is about to come. Resolves when that would be known after a power cut. */
  begin(stream: Id): Promise<void>;
  /** All of it came, and its recipe is in the store. */
  whole(stream: Id): void;
  /** It belongs to an image now. */
  finish(streams: Iterable<Id>): void;
  /** Whether there are any that are not among `own` (ids in hex). */
  hasOthers(own: ReadonlySet<string>): boolean;
  /** Those whose recipe is in the store, latest first. */
  wholeStreams(): Id[];
}

const Content = z.object({
  version: z.literal(1),
  /** By the stream's id in hex: whether its recipe is in the store, and when the list last heard of it. */
  streams: z.record(z.string().regex(/^[0-9a-f]{64}$/), z.object({ whole: z.boolean(), at: z.number() })),
});
type Entry = z.output<typeof Content>['streams'][string];

/** @param file none: the list is only remembered. A file that says something else counts as an empty list: that costs bytes, not images. */
export async function openUnfinished(now: () => number, file?: SmallFile): Promise<Unfinished> {
  const oldest = now() - UNFINISHED_MS;
  const streams = new Map<string, Entry>(
    Object.entries(parse(await file?.read())).filter(([, { at }]) => at > oldest), // prettier-ignore
  );
  const save = createSharedRun(async () => {
    await file?.write(JSON.stringify({ version: 1, streams: Object.fromEntries(streams) }));
  });
  const set = (id: Id, whole: boolean): void => {
    streams.delete(hex(id));
    streams.set(hex(id), { whole, at: now() });
    const [first] = streams.keys();
    if (streams.size > UNFINISHED_MAX && first !== undefined) streams.delete(first);
  };
  return {
    async begin(stream) {
      if (streams.has(hex(stream))) return;
      set(stream, false);
      await save();
    },
    whole(stream) {
      if (!streams.has(hex(stream))) return;
      set(stream, true);
      save().catch(() => {});
    },
    finish(ids) {
      let changed = false;
      for (const id of ids) changed = streams.delete(hex(id)) || changed;
      if (changed) save().catch(() => {});
    },
    hasOthers: (own) => [...streams.keys()].some((id) => !own.has(id)),
    wholeStreams: () =>
      [...streams]
        .filter(([, { whole }]) => whole)
        .map(([id]) => idFromHex(id))
        .toReversed(),
  };
}

function parse(text: string | undefined): Record<string, Entry> {
  try {
    return text === undefined ? {} : Content.parse(JSON.parse(text)).streams;
  } catch {
    return {};
  }
}
