/** Turns `--deliver`, `--engine` and `--push` into the way to deliver. */
import { existsSync } from 'node:fs';
import { chooseEngineAddress } from '../../shared/engine/address.ts';
import { TransferError } from '../../shared/errors.ts';
import type { Store } from '../../shared/store/port.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { ReceiverEnvironment } from '../config.ts';
import { deliverToDirectory } from '../deliver/archive.ts';
import { deliverToEngine } from '../deliver/engine.ts';
import { deliverNowhere } from '../deliver/none.ts';
import type { Deliver } from '../deliver/port.ts';
import { createEngineSink } from '../image/engine-sink.ts';
import { parsePushTarget } from '../image/push.ts';

export interface DeliveryFlags {
  readonly deliver: string;
  readonly engine?: string;
  readonly push?: string;
}

/** @throws TransferError USAGE for flags that do not go together. */
export function createDelivery(flags: DeliveryFlags, environment: ReceiverEnvironment, store: Store, catalog: Catalog): Deliver {
  if (flags.deliver === 'engine') {
    // A word that no image could be pushed to shows at once, not after the first image was loaded.
    if (flags.push !== undefined) parsePushTarget(flags.push);
    const sink = createEngineSink({
      address: chooseEngineAddress(flags.engine, environment, existsSync),
      dockerConfigPath: environment.dockerConfigFile,
    });
    return deliverToEngine(store, catalog, sink, flags.push);
  }
  if (flags.push !== undefined || flags.engine !== undefined)
    throw new TransferError('USAGE', '--engine and --push go with --deliver engine');
  if (flags.deliver === 'none') return deliverNowhere;
  const directory = /^archive:(.+)$/.exec(flags.deliver)?.[1];
  if (directory === undefined) throw new TransferError('USAGE', `--deliver ${flags.deliver}: want engine, archive:DIR or none`);
  return deliverToDirectory(store, directory);
}
