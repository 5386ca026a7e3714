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
    fileParallelism: false,
  },
});
