/** The sections of the status page about what needs somebody: images that failed, and syncs that failed or stayed away; and all syncs. */
import { element, text } from '../../shared/status/markup.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import type { StatusModel, SyncRow } from './model.ts';
import { bad, dataTable, NO_NAME, secondsText, section, timeText } from './page-parts.ts';

/** The others are in `status.json`. */
const ROWS_MAX = 100;

/** Its last run did, and it is not overdue, which is worse. */
export function isFailedSync({ state, failed, error }: SyncRow): boolean {
  return state !== 'overdue' && (failed > 0 || error !== null);
}

export function failuresSection({ failures, syncs }: StatusModel): string {
  const overdue = syncs.filter(({ state }) => state === 'overdue').map(overdueRow);
  const failed = syncs.filter(isFailedSync).map(failedSyncRow);
  const images = failures.map(({ names, at, from, error }) => [
    text(names.join(', ') || NO_NAME),
    bad(error?.code ?? 'failed'),
    text(error?.message ?? ''),
    text(from),
    text(timeText(at)),
  ]);
  const rows = [...overdue, ...failed, ...images];
  if (rows.length === 0)
    return section('failures', 'Failures', element('p', {}, 'Nothing failed that was not made good since, and no sync is overdue.'));
  const columns = ['Image or sync', 'Error', 'What happened', 'From', 'When'].map((title) => ({
    title,
    isText: title === 'What happened',
  }));
  return section(
    'failures',
    `Failures: ${rows.length}`,
    dataTable('Overdue or failed, and not made good since', columns, rows.slice(0, 2 * ROWS_MAX)),
  );
}

function overdueRow({ name, from, lastRun, nextRun }: SyncRow): string[] {
  const words = `The next run was to begin by ${timeText(nextRun ?? '')}. The last one ended at ${timeText(lastRun)}.`;
  return [text(`sync ${name}`), bad('overdue'), text(words), text(from), text(timeText(nextRun ?? ''))];
}

function failedSyncRow({ name, from, lastRun, failed, error }: SyncRow): string[] {
  const words = `${failed} ${failed === 1 ? 'image' : 'images'} failed in the last run.`;
  return [text(`sync ${name}`), bad(error ?? 'failed'), text(words), text(from), text(timeText(lastRun))];
}

export function syncsSection(syncs: readonly SyncRow[]): string {
  if (syncs.length === 0) return section('syncs', 'Syncs', element('p', {}, 'No sync has told of a run here.'));
  const rows = syncs
    .slice(0, ROWS_MAX)
    .map((sync) => [
      text(sync.name),
      text(sync.from),
      text(timeText(sync.lastRun)),
      isFailedSync(sync) ? bad(resultText(sync)) : text(resultText(sync)),
      text(formatBytes(sync.wireBytes)),
      text(secondsText(sync.seconds)),
      nextCell(sync),
    ]);
  const columns = [
    { title: 'Sync' },
    { title: 'From' },
    { title: 'Last run' },
    { title: 'Images', isText: true },
    { title: 'Shipped', isNumber: true },
    { title: 'Time', isNumber: true },
    { title: 'Next run, by' },
  ];
  return section(
    'syncs',
    `Syncs: ${syncs.length}`,
    dataTable(`The last run of each sync, as its sender told${syncs.length > ROWS_MAX ? `: the first ${ROWS_MAX}` : ''}`, columns, rows),
  );
}

function resultText({ delivered, unchanged, paused, failed }: SyncRow): string {
  const parts = Object.entries({ delivered, unchanged, paused, failed }).filter(([, count]) => count > 0);
  return parts.length === 0 ? 'none' : parts.map(([words, count]) => `${count.toLocaleString('en')} ${words}`).join(', ');
}

function nextCell({ state, nextRun }: SyncRow): string {
  if (nextRun === null) return element('span', { class: 'soft' }, 'not announced');
  const time = text(timeText(nextRun));
  if (state === 'overdue') return `${time} ${bad('overdue')}`;
  return state === 'due' ? `${time} ${element('span', { class: 'soft' }, 'due')}` : time;
}
