/** Ends a run with one plain line, `N passed, N failed`, which scripts read whatever colours the rest has. */
import type { Reporter, TestModule } from 'vitest/node';

export function createClosingLine(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors) {
      let passed = 0;
      let failed = unhandledErrors.length;
      let skipped = 0;
      for (const module of modules) {
        // A file that fails to load has no tests to count, but it did fail.
        if (module.state() === 'failed' && module.errors().length > 0) failed++;
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          if (state === 'passed') passed++;
          else if (state === 'failed') failed++;
          else skipped++;
        }
      }
      process.stdout.write(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
    },
  };
}
