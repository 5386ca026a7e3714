/**
 * `node bench/scale/main.ts [--gb 1,2,4,8] [--cases size,file,files,layers] [--effort auto] [--scale 1] [--cache DIR]`: whether time and memory
 * stay in proportion as images grow. Each case is an archive that is made here, shipped over loopback to a receiver that has nothing, and
 * shipped again. Everything lies below the cache's folder and goes with its case: four times the largest archive has to fit.
 */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { runCommand } from '../../shared/terminal/run-command.ts';
import { builtPrograms } from '../built.ts';
import { scaleCases } from './cases.ts';
import { readFlags } from './flags.ts';
import { measureCase, type CaseResult } from './measure.ts';
import { scaleTable } from './table.ts';

process.exitCode = await runCommand('scale', process, false, async (signal) => {
  const { choice, effort, cache } = readFlags(process.argv.slice(2));
  const programs = builtPrograms();
  const directory = resolve(cache);
  await mkdir(directory, { recursive: true });
  const results: CaseResult[] = [];
  try {
    for (const scaleCase of scaleCases(choice)) {
      results.push(await measureCase(scaleCase, { programs, effort, directory, signal, announce }));
    }
  } finally {
    // What was measured before a failure took its time.
    if (results.length > 0) process.stdout.write(`${scaleTable(results)}\n`);
  }
});

function announce(line: string): void {
  process.stderr.write(`${line}\n`);
}
