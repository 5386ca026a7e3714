import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../../bench/report/page.ts';
import { browse, CHROMIUM, DARK, ownPixels, screenshot } from '../../support/chromium.ts';
import { exampleReport } from '../../unit/bench/example-report.ts';
import { leaveOut, missingProgram } from './programs.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-page-'));
  await writeFile(join(directory, 'report.html'), reportPage(exampleReport()));
});
afterAll(() => rm(directory, { recursive: true }));

const page = (): string => `file://${join(directory, 'report.html')}`;
const picture = (width: number, height: number, ...flags: readonly string[]) =>
  screenshot(page(), join(directory, `${width}.png`), width, height, ...flags);

describe.skipIf(leaveOut(missingProgram(CHROMIUM)))('report page in a browser', () => {
  it('is parsed into the elements that it is made of', async () => {
    const document = await browse(page(), '--dump-dom');
    expect(document.match(/<svg[^>]*viewBox="0 0 360/g)).toHaveLength(3);
    expect(document.match(/<circle/g)?.length).toBeGreaterThanOrEqual(4);
    expect(document).toContain('<rect x="20"');
    expect(document).not.toContain('NaN');
  });

  it('is light by default, dark where that is wanted, and shows its charts in both', async () => {
    const light = await picture(1200, 1400);
    const dark = await picture(1200, 1401, ...DARK);
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
      expect(await browse(page(), '--dump-dom', '--allow-file-access-from-files', '--virtual-time-budget=2000')).toContain(
        '<title>width 360</title>',
      );
    } finally {
      await writeFile(frame, html);
    }
  });
});
