/** The status page: one document, nothing fetched but itself. What needs attention stands first. It is whole without its script. */
import { createHash } from 'node:crypto';
import { element, text } from '../../shared/status/markup.ts';
import type { Page } from '../../shared/status/server.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { daysCharts } from './chart.ts';
import { failuresSection, isFailedSync, syncsSection } from './page-syncs.ts';
import { imagesSection, liveSection, newestSection } from './page-tables.ts';
import { dataTable, section, timeText } from './page-parts.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { StatusModel } from './model.ts';

const POLICY = [
  "default-src 'none'",
  `style-src '${hashOf(PAGE_STYLE)}'`,
  `script-src '${hashOf(PAGE_SCRIPT)}'`,
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function statusPage(model: StatusModel): Page {
  const head = element(
    'head',
    {},
    element('meta', { charset: 'utf-8' }),
    element('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
    element('title', {}, text(titleOf(model))),
    element('style', {}, PAGE_STYLE),
  );
  const body = element(
    'body',
    {},
    element('a', { class: 'skip', href: '#images' }, 'To the images'),
    header(model),
    element(
      'main',
      {},
      failuresSection(model),
      liveSection(model.live),
      syncsSection(model.syncs),
      storeSection(model),
      daysSection(model),
      imagesSection(model.images),
      newestSection(model.newest),
    ),
    element('footer', {}, element('p', { class: 'soft' }, text(`lightermand ${model.version}, running since ${timeText(model.since)}. `), element('a', { href: 'status.json' }, 'status.json'), ', ', element('a', { href: 'metrics' }, 'metrics'))), // prettier-ignore
    element('script', {}, PAGE_SCRIPT),
  );
  return {
    type: 'text/html; charset=utf-8',
    body: `<!doctype html>\n${element('html', { lang: 'en' }, head, body)}\n`,
    headers: { 'content-security-policy': POLICY },
  };
}

function titleOf({ failures, syncs, live }: StatusModel): string {
  const overdue = syncs.filter(({ state }) => state === 'overdue').length;
  const failed = failures.length + syncs.filter(isFailedSync).length;
  const wrong = [...(overdue > 0 ? [`${overdue} overdue`] : []), ...(failed > 0 ? [`${failed} failed`] : [])];
  const words = wrong.length > 0 ? wrong.join(', ') : live.length > 0 ? `${live.length} under way` : 'all well';
  return `${words} – lightermand`;
}

function header({ now, last }: StatusModel): string {
  const words =
    last === null
      ? 'Nothing was delivered yet.'
      : `Last delivery ${timeText(last.at)}: ${last.names.join(', ') || 'an image without a name'}${last.from === '' ? '' : `, from ${last.from}`}.`;
  return element(
    'header',
    {},
    element('h1', {}, 'lightermand'),
    element('p', { id: 'last' }, text(words)),
    element(
      'p',
      { class: 'soft', id: 'updates' },
      text('As of '),
      element('time', { id: 'now', datetime: now }, text(timeText(now))),
      '. ',
      element('button', { id: 'pause', type: 'button', hidden: true, 'aria-pressed': 'false' }, 'Pause updates'),
    ),
  );
}

function storeSection({ store, deliver }: StatusModel): string {
  const { images, chunks, archiveBytes, contentBytes, diskBytes, quotaBytes, dedupFactor } = store;
  const facts: [string, string][] = [
    ['Images', images.toLocaleString('en')],
    ['Their archives', formatBytes(archiveBytes)],
    ['On the disk', formatBytes(diskBytes)],
    ['Dedup factor', dedupFactor === null ? '–' : `${dedupFactor.toFixed(1)} to 1`],
    ['Content', `${formatBytes(contentBytes)} in ${chunks.toLocaleString('en')} chunks`],
    ['Quota', quotaBytes === null ? 'none' : `${formatBytes(quotaBytes)}, ${Math.round((100 * diskBytes) / quotaBytes)} % used`],
    ['Delivered to', deliver],
  ];
  const list = facts.map(([name, value]) => element('div', {}, element('dt', {}, text(name)), element('dd', {}, text(value))));
  return section('store', 'Store', element('dl', {}, ...list));
}

function daysSection({ days }: StatusModel): string {
  const withSome = days.filter(({ deliveries, failures, wireBytes }) => deliveries + failures + wireBytes > 0).toReversed();
  const shipped = days.reduce((sum, day) => sum + day.wireBytes, 0);
  const gzip = days.reduce((sum, day) => sum + day.gzipBytes, 0);
  const words = `In the last ${days.length} days ${formatBytes(shipped)} crossed, both ways${gzip > 0 && shipped > 0 ? `; gzip of the same images would have been about ${formatBytes(gzip)}, ${factorText(gzip / shipped)} as much` : ''}. What gzip makes of an image is estimated: a sample of its content, compressed with zlib at level 6, times its size.`;
  const legend = element(
    'p',
    { class: 'legend' },
    ...(['gzip of the same images, estimated', 'shipped'] as const).map(
      (meaning, i) => element('span', { class: 'nowrap' }, element('span', { class: `key ${i === 0 ? 'gzip' : 'own'}` }), meaning) + ' ',
    ),
    'Each line is ten times the one below.',
  );
  const columns = ['Deliveries', 'Failures', 'Shipped', 'gzip, estimated'].map((title) => ({ title, isNumber: true }));
  const rows = withSome.map(({ day, deliveries, failures, wireBytes, gzipBytes }) =>
    [day, String(deliveries), String(failures), formatBytes(wireBytes), formatBytes(gzipBytes)].map((cell) => text(cell)),
  );
  const table = element(
    'details',
    { id: 'days-table' },
    element('summary', {}, 'As a table'),
    dataTable('Bytes by day, UTC', [{ title: 'Day' }, ...columns], rows),
  );
  return section('days', 'Bytes shipped', element('p', {}, text(words)), daysCharts(days), legend, table);
}

function factorText(factor: number): string {
  return factor >= 9.95 ? `${Math.round(factor)} times` : `${factor.toFixed(1)} times`;
}

function hashOf(content: string): string {
  return `sha256-${createHash('sha256').update(content).digest('base64')}`;
}
