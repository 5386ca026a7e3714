/** Debian's Chromium without a window: the document that a page becomes, and pictures of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { runCommand } from './command.ts';

export const CHROMIUM = '/usr/bin/chromium';
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--hide-scrollbars',
];
export const DARK = ['--force-dark-mode', '--blink-settings=preferredColorScheme=0'];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of a pixel, each 0 to 255. */
  at(x: number, y: number): [number, number, number];
}

/** What Chromium prints about a page. */
export async function browse(page: string, ...flags: readonly string[]): Promise<string> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'));
  try {
    return (await runCommand(CHROMIUM, [...QUIET, `--user-data-dir=${profile}`, ...flags, page])).toString();
  } finally {
    await rm(profile, { recursive: true, force: true });
  }
}

/** @param path where the picture is left. */
export async function screenshot(page: string, path: string, width: number, height: number, ...flags: readonly string[]): Promise<Picture> {
  await browse(page, `--window-size=${width},${height}`, `--screenshot=${path}`, ...flags);
  return decodePng(await readFile(path));
}

/** An 8-bit RGB or RGBA picture (https://www.w3.org/TR/png-3/), which is what Chromium writes. */
function decodePng(file: Buffer): Picture {
  const data: Buffer[] = [];
  for (let at = 8; at < file.length; at += file.readUInt32BE(at) + 12) {
    if (file.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(file.subarray(at + 8, at + 8 + file.readUInt32BE(at)));
  }
  const [width, height, channels] = [file.readUInt32BE(16), file.readUInt32BE(20), file[25] === 6 ? 4 : 3];
  const raw = inflateSync(Buffer.concat(data));
  const line = width * channels;
  const pixels = new Uint8Array(line * height);
  const known = (x: number, y: number): number => (x < 0 || y < 0 ? 0 : (pixels[y * line + x] as number));
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (line + 1)] as number;
    for (let x = 0; x < line; x++) {
      const [left, up, corner] = [known(x - channels, y), known(x, y - 1), x < channels ? 0 : known(x - channels, y - 1)];
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] as number;
      pixels[y * line + x] = (raw[y * (line + 1) + 1 + x] as number) + predicted;
    }
  }
  return { width, height, at: (x, y) => [0, 1, 2].map((channel) => known(x * channels + channel, y)) as [number, number, number] };
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((value) => Math.abs(guess - value)) as [number, number, number];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/** Pixels whose blue stands out: the product's bars and lines. */
export function ownPixels(picture: Picture): number {
  let count = 0;
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const [red, , blue] = picture.at(x, y);
      if (blue - red > 80) count++;
    }
  }
  return count;
}
