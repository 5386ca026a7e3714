/**
 * The three charts of the report, as static SVG of 360 units across: one to one on a phone, side by side on a screen. Colours are the page's
 * (page-style.ts). Every mark says its figure in a tooltip, and the tables of the page have all of them.
 */
import { bytesText, factorText, secondsText } from './format.ts';
import { element, text } from './markup.ts';
import { factorOfReference, findMeasurement, OWN_PEER, wireBytes, type Measurement, type PeerReport, type Report } from './report.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import { ranPeers } from './table.ts';

const WIDTH = 360;
/** Room at both ends of an axis for half a tick's label. */
const INSET = 20;
const PLOT_WIDTH = WIDTH - 2 * INSET;
const ROW_HEIGHT = 32;
const AXIS_HEIGHT = 22;

interface Row {
  readonly peer: PeerReport;
  readonly value: string;
  readonly marks: string;
}

/** What crossed the wire for one pair, dearest last, on a log scale. */
export function bytesChart(report: Report, pair: string): string {
  const [first] = report.links;
  const found = ranPeers(report).flatMap((peer) => {
    const measurement = first && findMeasurement(report, pair, peer.name, first.name);
    return measurement === undefined ? [] : [{ peer, measurement }];
  });
  const scale = logScale(
    found.map(({ measurement }) => wireBytes(measurement)),
    PLOT_WIDTH,
  );
  const rows = found
    .toSorted((a, b) => wireBytes(a.measurement) - wireBytes(b.measurement))
    .map(({ peer, measurement }) => {
      const bytes = wireBytes(measurement);
      const value = [bytesText(bytes), factorText(factorOfReference(report, measurement))].filter(Boolean).join(' · ');
      const bar = {
        x: INSET,
        y: 18,
        width: Math.max(2, scale.at(bytes)),
        height: 9,
        rx: 2,
        class: peer.name === OWN_PEER ? 'own' : 'other',
      };
      return { peer, value, marks: element('rect', bar, element('title', {}, text(`${peer.title}: ${bytes} bytes`))) };
    });
  return rowChart(rows, scale, bytesText, 'Bytes on the wire by technique, log scale');
}

/** Time to delivered for one pair: a mark for each link, from fast to slow, on a log scale. */
export function timeChart(report: Report, pair: string): string {
  const found = ranPeers(report).flatMap((peer) => {
    const measurements = report.links.flatMap(({ name }) => findMeasurement(report, pair, peer.name, name) ?? []);
    return measurements.length === 0 ? [] : [{ peer, measurements }];
  });
  const scale = logScale(
    found.flatMap(({ measurements }) => measurements.map(({ seconds }) => seconds)),
    PLOT_WIDTH,
  );
  const rows = found
    .toSorted((a, b) => slowestSeconds(a.measurements) - slowestSeconds(b.measurements))
    .map(({ peer, measurements }) => {
      const places = measurements.map(({ seconds }) => INSET + scale.at(seconds));
      const line = element('line', { x1: Math.min(...places), x2: Math.max(...places), y1: 22, y2: 22, class: 'track' });
      const marks = measurements.map((measurement) => timeMark(report, measurement, INSET + scale.at(measurement.seconds)));
      const range = [...new Set([measurements[0], measurements.at(-1)].map((one) => secondsText(one?.seconds ?? 0)))];
      return { peer, value: range.join(' – '), marks: [line, ...marks].join('') };
    });
  return rowChart(rows, scale, (tick) => `${tick} s`, 'Time to delivered by technique and link, log scale');
}

