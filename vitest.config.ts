import { defineConfig } from 'vitest/config';
import { createClosingLine } from './test/support/closing-line.ts';

// Engine tests start real daemons and share two cores: files run one after the other, so that a failure is a
// failure and not a race for the machine.
export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: ['default', createClosingLine()],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // What is polled for comes, or the test has failed: on a busy machine that may take long.
    expect: { poll: { timeout: 60_000, interval: 20 } },
    fileParallelism: false,
  },
});
