import { describe, expect, it } from 'vitest';
import { reportPage } from '../../../bench/report/page.ts';
import { reportTables } from '../../../bench/report/table.ts';
import { exampleReport } from './example-report.ts';

describe('report in the terminal', () => {
  const tables = reportTables(exampleReport());

  it('gives bytes, factor and times, the fewest bytes first', () => {
    const rows = tables.split('\n').filter((line) => /│ (lighterman|docker save)/.test(line));
    expect(rows[0]).toMatch(/lighterman.*1\.01 kB.*10x.*1 s.*1\.50 s.*0\.50 \/ 0\.25.*100 MB \/ 50 MB.*2.*6 MB/);
    expect(rows[1]).toMatch(/gzip.*10\.1 kB.*1x.*2 s.*~3 min/);
  });

  it('names what was not run and what was not delivered, and why', () => {
    expect(tables).toContain('casync over HTTP: not run, casync is not installed (apt install casync)');
    expect(tables).toContain('rebuild, rsync, none: not delivered, not done after 600 s');
    expect(tables).toContain('~ computed from the unlimited run');
  });

  it('gives the disk after each version', () => {
    expect(tables).toMatch(/lighterman.*every version.*9 MB.*9\.10 MB/);
  });
});

describe('report page', () => {
  const page = reportPage(exampleReport());

  it('is one file: nothing is fetched and nothing runs', () => {
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object)\b|@import|url\(|\bsrc=|\bhref=/);
    expect(page).not.toMatch(/https?:/);
  });

  it('is well-formed', () => {
    const open: string[] = [];
    const strays: string[] = [];
    const body = page.replace(/<!doctype html>|<meta [^>]*>/g, '').replace(/<style>[^]*<\/style>/, '');
    for (const [, slash, name = ''] of body.matchAll(/<(\/?)([a-z0-9]+)(?:\s[^<>]*)?>/gi)) {
      if (slash === '') open.push(name);
      else if (open.pop() !== name) strays.push(name);
    }
    expect({ open, strays }).toEqual({ open: [], strays: [] });
  });

  it('escapes what comes from outside', () => {
    expect(page).toContain('Example &lt;CPU&gt;');
    expect(page).toContain('usr/lib/&lt;odd&gt;.so');
    expect(page).not.toContain('<odd>');
  });

  it('has a chart of bytes and of times for each pair, and one of the disk', () => {
    expect(page.match(/<svg viewBox="0 0 360/g)).toHaveLength(3);
  });

  it('says where the bytes went, with their sum', () => {
    expect(page).toContain('Where the bytes went');
    expect(page).toMatch(/together<\/td><td>1010/);
  });

  it('names no breakdown and no history where there is none', () => {
    const plain = reportPage(exampleReport({ history: [], measurements: [] }));
    expect(plain).not.toContain('Where the bytes went');
    expect(plain).not.toContain('Disk at the receiver');
  });
});
