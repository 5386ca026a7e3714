#!/usr/bin/env node
/** `lighterman`: checks the runtime before anything that an older one could not even parse is loaded. */
import process from 'node:process';
import { isNodeTooOld } from '../shared/node-version.ts';

if (!isNodeTooOld('lighterman')) {
  const { limitMemory, settleMemory } = await import('../shared/limit-memory.ts');
  settleMemory(process.env);
  const { main } = await import('./cli/main.ts');
  limitMemory();
  process.exitCode = await main(process.argv);
}
