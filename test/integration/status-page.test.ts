/** The status page in a real browser, of a receiver with ten thousand images. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMemoryChannelPair } from '../../shared/channel/memory-channel.ts';
import { serveStatus, type StatusServer } from '../../shared/status/server.ts';
import { browse, CHROMIUM, DARK, ownPixels, screenshot } from '../support/chromium.ts';
import { exampleMonth, exampleSyncs, manyImage, statusWorld, type StatusWorld } from '../support/status-world.ts';
import { leaveOut, missingProgram } from './bench/programs.ts';

let directory = '';
let world: StatusWorld;
let server: StatusServer;
let page = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'status-page-'));
  world = await statusWorld(60_000_000_000, exampleSyncs());
  for (let n = 0; n < 10_000; n++) await world.catalog.save(manyImage(n));
  const live = world.live.begin(createMemoryChannelPair()[0], '10.0.0.5:40118', 'token dc1');
  live.greeted('lighterman 0.1.0', 'ab12');
  live.offered(0, 'shop:29', 12, '');
  live.progress(0, 'load', 640_000_000, 1_000_000_000);
  live.offered(1, 'billing/worker:2026.12', 9, '');
  const routes = await world.routes(exampleMonth());

  server = await serveStatus({ address: '127.0.0.1:0', routes, log: { warn: () => {} } });
  page = `http://${server.address}/`;
}, 60_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

describe.skipIf(leaveOut(missingProgram(CHROMIUM)))('status page in a browser', { timeout: 60_000 }, () => {
  it('has landmarks, headers of tables, labels, and its failures first', async () => {
    const document = await browse(page, '--dump-dom');
    for (const landmark of ['<header>', '<main>', '<nav aria-label=', '<form role="search"', '<footer>'])
      expect(document).toContain(landmark);
    expect(document.match(/<section id="([a-z]+)"/g)!.map((tag) => tag.slice(13, -1))).toEqual([
      'failures',
      'live',
      'syncs',
      'store',
      'days',
      'images',
      'newest',
    ]);
    const tables = document.match(/<table>[^]*?<\/table>/g)!;
    for (const table of tables) {
      expect(table).toMatch(/<caption>.+<\/caption><thead><tr><th scope="col"/);
      expect(table.match(/<tbody>[^]*?<tr><th scope="row">/)).not.toBeNull();
    }
    expect(document).toContain('REGISTRY_REFUSED');
    // Who stayed away stands before what failed.
    expect(document).toMatch(/<title>1 overdue, 3 failed – /);
    const failures = /<section id="failures".*?<\/section>/s.exec(document)![0];
    expect([...failures.matchAll(/<strong class="bad">([^<]+)</g)].map(([, word]) => word)).toEqual(['overdue', 'IMAGE_NOT_FOUND', 'NO_SPACE', 'REGISTRY_REFUSED']); // prettier-ignore
    expect(document).toMatch(/Syncs: 3.*token dc3.*2 delivered, 41 unchanged/s);
    expect(document).toContain('page 1 of 200');
    expect(document).toMatch(/<progress max="100" value="64" aria-label="shop:29: load">/);
    expect(document).toContain('is estimated');
    expect(document).not.toMatch(/NaN|undefined|Infinity/);
    expect(document).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    // The script ran: its policy lets it.
    expect(document).toMatch(/<button id="pause" type="button" aria-pressed="false">/);
  });

  it('is light by default, dark where that is wanted, and shows its chart in both', async () => {
    const light = await screenshot(page, join(directory, 'light.png'), 1200, 1900);
    const dark = await screenshot(page, join(directory, 'dark.png'), 1200, 1901, ...DARK);
    expect(Math.min(...light.at(2, 2))).toBeGreaterThan(240);
    expect(Math.max(...dark.at(2, 2))).toBeLessThan(40);
    expect(ownPixels(light)).toBeGreaterThan(500);
    expect(ownPixels(dark)).toBeGreaterThan(500);
  });

  it('fits a phone: nothing but the tables is wider than the screen', async () => {
    // Chromium's own windows are not narrower than 500, a frame may be.
    const { body } = await (await world.routes(exampleMonth()))['/']!.page(new URLSearchParams());
    const probe = `<script>addEventListener('load', () => { document.title = 'width ' + document.documentElement.scrollWidth; });</script>`;
    await writeFile(join(directory, 'inner.html'), body.replace('</head>', `${probe}</head>`));
    const frame = join(directory, 'frame.html');
    await writeFile(
      frame,
      `<iframe src="inner.html" width="360" height="800" onload="document.title = this.contentDocument.title"></iframe>`,
    );
    expect(await browse(`file://${frame}`, '--dump-dom', '--allow-file-access-from-files', '--virtual-time-budget=2000')).toContain('<title>width 360</title>'); // prettier-ignore
  });

  it('keeps itself up to date', async () => {
    const { '/': first, ...routes } = await world.routes([]);
    let shown = 0;
    const counted = async (query: URLSearchParams) => {
      const answer = await first!.page(query);
      // Nobody was there when the page was loaded.
      if (shown++ === 0) world.live.begin(createMemoryChannelPair()[0], '10.9.9.9:1', 'anyone');
      return answer;
    };
    await using changing = await serveStatus({
      address: '127.0.0.1:0',
      routes: { ...routes, '/': { page: counted } },
      log: { warn: () => {} },
    });
    const document = await browse(`http://${changing.address}/`, '--dump-dom', '--virtual-time-budget=8000');
    expect(shown).toBeGreaterThan(1);
    expect(document).toContain('10.9.9.9:1');
  });
});
