/** `npm run fuzz -- --seconds 60 --seed 7 [--target NAME] [--make-corpus]`: 1 where something was found, which is then in the corpus. */
import { parseArgs } from 'node:util';
import { fuzz, keep, TARGETS } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    target: { type: 'string' },
    'make-corpus': { type: 'boolean', default: false },
  },
});
const targets = TARGETS.filter(({ name }) => values.target === undefined || values.target === name);
if (values['make-corpus']) {
  for (const target of targets) for (const input of await target.seeds()) keep(target.name, input, 'seed');
}
const seed = Number(values.seed ?? Date.now() % 2 ** 32);
process.stdout.write(`seed ${seed}, ${values.seconds} s\n`);
const { tried, findings, slowest } = await fuzz(targets, Number(values.seconds), seed, () => performance.now());
for (const { target, ms } of slowest)
  process.stdout.write(`${target.padEnd(16)}${String(tried[target]).padStart(9)} inputs, the slowest ${Math.round(ms)} ms\n`);
const seen = new Set<string>();
for (const { target, input, error } of findings) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const key = `${target} ${text.split('\n').slice(0, 3).join('\n')}`;
  if (seen.has(key)) continue;
  seen.add(key);
  process.stdout.write(`\n${target}: ${keep(target, input, 'found')}\n${text}\n`);
}
process.exitCode = findings.length === 0 ? 0 : 1;
