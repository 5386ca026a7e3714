/** A short soak; `npm run soak` is the long one. */
import { expect, it } from 'vitest';
import { soak } from './soak.ts';

const SECONDS = 12;
// oxlint-disable-next-line node/no-process-env -- to repeat a run
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

it(`ships while processes are killed and links are cut, seed ${SEED}`, async () => {
  const report = await soak({ seconds: SECONDS, seed: SEED });
  expect(report.acknowledged).toBeGreaterThan(0);
  expect(report.receiverKills + report.linkCuts).toBeGreaterThan(0);
}, 300_000);
