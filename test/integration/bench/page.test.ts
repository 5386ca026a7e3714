import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../../bench/report/page.ts';
import { runCommand } from '../../support/command.ts';
import { exampleReport } from '../../unit/bench/example-report.ts';
import { leaveOut, missingProgram } from './programs.ts';

const CHROMIUM = '/usr/bin/chromium';
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

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-page-'));
  await writeFile(join(directory, 'report.html'), reportPage(exampleReport()));
});
afterAll(() => rm(directory, { recursive: true }));

async function browse(...flags: readonly string[]): Promise<string> {
  const profile = await mkdtemp(join(directory, 'profile-'));
  const page = `file://${join(directory, 'report.html')}`;
  return (await runCommand(CHROMIUM, [...QUIET, `--user-data-dir=${profile}`, ...flags, page])).toString();
}

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of a pixel, each 0 to 255. */
  at(x: number, y: number): [number, number, number];
}

async function screenshot(width: number, height: number, ...flags: readonly string[]): Promise<Picture> {
  const path = join(directory, `${width}.png`);
  await browse(`--window-size=${width},${height}`, `--screenshot=${path}`, ...flags);
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
function ownPixels(picture: Picture): number {
  let count = 0;
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const [red, , blue] = picture.at(x, y);
      if (blue - red > 80) count++;
    }
  }
  return count;
}

describe.skipIf(leaveOut(missingProgram(CHROMIUM)))('report page in a browser', () => {
  it('is parsed into the elements that it is made of', async () => {
    const document = await browse('--dump-dom');
    expect(document.match(/<svg[^>]*viewBox="0 0 360/g)).toHaveLength(3);
    expect(document.match(/<circle/g)?.length).toBeGreaterThanOrEqual(4);
    expect(document).toContain('<rect x="20"');
    expect(document).not.toContain('NaN');
  });

  it('is light by default, dark where that is wanted, and shows its charts in both', async () => {
    const light = await screenshot(1200, 1400);
    const dark = await screenshot(1200, 1401, '--force-dark-mode', '--blink-settings=preferredColorScheme=0');
    expect(Math.min(...light.at(2, 2))).toBeGreaterThan(240);
    expect(Math.max(...dark.at(2, 2))).toBeLessThan(40);
    expect(ownPixels(light)).toBeGreaterThan(500);
    expect(ownPixels(dark)).toBeGreaterThan(500);
  });

  it('fits a phone: nothing but the tables is wider than the screen', async () => {
    // Chromium's own windows are not narrower than 500, a frame may be.
    const html = await readFile(join(directory, 'report.html'), 'utf8');
    const frame = join(directory, 'report.html');
    const probe = `<script>addEventListener('load', () => { document.title = 'width ' + document.documentElement.scrollWidth; });</script>`;
    await writeFile(join(directory, 'inner.html'), html.replace('</head>', `${probe}</head>`));
    await writeFile(
      frame,
      `<iframe src="inner.html" width="360" height="800" onload="document.title = this.contentDocument.title"></iframe>`,
    );
    try {
      expect(await browse('--dump-dom', '--allow-file-access-from-files', '--virtual-time-budget=2000')).toContain(
        '<title>width 360</title>',
      );
    } finally {
      await writeFile(frame, html);
    }
  });
});