/** What the receiver keeps after each version of one image. */
export function diskChart(report: Report): string {
  const versions = [...new Set(report.history.map(({ version }) => version))];
  const height = 260;
  const [left, right, top, bottom] = [12, 128, 12, 24];
  const plotHeight = height - top - bottom;
  const scale = linearScale(
    report.history.map(({ receiverDiskBytes }) => receiverDiskBytes),
    plotHeight,
  );
  const x = (index: number): number => left + (index * (WIDTH - left - right)) / Math.max(1, versions.length - 1);
  const y = (bytes: number): number => top + plotHeight - scale.at(bytes);
  const grid = scale.ticks.map((tick) =>
    element(
      'g',
      {},
      element('line', { x1: left, x2: WIDTH - right, y1: y(tick), y2: y(tick), class: 'grid' }),
      label(left, y(tick) - 3, bytesText(tick)),
    ),
  );
  const names = versions.map((version, index) => label(x(index), height - 6, version, index === 0 ? 'start' : 'middle'));
  const lines = ranPeers(report).flatMap((peer) => {
    const points = report.history.filter((point) => point.peer === peer.name);
    const last = points.at(-1);
    if (last === undefined) return [];
    const path = points.map(({ version, receiverDiskBytes }) => `${x(versions.indexOf(version))},${y(receiverDiskBytes)}`).join(' ');
    return [{ peer, path, end: { x: x(versions.indexOf(last.version)), y: y(last.receiverDiskBytes) }, bytes: last.receiverDiskBytes }];
  });
  const labelPlaces = spreadApart(
    lines.map(({ end }) => end.y),
    13,
    top,
    height - bottom,
  );
  const drawn = lines
    .map(({ peer, path, end, bytes }, index) => {
      const kind = peer.name === OWN_PEER ? 'own' : 'other';
      const place = labelPlaces[index] as number;
      return element(
        'g',
        {},
        element('polyline', { points: path, class: `line ${kind}` }, element('title', {}, text(`${peer.title}: ${bytesText(bytes)}`))),
        element('line', { x1: end.x, y1: end.y, x2: WIDTH - right + 8, y2: place, class: 'leader' }),
        label(WIDTH - right + 11, place + 4, `${peer.name} ${bytesText(bytes)}`, 'start', kind === 'own' ? 'strong' : 'name'),
      );
    })
    .toSorted((a, b) => Number(a.includes('line own')) - Number(b.includes('line own')));
  return svg(height, 'Disk at the receiver after each version', [...grid, ...names, ...drawn]);
}

function slowestSeconds(measurements: readonly Measurement[]): number {
  return measurements.at(-1)?.seconds ?? Infinity;
}

function timeMark(report: Report, { link, basis, seconds }: Measurement, x: number): string {
  const index = report.links.findIndex(({ name }) => name === link);
  const words = `${report.links[index]?.title ?? link}: ${secondsText(seconds)}${basis === 'computed' ? ' (computed)' : ''}`;
  return element(
    'circle',
    { cx: x, cy: 22, r: 5, class: `link-${linkShade(index, report.links.length)} ${basis}` },
    element('title', {}, text(words)),
  );
}

/** Which of the four shades a link gets: the fastest the first, the slowest the last, however many there are. */
export function linkShade(index: number, count: number): number {
  return Math.round((index * 3) / Math.max(1, count - 1));
}

function rowChart(rows: readonly Row[], scale: Scale, tickText: (value: number) => string, title: string): string {
  const height = rows.length * ROW_HEIGHT + AXIS_HEIGHT;
  const every = Math.ceil(scale.ticks.length / 6);
  const grid = scale.ticks.map((tick, index) => {
    const x = INSET + scale.at(tick);
    const line = element('line', { x1: x, x2: x, y1: 2, y2: height - AXIS_HEIGHT + 4, class: 'grid' });
    return index % every === 0 ? line + label(x, height - 6, tickText(tick), 'middle') : line;
  });
  const drawn = rows.map(({ peer, value, marks }, index) => {
    const isOwn = peer.name === OWN_PEER;
    return element(
      'g',
      { transform: `translate(0 ${index * ROW_HEIGHT})` },
      label(INSET, 13, peer.title, 'start', isOwn ? 'strong' : 'name'),
      label(WIDTH - INSET, 13, value, 'end', isOwn ? 'strong' : 'value'),
      marks,
    );
  });
  return svg(height, title, [...grid, ...drawn]);
}

function label(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end' = 'start', kind = 'tick'): string {
  return element('text', { x, y, 'text-anchor': anchor, class: kind }, text(words));
}

function svg(height: number, title: string, content: readonly string[]): string {
  return element('svg', { viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': title }, ...content);
}

/** The places in their order, moved so that neighbours are at least `gap` apart and all lie between the ends where that is possible. */
export function spreadApart(places: readonly number[], gap: number, low: number, high: number): number[] {
  const order = places.map((place, index) => ({ place, index })).toSorted((a, b) => a.place - b.place);
  const moved = Array.from<number>({ length: places.length });
  let free = low;
  for (const { place, index } of order) {
    const at = Math.max(place, free);
    moved[index] = at;
    free = at + gap;
  }
  let ceiling = high;
  for (const { index } of order.toReversed()) {
    const at = Math.min(moved[index] as number, ceiling);
    moved[index] = at;
    ceiling = at - gap;
  }
  return moved;
}
