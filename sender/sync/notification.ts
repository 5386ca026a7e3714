/** What a registry tells of pushes, in the envelope of its notifications (distribution project, "Work with notifications"). */
import { z } from 'zod';
import { formatReference, tryParseReference } from '../../shared/image/reference.ts';
import { NOTIFICATION_EVENTS_MAX } from '../../shared/limits.ts';
import type { SyncConfig } from './config.ts';
import { isMeant, renamed, type SelectedImage } from './selection.ts';

const Envelope = z.object({
  events: z
    .array(
      z.object({
        action: z.string(),
        target: z.object({ repository: z.string().optional(), tag: z.string().optional() }),
        request: z.object({ host: z.string().optional() }).optional(),
      }),
    )
    .max(NOTIFICATION_EVENTS_MAX),
});

/** A tag that was pushed. Pushes of manifests without a tag, and of blobs, come as well: they are left out. */
export interface PushedImage {
  /** The registry as the pusher called it: `127.0.0.1:5000`. */
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
}

/** Undefined for what is no such envelope. */
export function parseNotification(text: string): PushedImage[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const result = Envelope.safeParse(value);
  if (!result.success) return undefined;
  return result.data.events.flatMap(({ action, target: { repository, tag }, request }) =>
    action === 'push' && repository !== undefined && tag !== undefined ? [{ host: request?.host ?? '', repository, tag }] : [],
  );
}

/**
 * What of a push is to be shipped, by the entries of sync.yaml: one whose `repository` is that of the push, with or without the registry in front, and whose tags and
 * range let it pass. `newest` says nothing here: what was just pushed is shipped.
 */
export function selectPushed({ images }: SyncConfig, { host, repository, tag }: PushedImage): SelectedImage[] {
  const source = tryParseReference(`${host}/${repository}:${tag}`);
  if (source === undefined) return [];
  return images.flatMap((entry): SelectedImage[] => {
    if ('archives' in entry) return [];
    const meant = entry.repository === repository || entry.repository === `${host}/${repository}`;
    if (!meant || !isMeant(tag, entry)) return [];
    // Over there it is called as here, without the registry that it comes from.
    return [{ source: formatReference(source), as: renamed(entry.name ?? repository, source), to: entry.to, isPulled: true }];
  });
}
