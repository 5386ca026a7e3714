/** Makes a zstd stream again from its plain bytes and a reconstruction. */
import type { PutTogether } from '../deflate/port.ts';
import { putParts, type Parts } from '../wrapped/put-parts.ts';
import { startFrameRebuild, type FrameRebuild } from './frame-rebuild.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { readReconstruction, type ReconstructionReader } from './reconstruction.ts';

/** Makes the compressed stream again that `reconstruction` was taken from; it is looked at until the end. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const reader = readReconstruction(reconstruction);
  return putParts(reader, (give) => frames(reader, give));
}

function frames(reader: ReconstructionReader, give: (bytes: Uint8Array) => void): Parts {
  const kernel = takeKernel();
  const ports = { records: (bytes: number) => reader.records(bytes), made: give };
  let open: FrameRebuild | undefined;
  /** False where there is none left. */
  const startEntry = (): boolean => {
    const entry = reader.next();
    if (entry === undefined) return false;
    if ('frame' in entry) open = startFrameRebuild(kernel, entry.frame, ports);
    else give(entry.skippable);
    return true;
  };
  return {
    get isOpen() {
      return open !== undefined;
    },
    settle() {
      while (open === undefined ? startEntry() : open.advance()) if (open?.isOver === true) open = undefined;
    },
    push: (plain) => (open as FrameRebuild).push(plain),
    end: () => giveKernelBack(kernel),
  };
}
