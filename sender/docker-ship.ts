#!/usr/bin/env node
/** `docker ship`: the sender as a plugin of the docker command. */
import process from 'node:process';
import { isNodeTooOld } from '../shared/node-version.ts';

if (!isNodeTooOld('docker-ship')) {
  const { limitMemory, settleMemory } = await import('../shared/limit-memory.ts');
  settleMemory(process.env);
  const { dockerPlugin } = await import('./cli/docker-plugin.ts');
  limitMemory();
  process.exitCode = await dockerPlugin(process.argv.slice(2));
}
