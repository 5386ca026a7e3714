import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTarWriter } from '../../../bench/corpora/tar-writer.ts';
import { readReport } from '../../../bench/report/read.ts';
import { runCommand } from '../../support/command.ts';
import { seededBytes } from '../../support/random.ts';

const MAIN = resolve(import.meta.dirname, '../../../bench/main.ts');

let directory = '';
const [older, newer] = ['old.tar', 'new.tar'];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'bench-main-'));
  for (const [seed, name] of [older, newer].entries()) {
    const writer = createTarWriter(join(directory, name));
    writer.add({ path: 'file', mode: 0o644, mtime: 0, content: { bytes: seededBytes(seed, 50_000) } });
    writer.end();
  }
});
afterAll(() => rm(directory, { recursive: true }));

const bench = async (...args: string[]): Promise<string> =>
  (await runCommand(process.execPath, [MAIN, ...args], { cwd: directory })).toString();

describe('command line', () => {
  it('runs a pair of the user and writes table, JSON and page', async () => {
    const out = join(directory, 'out');
    const text = await bench('--pair', older, newer, '--peers', 'gzip', '--links', 'none,100mbit', '--out', out);
    expect(text).toMatch(/own: old\.tar -> new\.tar \(51\.7 kB → 51\.7 kB\)/);
    const report = readReport(join(out, 'report.json'));
    expect(report).toMatchObject({
      corpus: 'own',
      deliverTo: 'archive',
      command: `npm run bench -- --pair old.tar new.tar --peers gzip --links none,100mbit --out ${out}`,
      peers: [{ name: 'gzip' }],
      failures: [],
    });
    expect(report.measurements.map(({ link }) => link)).toEqual(['none', '100mbit']);
    expect(report.history.map(({ version }) => version)).toEqual(['old.tar', 'new.tar']);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('lists what there is', async () => {
    expect(await bench('--quick', '--list')).toMatch(/pairs:[^]*rebuild[^]*techniques:[^]*docker save \| gzip -6[^]*links:[^]*10mbit/);
  });

  it.each([
    [['--quick', '--pairs', 'nothing'], /no pair is called nothing: base, rebuild/],
    [['--quick', '--peers', 'pigeon'], /no technique is called pigeon: lighterman, /],
    [['--quick', '--links', '56k'], /no link is called 56k: none/],
    [['--pair', 'one'], /--pair takes two: OLD NEW/],
  ])('%j ends with status 2 and says why', async (args, expected) => {
    await expect(bench(...args)).rejects.toThrow(expect.objectContaining({ message: expect.stringMatching(/ended with 2/) }));
    await expect(bench(...args)).rejects.toThrow(expected);
  });
});
