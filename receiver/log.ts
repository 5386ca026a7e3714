/** The receiver's log, on stderr: lines for people, or JSON lines for machines. The one importer of `pino`. */
import { pino } from 'pino';
import pretty from 'pino-pretty';

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
