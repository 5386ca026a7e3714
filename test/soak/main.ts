/** `npm run soak -- [--seconds 300] [--seed N]` */
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '300' }, seed: { type: 'string' } } });
const seed = Number(values.seed ?? Date.now() % 1_000_000);
process.stdout.write(`soak for ${values.seconds} s, seed ${seed}\n`);
const report = await soak({ seconds: Number(values.seconds), seed, onShipped: (now) => process.stdout.write(`${JSON.stringify(now)}\n`) });
process.stdout.write(`every image identical, nothing acknowledged lost: ${JSON.stringify(report)}\n`);
