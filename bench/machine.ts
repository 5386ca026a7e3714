/** What the figures were measured on. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Machine, Report } from './report/report.ts';

const run = promisify(execFile);
const REPOSITORY = fileURLToPath(new URL('..', import.meta.url));

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    system: /^PRETTY_NAME="?([^"\n]*)/m.exec(readIfThere('/etc/os-release'))?.[1] ?? process.platform,
    kernel: release(),
  };
}

export async function describeVersions(): Promise<Report['versions']> {
  const { version } = JSON.parse(readFileSync(`${REPOSITORY}package.json`, 'utf8')) as { version: string };
  const commit = await run('git', ['-C', REPOSITORY, 'describe', '--always', '--dirty', '--exclude=*']).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  return { lighterman: version, node: process.versions.node, commit };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
