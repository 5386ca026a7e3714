/** report.html: one file, no script, nothing fetched. */
import { bytesChart, diskChart, linkShade, timeChart } from './charts.ts';
import { bytesText } from './format.ts';
import { element, text } from './markup.ts';
import { breakdownSection, needsTable, pairFigures, remarksList } from './page-tables.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { Report } from './report.ts';
import { endOf, pairTitle } from './table.ts';

const LANGUAGE = 'en';

/** The whole page. Everything in it comes from the report. */
export function reportPage(report: Report): string {
  const title = `Lighterman benchmark, ${report.startedAt.slice(0, 10)}`;
  const head = element(
    'head',
    {},
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    element('title', {}, text(title)),
    element('style', {}, PAGE_STYLE),
  );
  const body = element('body', {}, element('h1', {}, text(title)), facts(report), ...sections(report));
  return `<!doctype html>\n${element('html', { lang: LANGUAGE }, head, body)}\n`;
}

function sections(report: Report): string[] {
  const hasTimes = report.links.length > 1;
  return [
    section(
      'Bytes on the wire',
      `Both directions, counted in the link${report.links[0] === undefined ? '' : ` (${report.links[0].title})`}; log scale. The factor is how many times fewer than gzip of the same archive.`,
      charts(report.pairs.map((pair) => figure(pairTitle(pair), bytesChart(report, pair.name)))),
    ),
    section(
      'Time to delivered',
      `From the command to ${endOf(report)}, log scale. Hollow marks are computed from the unlimited run.`,
      (hasTimes ? legend(report) : '') + charts(report.pairs.map((pair) => figure(pairTitle(pair), timeChart(report, pair.name)))),
    ),
    report.history.length === 0
      ? ''
      : section('Disk at the receiver', 'What it keeps after each version of the same image.', charts([figure('', diskChart(report))])),
    breakdownSection(report),
    section('All figures', '', report.pairs.map((pair) => pairFigures(report, pair)).join('')),
    section('What each technique needs', '', needsTable(report)),
    remarksList(report),
  ].filter(Boolean);
}

/** A heading, a paragraph where there is something to say, and markup. */
function section(title: string, words: string, content: string): string {
  return element('section', {}, element('h2', {}, text(title)), words === '' ? '' : element('p', { class: 'soft' }, text(words)), content);
}

function facts({ machine, versions, command, corpus, shaper, startedAt }: Report): string {
  const entries = [
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)}, ${machine.system}, Linux ${machine.kernel}`],
    ['Versions', `lighterman ${versions.lighterman}${versions.commit === undefined ? '' : ` (${versions.commit})`}, Node ${versions.node}`],
    ['Started', startedAt],
    ['Command', command],
    ['Images', corpus],
    ['Links', shaper],
  ] as const;
  return element('dl', {}, ...entries.map(([name, value]) => element('dt', {}, text(name)) + element('dd', {}, text(value))));
}

function charts(figures: readonly string[]): string {
  return element('div', { class: 'charts' }, ...figures);
}

function figure(title: string, chart: string): string {
  return element('figure', {}, title === '' ? '' : element('h3', {}, text(title)), chart);
}

function legend(report: Report): string {
  const items = report.links.map(({ title }, index) =>
    element(
      'li',
      {},
      element(
        'svg',
        { viewBox: '0 0 12 12' },
        element('circle', { cx: 6, cy: 6, r: 5, class: `link-${linkShade(index, report.links.length)}` }),
      ),
      text(title),
    ),
  );
  return element('ul', { class: 'legend' }, ...items);
}
