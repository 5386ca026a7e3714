/** The commands that look into a store: `images`, `stats`, `check`. */
import { TransferError } from '../../shared/errors.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { doubtDamaged, findDamagedImages, imageName, trustOthers } from '../catalog/damaged-images.ts';
import { currentNames, ownersOf } from '../catalog/keep-rules.ts';
import { repairStore } from '../catalog/repair.ts';
import type { AdminCommand } from './admin-port.ts';
import { formatTable } from './table.ts';

export const listImages: AdminCommand<{ readonly json?: boolean | undefined }> = async ({ catalog }, { json }, terminal) => {
  const owners = ownersOf(catalog.records());
  const rows = catalog.records().flatMap((record) => {
    const current = new Set(currentNames(record, owners));
    return record.images.map((image) => ({ record, image, names: Object.keys(image.names).filter((name) => current.has(name)) }));
  });
  if (json === true) {
    for (const { record, image, names } of rows) {
      const { configDigest, manifestDigest, layers } = image;
      const { archive, archiveBytes, deliveredAt, pinned = false } = record;
      const at = new Date(deliveredAt).toISOString();
      terminal.stdout(
        `${JSON.stringify({ refs: names, configDigest, manifestDigest, layers: layers.length, archive, archiveBytes, deliveredAt: at, pinned })}\n`,
      );
    }
    return;
  }
  terminal.stdout(
    formatTable(
      ['NAME', 'IMAGE ID', 'LAYERS', 'SIZE', 'DELIVERED'],
      rows.map(({ record, image, names }) => [
        names.join('\n') || '<none>',
        image.configDigest.slice(7, 19),
        image.layers.length,
        formatBytes(record.archiveBytes),
        new Date(record.deliveredAt).toISOString() + (record.pinned === true ? ' pinned' : ''),
      ]),
    ),
  );
};

export const showStats: AdminCommand<{ readonly json?: boolean | undefined }> = async ({ catalog, store }, { json }, terminal) => {
  const { records, chunkBytes, diskBytes } = await store.stats();
  const archiveBytes = catalog.records().reduce((sum, record) => sum + record.archiveBytes, 0);
  if (json === true) {
    terminal.stdout(
      `${JSON.stringify({ images: catalog.records().length, chunks: records.chunk, recipes: records.recipe, archiveBytes, chunkBytes, diskBytes })}\n`,
    );
    return;
  }
  terminal.stdout(`images ${catalog.records().length}, their archives ${formatBytes(archiveBytes)}\n`);
  terminal.stdout(`chunks ${records.chunk}, ${formatBytes(chunkBytes)}; recipes ${records.recipe}\n`);
  terminal.stdout(`disk ${formatBytes(diskBytes)}\n`);
};

/** @throws TransferError STORE_CORRUPT when something is damaged, after all of it was printed. */
export const checkStore: AdminCommand<{ readonly readAll?: boolean | undefined; readonly json?: boolean | undefined }> = async (
  { directory, store, catalog },
  { readAll = false, json },
  terminal,
  signal,
) => {
  const report = await store.check({ readAll, signal });
  const images = await findDamagedImages(store, catalog, report, signal);
  doubtDamaged(catalog, images);
  if (readAll) trustOthers(catalog, images);
  if (json === true) {
    const touched = images.map(({ record, lost }) => ({ image: imageName(record), archive: record.archive, lost: lost.length }));
    terminal.stdout(`${JSON.stringify({ ...report, images: touched })}\n`);
  } else {
    for (const problem of report.problems) terminal.stdout(`${problem.kind} ${problem.key}: ${problem.what}\n`);
    for (const { record, lost } of images)
      terminal.stdout(`image ${imageName(record)}: ${lost.length} records of it are damaged or missing\n`);
    terminal.stdout(`${report.recordsRead} records read, ${report.problems.length} problems, ${images.length} images touched\n`);
  }
  if (report.problems.length === 0 && images.length === 0) return;
  throw new TransferError('STORE_CORRUPT', `${report.problems.length} problems in ${directory}, ${images.length} images touched`, {
    hint: 'run `lightermand repair`, then ship these images again: only what is lacking crosses',
  });
};

export const repairDamage: AdminCommand<{ readonly json?: boolean | undefined }> = async (
  { store, catalog },
  { json },
  terminal,
  signal,
) => {
  const { report, images, removed, packsRewritten, left } = await repairStore(store, catalog, signal);
  const toShip = images.map(({ record, lost }) => ({ image: imageName(record), archive: record.archive, lost: lost.length }));
  if (json === true) {
    const problems = report.problems.length;
    terminal.stdout(`${JSON.stringify({ event: 'repaired', problems, removed, packsRewritten, images: toShip, left })}\n`);
    return;
  }
  terminal.stdout(`${report.problems.length} problems: ${removed} damaged records removed, ${packsRewritten} packs rewritten\n`);
  for (const { image, lost } of toShip) terminal.stdout(`ship again: ${image}, which lacks ${lost} records; only these cross\n`);
  for (const why of left) terminal.stdout(`left as it is: ${why}\n`);
};
