/**
 * How fast a link is: measured while content crosses it, and remembered by the receiver's address beside the pool, so that a dry run can
 * say how long a shipment would take.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { LINK_RATES_MAX } from '../../shared/limits.ts';
import { createUnderWay } from './under-way.ts';

export interface RateMeter {
  sent(segment: number, bytes: number): void;
  /** @param idle how much of the time the receiver had nothing to do, per cent. */
  stored(segment: number, idle: number): void;
  /** The connection broke. The time that it lay broken does not count. */
  broke(): void;
  /** Undefined where too little crossed to tell. */
  bytesPerSecond(): number | undefined;
}

/** Below this it is the delay of the link that is measured. */
const MEASURED_BYTES_MIN = 256 * 1024;
const FILE = 'links.json';

/** Counts what was acknowledged, over the time that the link took for it. */
export function createRateMeter(clock: Clock): RateMeter {
  const underWay = createUnderWay(clock);
  let bytes = 0;
  return {
    sent: (segment, frameBytes) => underWay.sent(segment, frameBytes),
    stored: (segment, idle) => void (bytes += underWay.stored(segment, idle).bytes),
    broke: () => underWay.clear(),
    bytesPerSecond: () => (bytes < MEASURED_BYTES_MIN || underWay.linkMs <= 0 ? undefined : (bytes * 1000) / underWay.linkMs),
  };
}

/** Bytes a second that got through to this address the last time that enough crossed to tell. */
export async function recallRate(directory: string, address: string): Promise<number | undefined> {
  return (await readRates(directory)).get(address);
}

/** @param directory of the pool, which this process has open. */
export async function rememberRate(directory: string, address: string, bytesPerSecond: number): Promise<void> {
  const rates = await readRates(directory);
  rates.delete(address);
  rates.set(address, Math.round(bytesPerSecond));
  const file = join(directory, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(Object.fromEntries([...rates].slice(-LINK_RATES_MAX)))}\n`);
  await rename(`${file}.new`, file);
}

/** A file that is not there, or says something else, tells nothing. */
async function readRates(directory: string): Promise<Map<string, number>> {
  try {
    const value: unknown = JSON.parse(await readFile(join(directory, FILE), 'utf8'));
    const entries = Object.entries(value as Record<string, unknown>);
    return new Map(entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0));
  } catch {
    return new Map();
  }
}
