/** What collecting needs of an open store: its parts, and the two locks that keep its order of writes. */
import type { StoreFiles } from './files.ts';
import type { StoreIdentity } from './identity.ts';
import type { PackWriter } from './pack-writer.ts';
import type { PackInfo, PackReaders } from './packs.ts';
import type { Places } from './places.ts';
import type { RecordName } from './port.ts';
import type { Serial } from '../serial.ts';

export interface StoreInside {
  readonly files: StoreFiles;
  /** That of the packs. */
  readonly directory: string;
  readonly identity: StoreIdentity;
  readonly readers: PackReaders;
  readonly places: Places;
  /** Its methods run in `serial`. */
  readonly writer: PackWriter;
  /** Everything that changes the end of the pack or the pending records happens in here, one at a time. */
  readonly serial: Serial;
  /** Makes everything that was appended durable and known to the index. `always`: also where only the place that is covered has changed. */
  commit(options?: { readonly always?: boolean }): Promise<void>;
  /** As `Store.remove`. */
  remove(names: readonly RecordName[], spare: (name: RecordName) => boolean): Promise<number>;
  /** Takes a pack away that the index names no more: STORE.md, "Retiring a pack". Not the last one. */
  retire(pack: PackInfo, wipe: boolean): Promise<void>;
}
