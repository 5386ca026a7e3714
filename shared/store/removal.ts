/** Removing records: they are found no more at once, and tombstones say so in the last pack. */
import type { Location } from './chunk-index.ts';
import type { PackedRecord, PackWriter } from './pack-writer.ts';
import { entryName } from './pending.ts';
import type { Places } from './places.ts';
import { RECORD_KINDS, type RecordName } from './port.ts';
import { CODEC_RAW, kindByte, TOMBSTONE } from './record.ts';

interface Located {
  readonly name: RecordName;
  readonly location: Location;
}

/** As `Store.remove`. Must not overlap with anything that appends. */
export async function removeRecords(
  places: Places,
  writer: PackWriter,
  names: readonly RecordName[],
  spare: (name: RecordName) => boolean,
): Promise<number> {
  const located = await locateAll(places, names);
  // From here to the last drop nothing else runs: whoever looks a record up finds it and can keep it from going, or does not find it.
  const going = located.filter(({ name }) => !spare(name));
  const undo = going.map(({ name, location }) => places.drop(name.kind, name.key, location));
  let written = 0;
  try {
    await writer.append(
      going.map(({ name }) => tombstoneOf(name)),
      (from, { length }) => void (written = from + length),
    );
  } catch (error) {
    // Those that have their tombstone stay gone.
    for (const takeBack of undo.slice(written)) takeBack();
    throw error;
  }
  return going.length;
}

/** Those that are there, each once. */
async function locateAll(places: Places, names: readonly RecordName[]): Promise<Located[]> {
  const unique = [...new Map(names.map((name) => [entryName(name.kind, name.key), name])).values()];
  const located: Located[] = [];
  for (const kind of RECORD_KINDS) {
    const ofKind = unique.filter((name) => name.kind === kind);
    const locations = await places.locate(
      kind,
      ofKind.map(({ key }) => key),
    );
    for (const [at, name] of ofKind.entries()) {
      const location = locations[at];
      if (location !== undefined) located.push({ name, location });
    }
  }
  return located;
}

function tombstoneOf({ kind, key }: RecordName): PackedRecord {
  return { kindByte: TOMBSTONE, goneKindByte: kindByte(kind), key, codec: CODEC_RAW, rawLength: 0, stored: new Uint8Array(0) };
}
