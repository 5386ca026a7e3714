/** The techniques that are one compressed stream, from what everybody does to what a delta tool can do. */
import type { Tool } from './peer.ts';
import { streamPeer } from './stream.ts';

const GZIP: Tool = { command: 'gzip', aptPackage: 'gzip', version: ['--version'] };
const ZSTD: Tool = { command: 'zstd', aptPackage: 'zstd', version: ['--version'] };
const XDELTA: Tool = { command: 'xdelta3', aptPackage: 'xdelta3', version: ['-V'] };

const PROGRAM_ONLY = { sender: 'the program', receiver: 'the program' };
const OLD_ARCHIVE = { sender: 'the old archive', receiver: 'the old archive, byte for byte' };
const PLAIN_ZSTD = (level: number): { send: string; receive: string } => ({
  send: `zstd -q -${level} -c "$1"`,
  receive: 'tee "$3" | zstd -q -dc > "$1"',
});

export const gzip = streamPeer(
  { name: 'gzip', title: 'docker save | gzip -6', tools: [GZIP], needs: PROGRAM_ONLY, keeps: 'every version', isSlow: false },
  { send: 'gzip -6 -c "$1"', receive: 'tee "$3" | gzip -dc > "$1"' },
);

export const zstd = streamPeer(
  { name: 'zstd', title: 'zstd -3', tools: [ZSTD], needs: PROGRAM_ONLY, keeps: 'every version', isSlow: false },
  PLAIN_ZSTD(3),
);

export const zstdLong = streamPeer(
  { name: 'zstd-long', title: 'zstd -19 --long=27', tools: [ZSTD], needs: PROGRAM_ONLY, keeps: 'every version', isSlow: true },
  { send: 'zstd -q -19 --long=27 -c "$1"', receive: 'tee "$3" | zstd -q -dc --long=27 > "$1"' },
);

export const zstdPatch = zstdPatchPeer('zstd-patch', 3, false);
export const zstdPatchHigh = zstdPatchPeer('zstd-patch-19', 19, true);

export const xdelta = streamPeer(
  {
    name: 'xdelta3',
    title: 'xdelta3 -9 -S lzma',
    tools: [XDELTA, ZSTD],
    needs: OLD_ARCHIVE,
    keeps: 'the newest version',
    isSlow: true,
  },
  {
    // The source buffer is as large as the archives: with the default of 64 MiB matches further away are not found.
    send: 'xdelta3 -e -9 -S lzma -B 1342177280 -c -s "$2" "$1"',
    receive: 'xdelta3 -d -B 1342177280 -c -s "$2" > "$1"',
    first: { send: 'zstd -q -3 -c "$1"', receive: 'zstd -q -dc > "$1"' },
  },
);

function zstdPatchPeer(name: string, level: number, isSlow: boolean): ReturnType<typeof streamPeer> {
  return streamPeer(
    { name, title: `zstd -${level} --patch-from`, tools: [ZSTD], needs: OLD_ARCHIVE, keeps: 'the newest version', isSlow },
    {
      send: `zstd -q -${level} --patch-from="$2" -c "$1"`,
      receive: 'zstd -q -d --patch-from="$2" --long=31 -c > "$1"',
      first: { send: `zstd -q -${level} -c "$1"`, receive: 'zstd -q -dc > "$1"' },
    },
  );
}
