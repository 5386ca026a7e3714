/** A compressed member of an archive while it passes: named by its hash, and laid aside until it can be taken apart. */
import { createIdHasher, createSha256, type Id } from '../hash.ts';
import type { WrapMethod } from '../recipe/recipe.ts';
import { createSpool, type Spool } from './spool.ts';

export interface WrappedMember extends Disposable {
  readonly method: WrapMethod;
  readonly spool: Pick<Spool, 'bytes' | 'read'>;
  /** The next piece; it is copied. @throws TransferError NO_SPACE, PERMISSION. */
  write(piece: Uint8Array): void;
  /** The member ends. @returns BLAKE3 of its bytes. */
  end(): Id;
  /** Once it has ended, where it was asked for. */
  readonly sha256: Uint8Array | undefined;
}

export interface WrappedMemberOptions {
  readonly sha256: boolean;
  /** Where the bytes are laid aside; by default in the system's directory for temporary files. */
  readonly directory: string | undefined;
}

export function createWrappedMember(method: WrapMethod, options: WrappedMemberOptions): WrappedMember {
  const spool = createSpool(options.directory);
  const idHasher = createIdHasher();
  const sha256 = options.sha256 ? createSha256() : undefined;
  let digest: Uint8Array | undefined;
  return {
    method,
    spool,
    write(piece) {
      idHasher.update(piece);
      sha256?.update(piece);
      spool.write(piece);
    },
    end() {
      digest = sha256?.digest();
      return idHasher.digest();
    },
    get sha256() {
      return digest;
    },
    [Symbol.dispose]: () => spool[Symbol.dispose](),
  };
}
