/** Makes a zstd stream again from its plain bytes and a reconstruction. */
import { copyBytes } from '../bytes.ts';
import type { PutTogether } from '../deflate/port.ts';
import { impossible } from '../wrapped/section.ts';
import { startFrameRebuild, type FrameRebuild } from './frame-rebuild.ts';
import { giveKernelBack, takeKernel } from './kernel.ts';
import { readReconstruction } from './reconstruction.ts';

/** Makes the compressed stream again that `reconstruction` was taken from; it is looked at until the end. Throws as `PutTogether.push` does. */
export function createPutTogether(reconstruction: Uint8Array): PutTogether {
  const reader = readReconstruction(reconstruction);
  const kernel = takeKernel();
  let out: Uint8Array[] = [];
  let madeBytes = 0;
  let open: FrameRebuild | undefined;

  const give = (bytes: Uint8Array): void => {
    madeBytes += bytes.byteLength;
    if (madeBytes > reader.compressedBytes) throw impossible('it makes more than it announces');
    if (bytes.byteLength > 0) out.push(bytes);
  };
  const ports = { records: (bytes: number) => reader.records(bytes), made: give };
  /** False where there is none left. */
  const startEntry = (): boolean => {
    const entry = reader.next();
    if (entry === undefined) return false;
    if ('frame' in entry) open = startFrameRebuild(kernel, entry.frame, ports);
    else give(entry.skippable);
    return true;
  };
  /** Frames that are complete with what the kernel has, and the start of the next. */
  const finishFrames = (): void => {
    while (open === undefined ? startEntry() : open.advance()) {
      if (open?.isOver === true) open = undefined;
    }
  };
  const advance = (plain: Uint8Array): Uint8Array[] => {
    let at = 0;
    finishFrames();
    while (at < plain.byteLength) {
      if (open === undefined) throw impossible('more plain bytes than it announces');
      at += open.push(plain.subarray(at));
      finishFrames();
    }
    const made = out;
    out = [];
    return made;
  };
  return {
    compressedBytes: reader.compressedBytes,
    plainBytes: reader.plainBytes,
    push: advance,
    end() {
      const made = advance(new Uint8Array(0));
      if (open !== undefined) throw impossible('plain bytes are missing');
      const tail = copyBytes(reader.tail());
      give(tail);
      if (madeBytes !== reader.compressedBytes) throw impossible('it makes less than it announces');
      giveKernelBack(kernel);
      return tail.byteLength > 0 ? [...made, tail] : made;
    },
  };
}
