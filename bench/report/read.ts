/** Reads a report.json. */
import { readFileSync } from 'node:fs';
import { TransferError } from '../../shared/errors.ts';
import { REPORT_FORMAT, type Report } from './report.ts';

/** @throws TransferError USAGE for a file that is no report of this format. */
export function readReport(path: string): Report {
  const value: unknown = parse(readFileSync(path, 'utf8'));
  const isReport = typeof value === 'object' && value !== null && 'format' in value && value.format === REPORT_FORMAT;
  if (!isReport) throw new TransferError('USAGE', `${path} is not a report of format ${REPORT_FORMAT}`);
  return value as unknown as Report;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
