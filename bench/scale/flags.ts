/** The command line of bench/scale/main.ts. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { EFFORTS, type Effort } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { CASE_NAMES, caseNamed, type CaseChoice } from './cases.ts';

const CACHE = resolve(import.meta.dirname, '../.cache');

export interface Flags {
  readonly choice: CaseChoice;
  readonly effort: Effort;
  /** Folder below which everything is while it is needed. */
  readonly cache: string;
}

/** What the words behind the program ask for. @throws TransferError USAGE */
export function readFlags(words: readonly string[]): Flags {
  const { gb, cases, effort, scale, cache } = parseFlags(words);
  return {
    choice: {
      names: cases.split(',').map(caseNamed),
      gigabytes: gb.split(',').map((text) => numberOf('--gb', text, Infinity)),
      scale: numberOf('--scale', scale, 1),
    },
    effort: effortNamed(effort),
    cache,
  };
}

function parseFlags(words: readonly string[]): Record<'gb' | 'cases' | 'effort' | 'scale' | 'cache', string> {
  try {
    return parseArgs({
      args: [...words],
      options: {
        gb: { type: 'string', default: '1,2,4,8' },
        cases: { type: 'string', default: CASE_NAMES.join(',') },
        effort: { type: 'string', default: 'auto' },
        scale: { type: 'string', default: '1' },
        cache: { type: 'string', default: CACHE },
      },
    }).values;
  } catch (error) {
    throw new TransferError('USAGE', (error as Error).message, { cause: error });
  }
}

function numberOf(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= max && Number.isFinite(value))) throw new TransferError('USAGE', `${flag} does not take ${text}`);
  return value;
}

function effortNamed(name: string): Effort {
  const effort = EFFORTS.find((known) => known === name);
  if (effort === undefined) throw new TransferError('USAGE', `no effort is called ${name}: ${EFFORTS.join(', ')}`);
  return effort;
}
