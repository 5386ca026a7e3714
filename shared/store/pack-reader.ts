/**
 * Records by their places, verified. Neighbours are read together, as a restored stream lies mostly in the order in which it
 * was put.
 */
import { crc32 } from 'node:zlib';
import { equalBytes, releaseBuffers } from '../bytes.ts';
import { systemCode, TransferError } from '../errors.ts';
import { hashBytes, hex, type Id } from '../hash.ts';
import { STORE_READ_BYTES_MAX, STORE_RECORD_BYTES_MAX } from '../limits.ts';
import type { Location } from './chunk-index.ts';
import { createUnpacker, type Unpacker } from './codec.ts';
import type { StoreIdentity } from './identity.ts';
import type { PackReaders } from './packs.ts';
import type { Places } from './places.ts';
import type { RecordKind } from './port.ts';
import { decodeRecordHeader, kindByte, RECORD_HEADER_BYTES, type RecordHeader } from './record.ts';

export interface RecordPlace {
  readonly kind: RecordKind;
  readonly key: Id;
  readonly location: Location;
}

interface Span {
  readonly pack: number;
  readonly start: number;
  end: number;
  /** Indices into the places asked for. */
  readonly members: number[];
}

/** Bytes between two wanted records that are read and thrown away rather than asked for in a second read. */
const GAP_BYTES_MAX = 64 * 1024;
/** Reads under way at once. */
const READS_MAX = 4;

/**
 * The raw bytes of each record, in order, wherever it lies: one that was moved to another pack while it was being read is read again there.
 * Arrays of neighbours may share a buffer, and do not overlap.
 * @throws TransferError INTEGRITY naming the record that is missing or damaged; STORE_VERSION for a codec of a later version.
 */
export async function readLatest(
  { places, readers, identity }: { readonly places: Places; readonly readers: PackReaders; readonly identity: StoreIdentity },
  kind: RecordKind,
  keys: readonly Id[],
): Promise<Uint8Array[]> {
  const locate = async (wanted: readonly number[]): Promise<RecordPlace[]> => {
    const wantedKeys = wanted.map((at) => keys[at] as Id);
    const locations = await places.locate(kind, wantedKeys);
    return wantedKeys.map((key, i) => {
      const location = locations[i];
      if (location === undefined) throw new TransferError('INTEGRITY', `${recordName(kind, key)} is not in the store`);
      return { kind, key, location };
    });
  };
  const out: Uint8Array[] = Array.from({ length: keys.length });
  let wanted = [...keys.keys()];
  let lie = await locate(wanted);
  while (wanted.length > 0) {
    const results = await tryReadRecords(readers, identity.seed, lie);
    const failed = results.flatMap((result, i) => (result instanceof TransferError ? [{ i, error: result }] : []));
    for (let i = 0; i < results.length; i++) {
      const result = results[i];
      if (!(result instanceof TransferError)) out[wanted[i] as number] = result as Uint8Array;
    }
    wanted = failed.map(({ i }) => wanted[i] as number);
    const before = failed.map(({ i }) => lie[i] as RecordPlace);
    lie = failed.length === 0 ? [] : await locate(wanted);
    for (const [i, { error }] of failed.entries()) if (compare(lie[i]!.location, before[i]!.location) === 0) throw error;
  }
  return out;
}

/** The raw bytes of each place, with what is wrong with a record in the place of it. Throws what concerns the whole disk. */
export async function tryReadRecords(
  readers: PackReaders,
  seed: number,
  places: readonly RecordPlace[],
): Promise<(Uint8Array | TransferError)[]> {
  const out: (Uint8Array | TransferError)[] = Array.from({ length: places.length });
  const queue = joinNeighbours(places).values();
  const unpacker = createUnpacker();
  const work = async (): Promise<void> => {
    for (const span of queue) {
      const bytes = await readSpan(readers, span);
      for (const member of span.members) {
        const place = places[member]!;
        out[member] = extract(place, bytes.subarray(place.location.offset - span.start), seed, unpacker);
      }
      // Records that were compressed lie elsewhere now.
      if (!span.members.some((member) => isPartOf(out[member], bytes))) releaseBuffers([bytes]);
    }
  };
  await Promise.all(Array.from({ length: READS_MAX }, work));
  return out;
}

