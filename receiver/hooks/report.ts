/** What a hook is told of an entry of the history. */
import { z } from 'zod';
import type { JournalEntry } from '../../shared/journal/journal.ts';
import { HOOK_EVENTS } from './config.ts';
import type { HookReport } from './run.ts';

const Entry = z.object({
  at: z.string(),
  event: z.enum(HOOK_EVENTS),
  from: z.object({ who: z.string() }).optional(),
  images: z
    .array(
      z.object({
        names: z.array(z.string()),
        configDigest: z.string().optional(),
        imageId: z.string().optional(),
        pushed: z.array(z.string()).optional(),
      }),
    )
    .optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

/** Undefined for what no hook is for. */
export function reportOf(entry: JournalEntry): HookReport | undefined {
  const result = Entry.safeParse(entry);
  if (!result.success) return undefined;
  const { at, event, from, images = [], error } = result.data;
  return {
    event,
    at: Date.parse(at),
    refs: images.flatMap(({ names }) => names),
    images: images.flatMap(({ configDigest, imageId = configDigest ?? '', pushed = [] }) =>
      configDigest === undefined ? [] : [{ configDigest, imageId, pushed }],
    ),
    by: from?.who ?? '',
    ...(error !== undefined && { error }),
  };
}
