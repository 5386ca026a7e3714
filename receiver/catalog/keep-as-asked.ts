/** Keep rules of a sender, for the repositories that it ships: what none of them keeps is let go. */
import { TransferError } from '../../shared/errors.ts';
import { repositoryOf } from '../../shared/image/reference.ts';
import type { Message } from '../../shared/wire/messages.ts';
import { demandName, type Access } from '../access/access.ts';
import type { ImageRecord } from './catalog.ts';
import { collectImages, type CollectContext } from './collect-images.ts';
import { chooseGoing, namesOf, stagedNames } from './keep-rules.ts';

/** What a `serve` lets senders do. */
export interface KeepPolicy {
  readonly wasteMax: number;
  readonly keepUnfinishedMs: number;
}

/** @returns how many images went, and the bytes that were freed. @throws TransferError FORBIDDEN for a repository of others. */
export type KeepAsAsked = (asked: Message<'keep'>, access: Access) => Promise<[images: number, freedBytes: number]>;

/** Where senders may not. @throws TransferError FORBIDDEN */
export const keepByOwnRules: KeepAsAsked = () =>
  Promise.reject(
    new TransferError('FORBIDDEN', 'this receiver keeps images by its own rules alone', {
      hint: 'it would have to be started with --keep-as-asked; or leave `keep` out',
    }),
  );

/** Where they may. @param context as of now, each time. */
export function createKeepAsAsked(policy: KeepPolicy, context: () => CollectContext): KeepAsAsked {
  return (asked, access) => keep(asked, access, policy, context());
}

async function keep(
  [, repositories, last, within, tags]: Message<'keep'>,
  access: Access,
  policy: KeepPolicy,
  context: CollectContext,
): Promise<[images: number, freedBytes: number]> {
  for (const repository of repositories) demandName(access, `${repository}:*`);
  const asked = new Set(repositories);
  const isOnlyAsked = (record: ImageRecord): boolean => {
    const names = [...namesOf(record), ...stagedNames(record)];
    return names.length > 0 && names.every((name) => asked.has(repositoryOf(name) ?? ''));
  };
  const rules = { ...(last > 0 && { last }), ...(within > 0 && { withinMs: within * 1000 }), tags };
  const forget = chooseGoing(context.catalog.records().filter(isOnlyAsked), rules, context.now);
  if (forget.length === 0) return [0, 0];
  const request = { ...policy, rules: { tags: [] }, forget, dryRun: false, wipe: false };
  const { images, freedBytes } = await collectImages(request, context);
  return [images.length, freedBytes];
}
