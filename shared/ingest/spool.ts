/** A nameless temporary file for bytes that are read once more when all of them have passed. It is gone with the process, however that ends. */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, read, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TransferError } from '../errors.ts';

export interface Spool extends Disposable {
  readonly bytes: number;
  /** Appends; `bytes` are used up when it returns. @throws TransferError NO_SPACE, PERMISSION. */
  write(bytes: Uint8Array): void;
  /** All that was written, in pieces that are valid until the next one is asked for. */
  read(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** Small, because a piece that is being taken apart holds up everything else. */
const PIECE_BYTES = 64 * 1024;
const readAt = promisify(read);

/** @param directory where there is room for a compressed layer; by default that of the system. */
export function createSpool(directory = tmpdir()): Spool {
  const orFail = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw TransferError.from(error, `a temporary file in ${directory}`);
    }
  };
  const file = orFail(() => {
    const path = join(directory, `.spool-${randomBytes(8).toString('hex')}`);
    const opened = openSync(path, 'wx+', 0o600);
    unlinkSync(path);
    return opened;
  });
  let bytes = 0;
  let isOpen = true;
  return {
    get bytes() {
      return bytes;
    },
    write(piece) {
      for (let at = 0; at < piece.byteLength;) at += orFail(() => writeSync(file, piece, at, piece.byteLength - at, bytes + at));
      bytes += piece.byteLength;
    },
    async *read() {
      const room = new Uint8Array(PIECE_BYTES);
      for (let at = 0; at < bytes;) {
        const { bytesRead } = await readAt(file, room, 0, PIECE_BYTES, at);
        if (bytesRead === 0) throw new TransferError('INTERNAL', `a temporary file ends at ${at} of ${bytes} bytes`);
        at += bytesRead;
        yield room.subarray(0, bytesRead);
      }
    },
    [Symbol.dispose]() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}
