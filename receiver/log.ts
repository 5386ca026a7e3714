/** The receiver's log, on stderr: lines for people, or JSON lines for machines. The one importer of `pino`. */
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Clock } from '../shared/clock.ts';

export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export type LogFormat = 'text' | 'json';

const STDERR = 2;

export function createLog(format: LogFormat): Log {
  if (format === 'json') return pino(pino.destination({ dest: STDERR, sync: true }));
  return pino(
    pretty({ destination: STDERR, sync: true, colorize: false, translateTime: 'SYS:standard', ignore: 'pid,hostname', singleLine: true }),
  );
}

/** Lines that may come at once, and how many a second after that. */
const BURST_LINES = 50;
const LINES_PER_SECOND = 1;

/**
 * Warnings of what anybody who reaches the port can cause, as many as they like: those that are too many are left out, and counted in the
 * next line as `leftOut`.
 */
export function limitWarnings(log: Log, clock: Clock): Log {
  let room = BURST_LINES;
  let since = clock.monotonic();
  let leftOut = 0;
  return {
    info: (fields, message) => log.info(fields, message),
    warn(fields, message) {
      const now = clock.monotonic();
      room = Math.min(BURST_LINES, room + ((now - since) / 1000) * LINES_PER_SECOND);
      since = now;
      if (room < 1) leftOut++;
      else {
        room--;
        log.warn(leftOut > 0 ? { ...fields, leftOut } : fields, message);
        leftOut = 0;
      }
    },
  };
}
