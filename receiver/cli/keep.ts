/** The commands that say what stays in a store: `gc`, `forget`, `pin`, `unpin`. */
import { TransferError } from '../../shared/errors.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { collectImages, type Collected } from '../catalog/collect-images.ts';
import { imageName } from '../catalog/damaged-images.ts';
import { namesOf, ownersOf } from '../catalog/keep-rules.ts';
import { findSharedContent } from '../catalog/shared-content.ts';
import type { AdminCommand, CollectFlags } from './admin-port.ts';

/** The share of a pack that may be waste before it is rewritten. */
export const WASTE_MAX = 0.25;
/** Content of shipments that were not finished stays so long, for the next try. */
export const KEEP_UNFINISHED = '7d';
/** Other images that an answer names. */
const OWNERS_TOLD_MAX = 10;

export const collectGarbage: AdminCommand<CollectFlags> = async (context, flags, terminal, signal) => {
  const { keepLast, keepWithinMs, keepTags, keepUnfinishedMs, diskBytesMax, dryRun } = flags;
  const rules = { last: keepLast, withinMs: keepWithinMs, tags: keepTags };
  const request = { rules, forget: [], diskBytesMax, dryRun, wipe: false, wasteMax: WASTE_MAX, keepUnfinishedMs, signal };
  const collected = await collectImages(request, { ...context, now: context.clock.now() });
  if (flags.json === true) return terminal.stdout(`${JSON.stringify({ event: 'collected', dryRun, ...toJson(collected) })}\n`);
  const [go, remove, free] = dryRun ? ['would go', 'would remove', 'would free'] : ['gone', 'removed', 'freed'];
  for (const record of collected.images) terminal.stdout(`${go}: ${describe(record.images[0]?.configDigest, imageName(record))}\n`);
  for (const record of collected.inUse) terminal.stdout(`stays, in use: ${imageName(record)}\n`);
  const content = `${remove} ${collected.records} records with ${formatBytes(collected.contentBytes)} of content`;
  terminal.stdout(`${content}; ${free} ${formatBytes(collected.freedBytes)}, the packs have ${formatBytes(collected.diskBytes)} now\n`);
  if (collected.unfinishedBytes > 0)
    terminal.stdout(`${formatBytes(collected.unfinishedBytes)} of shipments that were not finished stay (--keep-unfinished)\n`);
  for (const why of collected.left) terminal.stdout(`left as it is: ${why}\n`);
};

export const forgetImage: AdminCommand<{ readonly name: string; readonly purge: boolean; readonly json?: boolean | undefined }> = async (
  context,
  { name, purge, json },
  terminal,
  signal,
) => {
  const { catalog, store, clock } = context;
  const record = catalog.find(name);
  const names = namesOf(record);
  const others = catalog.records().filter((other) => other !== record);
  const shared = await findSharedContent(record, others, store);
  const request = {
    rules: { tags: [] },
    forget: [record],
    dryRun: false,
    wipe: purge,
    wasteMax: WASTE_MAX,
    keepUnfinishedMs: Infinity,
    signal,
  };
  const collected = await collectImages(request, { ...context, now: clock.now() });
  if (collected.inUse.length > 0)
    throw new TransferError('STORE_LOCKED', `${name} is being shipped, delivered or restored`, { hint: 'try again when that is done' });
  const owners = shared.owners.map((owner) => ({ image: imageName(owner.record), bytes: owner.bytes }));
  const left = ownersOf(catalog.records());
  const successors = names.flatMap((each) => {
    const next = left.get(each);
    return next === undefined ? [] : [{ name: each, imageId: next.images[0]?.configDigest ?? '' }];
  });
  if (json === true) {
    const { images: _, ...rest } = toJson(collected);
    const kept = { bytes: shared.bytes, images: owners };
    return terminal.stdout(
      `${JSON.stringify({ event: 'forgotten', names, imageIds: record.images.map((image) => image.configDigest), purged: purge, ...rest, shared: kept, namesNow: successors })}\n`,
    );
  }
  terminal.stdout(`forgotten: ${describe(record.images[0]?.configDigest, names.join(', ') || record.archive)}\n`);
  const how = purge ? 'overwritten and removed' : 'removed';
  terminal.stdout(
    `${how}: ${collected.records} records with ${formatBytes(collected.contentBytes)} of content that only it had; freed ${formatBytes(collected.freedBytes)}\n`,
  );
  if (shared.bytes > 0) {
    const told = owners.slice(0, OWNERS_TOLD_MAX).map(({ image, bytes }) => `${image} (${formatBytes(bytes)})`);
    const more = owners.length > told.length ? ` and ${owners.length - told.length} more` : '';
    terminal.stdout(`remains: ${formatBytes(shared.bytes)} that other images need: ${told.join(', ')}${more}\n`);
  }
  for (const { name: each, imageId } of successors) terminal.stdout(`${each} is now ${imageId}, which had the name before\n`);
  for (const why of collected.left) terminal.stdout(`left as it is: ${why}\n`);
};

export const pinImage: AdminCommand<{ readonly name: string; readonly pinned: boolean }> = async (
  { catalog, store },
  { name, pinned },
  terminal,
) => {
  const record = catalog.find(name);
  await catalog.save({ ...record, pinned });
  await store.flush();
  terminal.stdout(`${pinned ? 'pinned' : 'no longer pinned'}: ${describe(record.images[0]?.configDigest, imageName(record))}\n`);
};

function toJson({ images, inUse, ...report }: Collected) {
  return { ...report, images: images.map((record) => imageName(record)), inUse: inUse.map((record) => imageName(record)) };
}

function describe(imageId: string | undefined, name: string): string {
  return imageId === undefined ? name : `${name} ${imageId}`;
}
