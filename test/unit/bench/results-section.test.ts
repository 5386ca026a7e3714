import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readReport } from '../../../bench/report/read.ts';
import { replaceResults } from '../../../bench/report/results-section.ts';
import { exampleReport } from './example-report.ts';

const README = '# Title\n\n<!-- results -->\nold\n<!-- /results -->\n\nAfter.\n';

describe('results in the README', () => {
  it('are replaced between the markers, and nothing else is', () => {
    const once = replaceResults(README, exampleReport());
    expect(once.startsWith('# Title\n\n<!-- results -->')).toBe(true);
    expect(once.endsWith('<!-- /results -->\n\nAfter.\n')).toBe(true);
    expect(once).not.toContain('old');
    expect(replaceResults(once, exampleReport())).toBe(once);
  });

  it('have the bytes with their factor, the times, the machine and the command', () => {
    const text = replaceResults(README, exampleReport());
    expect(text).toContain('| **lighterman** | **1.01 kB (10x)** |');
    expect(text).toContain('| docker save \\| gzip -6 | 10.1 kB (1x) |');
    expect(text).toContain('| docker save \\| gzip -6 | 2 s | ~3 min |');
    expect(text).toContain('Measured on 2026-11-21 by `npm run bench -- --quick`: Example <CPU>, 2 cores');
    expect(text).toContain('lighterman 0.1.0 (abc1234), Node 24.21.0, gzip 1.12.');
    expect(text).toContain('Not delivered: rsync, rebuild, none: not done after 600 s.');
  });

  it.each(['no markers', '<!-- /results --> <!-- results -->'])('are refused where they have no place: %s', (readme) => {
    expect(() => replaceResults(readme, exampleReport())).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});

describe('report.json', () => {
  it.each(['', 'not json', '[]', '{"format":"another/1"}'])('other content is refused: %s', async (content) => {
    const directory = await mkdtemp(join(tmpdir(), 'bench-report-'));
    const path = join(directory, 'report.json');
    await writeFile(path, content);
    expect(() => readReport(path)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    await rm(directory, { recursive: true });
  });
});
