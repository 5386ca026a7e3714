/** The part of README.md that is generated. */
import { TransferError } from '../../shared/errors.ts';
import { reportMarkdown } from './markdown.ts';
import type { Report } from './report.ts';

const BEGIN = '<!-- results -->';
const END = '<!-- /results -->';

/** The text with what stands between the markers replaced. @throws TransferError USAGE where the markers are not there, in this order. */
export function replaceResults(readme: string, report: Report): string {
  const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (begin < 0 || end < begin) {
    throw new TransferError('USAGE', 'the README has no place for the results', { hint: `put these lines into it:\n${BEGIN}\n${END}` });
  }
  return `${readme.slice(0, begin)}${BEGIN}\n\n${reportMarkdown(report)}\n\n${readme.slice(end)}`;
}
