/**
 * Progress for people, on stderr: a bar with rate and time left where stderr is a terminal, a line now and then where it is not.
 * The one importer of `cli-progress`.
 */
import { Presets, SingleBar } from 'cli-progress';
import type { Clock } from '../clock.ts';
import { formatBytes, formatSeconds } from './units.ts';

export interface ProgressLine {
  /** What is going on, and how far in bytes; `total` 0 where it is not known. */
  update(phase: string, done: number, total: number): void;
  /** A line of its own above the bar. */
  note(text: string): void;
  stop(): void;
}

export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Between two lines where there is no terminal. */
const LINE_INTERVAL_MS = 5_000;

export function createProgressLine(stream: ProgressStream, clock: Clock): ProgressLine {
  return stream.isTTY === true ? createBar(stream, clock) : createLines(stream, clock);
}

export const silentProgress: ProgressLine = { update: () => {}, note: () => {}, stop: () => {} };

function createBar(stream: ProgressStream, clock: Clock): ProgressLine {
  let bar: SingleBar | undefined;
  let phase = '';
  let began = 0;
  const stop = (): void => {
    bar?.stop();
    bar = undefined;
    phase = '';
  };
  return {
    update(next, done, total) {
      if (next !== phase) {
        stop();
        phase = next;
        began = clock.monotonic();
        bar = new SingleBar(
          {
            format: '{phase} [{bar}] {percentage}% {amount} {rate}/s {left}',
            hideCursor: true,
            clearOnComplete: true,
            stream: stream as NodeJS.WritableStream,
            barsize: 24,
          },
          Presets.shades_classic,
        );
        bar.start(Math.max(total, 1), 0, { phase, amount: '', rate: '', left: '' });
      }
      const seconds = Math.max((clock.monotonic() - began) / 1000, 0.001);
      const rate = done / seconds;
      const left = total > done && rate > 0 ? `${formatSeconds((total - done) / rate)} left` : '';
      const amount = total > 0 ? `${formatBytes(done)} of ${formatBytes(total)}` : formatBytes(done);
      bar?.setTotal(Math.max(total, done, 1));
      bar?.update(done, { phase, amount, rate: formatBytes(rate), left });
    },
    note(text) {
      stop();
      stream.write(`${text}\n`);
    },
    stop,
  };
}

function createLines(stream: ProgressStream, clock: Clock): ProgressLine {
  let phase = '';
  let began = 0;
  let lastLine = 0;
  return {
    update(next, done, total) {
      const now = clock.monotonic();
      if (next !== phase) {
        phase = next;
        began = now;
        lastLine = now;
        return;
      }
      if (now - lastLine < LINE_INTERVAL_MS) return;
      lastLine = now;
      const rate = formatBytes((done / (now - began)) * 1000);
      stream.write(
        total > 0 ? `${phase}: ${formatBytes(done)} of ${formatBytes(total)}, ${rate}/s\n` : `${phase}: ${formatBytes(done)}, ${rate}/s\n`,
      );
    },
    note: (text) => void stream.write(`${text}\n`),
    stop: () => {},
  };
}
