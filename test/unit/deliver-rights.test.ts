/** What a delivery does, and tells, of what the sender has no right to. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openCatalog, type Catalog, type ImageRecord } from '../../receiver/catalog/catalog.ts';
import { deliverToEngine } from '../../receiver/deliver/engine.ts';
import type { Delivery, DeliverOptions } from '../../receiver/deliver/port.ts';
import type { ImageSink } from '../../receiver/image/port.ts';
import { makeRecord } from '../../receiver/catalog/record.ts';
import { openStoredArchive } from '../../shared/image/stored-archive.ts';
import type { Store } from '../../shared/store/port.ts';
import { smallArchive } from '../support/archives.ts';
import { ingest } from '../support/ingested.ts';

const REGISTRY = '127.0.0.1:5000';

describe('delivering into an engine', () => {
  let store: Store;
  let catalog: Catalog;
  let record: ImageRecord;
  beforeAll(async () => {
    const taken = await ingest(await smallArchive({ seed: 1, layerBytes: [1000] }));
    store = taken.store;
    catalog = await openCatalog(store);
    record = await makeRecord(await openStoredArchive(taken.result.archive.recipe, store), store, catalog, new Map(), 1);
  });
  /** An engine that had one of three layers, and pushes where it is told to. */
  const deliver = async (options: Partial<DeliverOptions>): Promise<Delivery & { readonly pushTo: string | undefined }> => {
    let pushTo: string | undefined;
    const sink: ImageSink = {
      check: () => Promise.reject(new TypeError('not asked')),
      deliver(image, asked = {}) {
        ({ pushTo } = asked);
        const pushed = pushTo === undefined ? [] : [{ ref: `${pushTo}/small:1`, digest: `sha256:${'0'.repeat(64)}` }];
        return Promise.resolve({
          imageId: image.configDigest, refs: image.refs, alreadyThere: false, loadedLayers: 2, omittedLayers: 1, replaced: [], pushed, blobDigests: [],
        } as unknown as Awaited<ReturnType<ImageSink['deliver']>>); // prettier-ignore
      },
    };
    return { ...(await deliverToEngine(store, catalog, sink, REGISTRY)(record, { names: [['small:1']], ...options })), pushTo };
  };

  it('pushes, and tells what the engine had', async () => {
    const { pushTo, images, notes } = await deliver({});
    expect([pushTo, images[0]?.pushed.length]).toEqual([REGISTRY, 1]);
    expect(notes).toEqual(['small:1: loaded 2 layers, the engine had 1']);
  });

  it('does not push for who has no right to, and says so', async () => {
    const { pushTo, images, notes } = await deliver({ mayPush: false });
    expect([pushTo, images[0]?.pushed]).toEqual([undefined, []]);
    expect(notes.at(-1)).toMatch(/^small:1: not pushed/);
  });

  it('tells nothing of what the engine had to who may not know', async () => {
    expect((await deliver({ isDiscreet: true })).notes).toEqual(['small:1: loaded']);
  });
});
