/** A journal as its readers see it: as it is, as a table, or as the result of a check. */
import { createReadStream, existsSync } from 'node:fs';
import { TransferError } from '../errors.ts';
import { formatBytes } from '../terminal/units.ts';
import { readJournal, verifyJournal, type JournalEntry, type JournalProblem } from './journal.ts';

/** Problems that are listed; all are counted. */
const PROBLEMS_SHOWN_MAX = 20;

export interface Printer {
  write(text: string): unknown;
}

/** The lines as they are: a copy of them can be checked like the file. */
export async function printLines(file: string, stdout: Printer): Promise<void> {
  if (existsSync(file)) for await (const text of createReadStream(file, { encoding: 'utf8' })) stdout.write(text as string);
}

/** What an entry says, for people: number, time, event, image, bytes that crossed, seconds. */
export function summaryOf(entry: JournalEntry): (string | number)[] {
  const { seq, at, event, images, ref, wire, seconds, error } = entry as JournalEntry & EntryFields;
  const names = images?.flatMap((image) => image.names ?? []) ?? [];
  const image = names.join('\n') || ref || images?.[0]?.configDigest?.slice(7, 19) || '<none>';
  const crossed = wire === undefined ? '' : formatBytes(wire.sentBytes + wire.receivedBytes);
  return [
    seq,
    at,
    error === undefined ? event : `${event}: ${error.code}`,
    image,
    crossed,
    seconds === undefined ? '' : seconds.toFixed(1),
  ];
}

interface EntryFields {
  readonly images?: readonly { readonly names?: readonly string[]; readonly configDigest?: string }[];
  readonly ref?: string;
  readonly wire?: { readonly sentBytes: number; readonly receivedBytes: number };
  readonly seconds?: number;
  readonly error?: { readonly code: string };
}

/**
 * Checks a journal, and what else `more` finds, and says what came out.
 * @throws TransferError INTEGRITY where anything is wrong, after it was told.
 */
export async function printVerdict(
  file: string,
  what: string,
  verifySignature: Parameters<typeof verifyJournal>[1],
  stdout: Printer,
  more: (entry: JournalEntry) => readonly string[] = () => [],
): Promise<void> {
  const problems: JournalProblem[] = await verifyJournal(file, verifySignature);
  let entries = 0;
  for await (const entry of readJournal(file)) {
    entries++;
    problems.push(...more(entry).map((wrong) => ({ line: entry.seq, what: wrong })));
  }
  for (const problem of problems.slice(0, PROBLEMS_SHOWN_MAX)) stdout.write(`line ${problem.line} ${problem.what}\n`);
  if (problems.length > 0)
    throw new TransferError('INTEGRITY', `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${file}`, {
      hint: 'the file was changed or is damaged: compare it with what the other side has',
    });
  stdout.write(`${entries} entries: ${what}\n`);
}
