/** The commands that look into a store, or bring something back from it, with no sender involved. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { asId } from '../../shared/hash.ts';
import { normaliseReference } from '../../shared/image/reference.ts';
import { loadRecipe, openStoredArchive } from '../../shared/image/stored-archive.ts';
import { openStore } from '../../shared/store/pack-store.ts';
import type { Store } from '../../shared/store/port.ts';
import { createProgressLine } from '../../shared/terminal/progress-line.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { namedAt, openCatalog, type ImageRecord } from '../catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { writeArchive } from '../deliver/archive.ts';
import { createDelivery, type DeliveryFlags } from './delivery.ts';
import { formatTable } from './table.ts';

/** @throws TransferError USAGE where there is no store: looking must not make one. */
async function openExisting(directory: string): Promise<Store> {
  if (!existsSync(join(directory, 'packs')))
    throw new TransferError('USAGE', `there is no store in ${directory}`, {
      hint: 'name the directory that `lightermand serve` was given',
    });
  return openStore(directory);
}

export interface Output {
  write(text: string): unknown;
}

export async function listImages(directory: string, json: boolean, stdout: Output): Promise<void> {
  await using store = await openExisting(directory);
  const catalog = await openCatalog(store);
  const rows = catalog.records().flatMap((record) =>
    record.images.map((image) => ({
      record,
      image,
      names: Object.keys(image.names).filter((name) => ownsName(catalog.records(), record, name)),
    })),
  );
  if (json) {
    for (const { record, image, names } of rows) {
      const { configDigest, manifestDigest, layers } = image;
      stdout.write(
        `${JSON.stringify({ refs: names, configDigest, manifestDigest, layers: layers.length, archive: record.archive, archiveBytes: record.archiveBytes, deliveredAt: new Date(record.deliveredAt).toISOString() })}\n`,
      );
    }
    return;
  }
  stdout.write(
    formatTable(
      ['NAME', 'IMAGE ID', 'LAYERS', 'SIZE', 'DELIVERED'],
      rows.map(({ record, image, names }) => [
        names.join('\n') || '<none>',
        image.configDigest.slice(7, 19),
        image.layers.length,
        formatBytes(record.archiveBytes),
        new Date(record.deliveredAt).toISOString(),
      ]),
    ),
  );
}

function ownsName(records: readonly ImageRecord[], record: ImageRecord, name: string): boolean {
  return records.every((other) => namedAt(other, name) <= namedAt(record, name));
}

export interface RestoreFlags extends Omit<DeliveryFlags, 'deliver'> {
  readonly store: string;
  readonly deliver?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export async function restoreImage(
  name: string,
  flags: RestoreFlags,
  environment: ReceiverEnvironment,
  signal: AbortSignal,
): Promise<void> {
  if ((flags.output === undefined) === (flags.deliver === undefined))
    throw new TransferError('USAGE', 'restore wants either -o FILE or --deliver');
  await using store = await openExisting(flags.store);
  const catalog = await openCatalog(store);
  const record = catalog.find(name);
  const progress = createProgressLine(process.stderr, systemClock);
  const onProgress = (phase: string, done: number, total: number): void => progress.update(phase, done, total);
  try {
    if (flags.output === '-') await writeToStdout(store, record, signal);
    else if (flags.output !== undefined) await writeArchive(store, record, flags.output, { signal, onProgress });
    else if (flags.deliver !== undefined) {
      const deliver = createDelivery({ ...flags, deliver: flags.deliver }, environment, store, catalog);
      const names = record.images.map((image) =>
        normaliseReference(name) in image.names ? [normaliseReference(name)] : Object.keys(image.names),
      );
      const delivery = await deliver(record, { names, signal, onProgress });
      await catalog.save(delivery.record);
      progress.stop();
      for (const note of delivery.notes) process.stderr.write(`${note}\n`);
    }
  } finally {
    progress.stop();
  }
  if (flags.output === '-') return;
  const ids = record.images.map((image) => image.configDigest);
  process.stdout.write(
    flags.json === true
      ? `${JSON.stringify({ event: 'restored', name, imageIds: ids, archiveBytes: record.archiveBytes })}\n`
      : `${name} ${ids.join(' ')}\n`,
  );
}

async function writeToStdout(store: Store, record: ImageRecord, signal: AbortSignal): Promise<void> {
  const archive = await openStoredArchive(await loadRecipe(store, asId(Buffer.from(record.archive, 'hex'))), store);
  await pipeline(archive.openAll(signal), process.stdout, { end: false });
}

export async function showStats(directory: string, json: boolean, stdout: Output): Promise<void> {
  await using store = await openExisting(directory);
  const catalog = await openCatalog(store);
  const { records, chunkBytes, diskBytes } = await store.stats();
  const archiveBytes = catalog.records().reduce((sum, record) => sum + record.archiveBytes, 0);
  if (json) {
    stdout.write(
      `${JSON.stringify({ images: catalog.records().length, chunks: records.chunk, recipes: records.recipe, archiveBytes, chunkBytes, diskBytes })}\n`,
    );
    return;
  }
  stdout.write(`images ${catalog.records().length}, their archives ${formatBytes(archiveBytes)}\n`);
  stdout.write(`chunks ${records.chunk}, ${formatBytes(chunkBytes)}; recipes ${records.recipe}\n`);
  stdout.write(`disk ${formatBytes(diskBytes)}\n`);
}

/** @throws TransferError STORE_CORRUPT when something is damaged, after all of it was printed. */
export async function checkStore(
  flags: { store: string; readAll?: boolean; json?: boolean },
  stdout: Output,
  signal: AbortSignal,
): Promise<void> {
  await using store = await openExisting(flags.store);
  const report = await store.check({ readAll: flags.readAll === true, signal });
  if (flags.json === true) stdout.write(`${JSON.stringify(report)}\n`);
  else {
    for (const problem of report.problems) stdout.write(`${problem.kind} ${problem.key}: ${problem.what}\n`);
    stdout.write(`${report.recordsRead} records read, ${report.problems.length} problems\n`);
  }
  if (report.problems.length > 0)
    throw new TransferError('STORE_CORRUPT', `${report.problems.length} problems in ${flags.store}`, {
      hint: 'ship the images concerned again',
    });
}
