import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';
import { createClosingLine } from './test/support/closing-line.ts';

/**
 * Files that start engines, measure, build the package, or wait for an answer within a time or at a port that was free. Of all others as many
 * run at once as there are cores.
 */
const ALONE = [
  'test/{engine,soak}/**/*.test.ts',
  'test/integration/bench/{command-line,far-end,page,peers,shaper,side}.test.ts',
  'test/integration/{hostile-listener,package,reconnect,status-page,told-syncs}.test.ts',
  'test/fault/store-kill.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', createClosingLine()],
    projects: [
      {
        extends: true,
        test: { name: 'alongside', include: ['test/**/*.test.ts'], exclude: ALONE, maxWorkers: '100%', sequence: { groupOrder: 0 } },
      },
      {
        extends: true,
        // Engine tests start real daemons and share two cores: files run one after the other, so that a failure is a
        // failure and not a race for the machine.
        test: {
          name: 'alone',
          include: ALONE,
          globalSetup: ['test/support/global-setup.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    // The agents are started some thousand times: they need not be compiled each time.
    env: { NODE_COMPILE_CACHE: resolve(import.meta.dirname, 'node_modules/.cache/lighterman/compiled') },
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // What is polled for comes, or the test has failed: on a busy machine that may take long.
    expect: { poll: { timeout: 60_000, interval: 20 } },
  },
});
