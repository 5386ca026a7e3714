/** The sections of the status page that list something. */
import { element, text } from '../../shared/status/markup.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import type { LiveConversation, LiveImage } from '../witness/live.ts';
import type { StatusModel } from './model.ts';
import { bad, dataTable, NO_NAME, secondsText, section, timeText } from './page-parts.ts';
import type { ShownEntry } from './timeline.ts';

export function liveSection(live: readonly LiveConversation[]): string {
  if (live.length === 0) return section('live', 'Under way', element('p', {}, 'Nobody is connected.'));
  const rows = live.map(({ who, peer, agent, transfer, since, wire, images }) => [
    text(who === 'anyone' ? peer : `${who}, ${peer}`),
    images.length === 0 ? text('connected') : element('ul', { class: 'plain' }, ...images.map(liveImage)),
    text(formatBytes(wire.receivedBytes)),
    text(timeText(new Date(since).toISOString())),
    text(agent),
    element('code', {}, text(transfer)),
  ]);
  const columns = [
    { title: 'From' },
    { title: 'Images', isText: true },
    { title: 'Received', isNumber: true },
    { title: 'Since' },
    { title: 'Program' },
    { title: 'Transfer' },
  ];
  return section('live', `Under way: ${live.length}`, dataTable('Conversations of this moment', columns, rows));
}

function liveImage({ ref, layers, phase, done, total }: LiveImage): string {
  const name = ref === '' ? NO_NAME : ref;
  const share = total > 0 ? Math.min(100, Math.floor((100 * done) / total)) : undefined;
  const bar = share === undefined ? '' : element('progress', { max: 100, value: share, 'aria-label': `${name}: ${phase}` }, `${share} %`);
  const words = `${name}${layers > 0 ? ` (${layers} layers)` : ''}: ${phase}${share === undefined ? '' : ` ${share} %`}`;
  return element('li', {}, text(words), ' ', bar);
}

export function newestSection(newest: readonly ShownEntry[]): string {
  if (newest.length === 0) return '';
  const rows = newest.map(({ names, event, error, wireBytes, gzipBytes, seconds, from, at }) => [
    text(names.join(', ') || NO_NAME),
    error === undefined ? text(event) : bad(`${event}: ${error.code}`),
    text(formatBytes(wireBytes)),
    text(gzipBytes === undefined ? '' : formatBytes(gzipBytes)),
    text(secondsText(seconds)),
    text(from),
    text(timeText(at)),
  ]);
  const columns = [
    { title: 'Image' },
    { title: 'Event' },
    { title: 'Shipped', isNumber: true },
    { title: 'gzip, estimated', isNumber: true },
    { title: 'Time', isNumber: true },
    { title: 'From' },
    { title: 'When' },
  ];
  return section('newest', 'Newest', dataTable('The newest entries of the history', columns, rows));
}

const ALONE_WORDS: Readonly<Record<StatusModel['images']['alone'], string>> = {
  counted: '',
  counting: ' These are being counted.',
  'too much content': ' The store holds too much content for that to be counted here; `lightermand forget` tells it of one image.',
};

export function imagesSection(images: StatusModel['images']): string {
  const { query, matching, page, pages, rows, alone } = images;
  const search = element(
    'form',
    { role: 'search', action: '.', method: 'get' },
    element('label', { for: 'q' }, 'Name, or the beginning of an image id'),
    ' ',
    element('input', { id: 'q', name: 'q', type: 'search', value: query, maxlength: 200 }),
    ' ',
    element('button', { type: 'submit' }, 'Search'),
  );
  const count = `${matching.toLocaleString('en')} ${matching === 1 ? 'image' : 'images'}${query === '' ? '' : ` with "${query}"`}`;
  const table = dataTable(
    `${count}, newest delivery first${pages > 1 ? `: page ${page} of ${pages}` : ''}`,
    [
      { title: 'Image' },
      { title: 'Id' },
      { title: 'Layers', isNumber: true },
      { title: 'Size', isNumber: true },
      { title: 'Alone', isNumber: true },
      { title: 'Delivered' },
    ],
    rows.map((row) => [
      text(row.names.join(', ') || NO_NAME) + (row.isPinned ? element('span', { class: 'soft' }, ' pinned') : ''),
      element('code', {}, text(row.imageId.slice(7, 19))),
      text(String(row.layers)),
      text(formatBytes(row.bytes)),
      text(row.aloneBytes === null ? '…' : formatBytes(row.aloneBytes)),
      text(timeText(row.deliveredAt)),
    ]),
  );
  const words = `"Alone" is what an image costs that no other has: bytes in the store that would go with it.${ALONE_WORDS[alone]}`;
  return section(
    'images',
    'Images',
    search,
    matching === 0 ? element('p', {}, text(`${count}.`)) : table,
    element('p', { class: 'soft' }, text(words)),
    pager(query, page, pages),
  );
}

function pager(query: string, page: number, pages: number): string {
  if (pages <= 1) return '';
  const link = (to: number, words: string): string => {
    if (to < 1 || to > pages) return element('span', { class: 'soft' }, words);
    const parameters = new URLSearchParams({ ...(query !== '' && { q: query }), page: String(to) });
    return element('a', { href: `?${parameters.toString()}#images` }, words);
  };
  return element(
    'nav',
    { 'aria-label': 'Pages of images', class: 'pager' },
    link(1, 'First'),
    link(page - 1, 'Previous'),
    element('span', {}, `${page} of ${pages}`),
    link(page + 1, 'Next'),
    link(pages, 'Last'),
  );
}
