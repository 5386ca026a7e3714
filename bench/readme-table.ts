/** `node bench/readme-table.ts [REPORT.JSON] [README.MD]`: writes the results into the README, between its two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../shared/terminal/run-command.ts';
import { readReport } from './report/read.ts';
import { replaceResults } from './report/results-section.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const [reportFile = here('out/report.json'), readmeFile = here('../README.md')] = process.argv.slice(2);

process.exitCode = await runCommand('readme-table', process, false, async () => {
  writeFileSync(readmeFile, replaceResults(readFileSync(readmeFile, 'utf8'), readReport(reportFile)));
});
