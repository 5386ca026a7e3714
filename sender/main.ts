#!/usr/bin/env node
/** `lighterman`: checks the runtime before anything that an older one could not even parse is loaded. */
import process from 'node:process';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 6)) {
  process.stderr.write(
    `lighterman: Node ${process.versions.node} is too old (it needs 24.6 or newer; npm scripts and npx of the repository bring their own)\n`,
  );
  process.exitCode = 2;
} else {
  const { limitMemory, settleMalloc } = await import('../shared/limit-memory.ts');
  settleMalloc(process.env);
  const { main } = await import('./cli/main.ts');
  limitMemory();
  process.exitCode = await main(process.argv);
}
