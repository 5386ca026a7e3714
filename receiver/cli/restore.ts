/** `restore`: an image that was delivered once comes back from the store, without the link. */
import { normaliseReference } from '../../shared/image/reference.ts';
import { openArchive } from '../deliver/archive.ts';
import type { AdminCommand } from './admin-port.ts';
import { createDelivery } from './delivery.ts';

export interface RestoreFlags {
  readonly name: string;
  /** Where to; undefined sends the archive to the terminal. */
  readonly deliver?: string | undefined;
  readonly engine?: string | undefined;
  readonly push?: string | undefined;
  /** Nothing on stdout: the archive goes there. */
  readonly quiet: boolean;
  readonly json?: boolean | undefined;
}

export const restoreImage: AdminCommand<RestoreFlags> = async (context, flags, terminal, signal) => {
  const { name, deliver: target, engine, push } = flags;
  // The image and what it consists of stay while it is read, whatever is collected meanwhile.
  const use = context.uses.begin(context.store, context.catalog);
  try {
    const record = use.catalog.find(name);
    if (target === undefined) {
      await terminal.archive(record.archiveBytes, await openArchive(use.store, record, signal));
      await context.record('restored', { record, to: 'archive' });
    } else {
      const where = { deliver: target, ...(engine !== undefined && { engine }), ...(push !== undefined && { push }) };
      const deliver = createDelivery(where, context.environment, use.store, use.catalog);
      const names = record.images.map((image) =>
        normaliseReference(name) in image.names ? [normaliseReference(name)] : Object.keys(image.names),
      );
      const delivery = await deliver(record, { names, signal, onProgress: (...report) => terminal.progress(...report) });
      await use.catalog.save(delivery.record);
      await use.store.flush();
      await context.record('restored', { record: delivery.record, images: delivery.images, notes: delivery.notes, to: target });
      for (const note of delivery.notes) terminal.stderr(`${note}\n`);
    }
    if (flags.quiet) return;
    const ids = record.images.map((image) => image.configDigest);
    const result = { event: 'restored', name, imageIds: ids, archiveBytes: record.archiveBytes };
    terminal.stdout(flags.json === true ? `${JSON.stringify(result)}\n` : `${name} ${ids.join(' ')}\n`);
  } finally {
    use.end();
  }
};