function isPartOf(result: Uint8Array | TransferError | undefined, bytes: Uint8Array): boolean {
  return result instanceof Uint8Array && result.buffer === bytes.buffer;
}

/** The raw bytes of a record whose sound header was read, compared with all that is known of it. Throws TransferError INTEGRITY or STORE_VERSION. */
function verifyRecord(kind: RecordKind, header: RecordHeader, stored: Uint8Array, unpacker: Unpacker): Uint8Array {
  // The hash says more than the checksum does, about the raw bytes of what it covers.
  if (kind !== 'chunk' && crc32(stored) !== header.storedCrc) throw new TransferError('INTEGRITY', 'does not match its checksum');
  const raw = unpacker.unpack(header.codec, stored, header.rawLength);
  if (kind === 'chunk' && !equalBytes(hashBytes(raw), header.key)) throw new TransferError('INTEGRITY', 'does not match its hash');
  return raw;
}

/** Names a record in messages. */
export function recordName(kind: RecordKind, key: Id): string {
  return `${kind} ${hex(key)}`;
}

function joinNeighbours(places: readonly RecordPlace[]): Span[] {
  const order = places.map((_, index) => index);
  order.sort((a, b) => compare(places[a]!.location, places[b]!.location));
  const spans: Span[] = [];
  for (const member of order) {
    const { pack, offset, storedLength } = places[member]!.location;
    const end = offset + RECORD_HEADER_BYTES + storedLength;
    const last = spans.at(-1);
    if (last?.pack === pack && offset <= last.end + GAP_BYTES_MAX && end - last.start <= STORE_READ_BYTES_MAX) {
      last.end = Math.max(last.end, end);
      last.members.push(member);
    } else {
      spans.push({ pack, start: offset, end, members: [member] });
    }
  }
  return spans;
}

function compare(a: Location, b: Location): number {
  return a.pack - b.pack || a.offset - b.offset;
}

async function readSpan(readers: PackReaders, { pack, start, end }: Span): Promise<Uint8Array> {
  // An index that names an impossible length is damaged; the record is then found to be cut short.
  const length = Math.min(end - start, RECORD_HEADER_BYTES + STORE_RECORD_BYTES_MAX);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  try {
    const read = await readers.use(pack, (file) => file.read(bytes, start));
    return bytes.subarray(0, read);
  } catch (error) {
    if (error instanceof TransferError && systemCode(error.cause) === 'ENOENT') return bytes.subarray(0, 0);
    throw error;
  }
}

function extract({ kind, key, location }: RecordPlace, bytes: Uint8Array, seed: number, unpacker: Unpacker): Uint8Array | TransferError {
  const damaged = (what: string, cause?: unknown): TransferError =>
    new TransferError('INTEGRITY', `${recordName(kind, key)} in pack ${location.pack} at ${location.offset}: ${what}`, { cause });
  if (bytes.byteLength === 0) return damaged('the pack ends before it, or is gone');
  const header = decodeRecordHeader(bytes, seed);
  if (header === undefined) return damaged('its header is damaged');
  if (header.kindByte !== kindByte(kind) || !equalBytes(header.key, key)) return damaged('another record is there');
  const stored = bytes.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + header.storedLength);
  if (stored.byteLength !== header.storedLength) return damaged('it is cut short');
  try {
    return verifyRecord(kind, header, stored, unpacker);
  } catch (error) {
    const failure = TransferError.from(error);
    return failure.code === 'INTEGRITY' ? damaged(failure.message, error) : failure;
  }
}
