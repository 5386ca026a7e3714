/**
 * An append-only record of what was delivered: one line of JSON an entry, each with the hash of the line before, so that no line can be
 * changed, taken out or put in without all that follow being made again; and signed, where its owner has a key. Format: RECEIPTS.md.
 */
import { createReadStream } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { utf8 } from '../bytes.ts';
import { systemCode, TransferError } from '../errors.ts';
import { sha256Digest } from '../hash.ts';
import { JOURNAL_LINE_BYTES_MAX } from '../limits.ts';
import { createSerial } from '../serial.ts';
import type { SigningKey } from './key.ts';

/** What stands in every line besides what the entry itself says. */
const Frame = z.looseObject({
  /** 1, 2, 3 ... */
  seq: z.int().min(1),
  /** When, as ISO 8601 in UTC. */
  at: z.string(),
  event: z.string(),
  /** SHA-256 of the line before, in hex; 64 zeros in the first. */
  previous: z.string().regex(/^[0-9a-f]{64}$/),
});

export type JournalEntry = z.output<typeof Frame>;

/** What an entry says: the journal adds number, time and chain. */
export type JournalBody = { readonly event: string } & Readonly<Record<string, unknown>>;

export interface JournalProblem {
  readonly line: number;
  readonly what: string;
}

export interface Journal extends AsyncDisposable {
  /** Resolves when the entry is durable. */
  append(body: JournalBody): Promise<JournalEntry>;
}

const NOTHING_BEFORE = '0'.repeat(64);
/** The signature is the last field of a line, and covers all of the line without it. */
const SIGNATURE = /,"signature":"([A-Za-z0-9+/=]+)"\}$/;

/**
 * Opens a journal for writing; a last line that a power cut left unfinished is cut off.
 * @throws TransferError STORE_CORRUPT where what stands there is no journal.
 */
export async function openJournal(file: string, now: () => number, key?: SigningKey): Promise<Journal> {
  await cutTornLine(file);
  let last: { readonly seq: number; readonly hash: string } = { seq: 0, hash: NOTHING_BEFORE };
  for await (const [line, entry] of readLines(file)) {
    if (entry === undefined) throw new TransferError('STORE_CORRUPT', `${file}: line ${last.seq + 1} is no entry of a journal`);
    last = { seq: entry.seq, hash: hashOf(line) };
  }
  const handle = await open(file, 'a', 0o600);
  const inTurn = createSerial();
  const write = async (body: JournalBody): Promise<JournalEntry> => {
    const entry = { seq: last.seq + 1, at: new Date(now()).toISOString(), ...body, previous: last.hash };
    const text = JSON.stringify(entry);
    const line = key === undefined ? text : `${text.slice(0, -1)},"signature":"${key.sign(utf8(text))}"}`;
    if (line.length > JOURNAL_LINE_BYTES_MAX)
      throw new TransferError('LIMIT_EXCEEDED', `an entry of ${line.length} bytes, the limit is ${JOURNAL_LINE_BYTES_MAX}`);
    await handle.appendFile(`${line}\n`);
    await handle.datasync();
    last = { seq: entry.seq, hash: hashOf(line) };
    return entry;
  };
  return {
    append: (body) => inTurn(() => write(body)),
    async [Symbol.asyncDispose]() {
      await inTurn(() => handle.close());
    },
  };
}

/** The entries of a journal, oldest first, also while it is written; lines that are none are left out. A file that is not there has none. */
export async function* readJournal(file: string): AsyncGenerator<JournalEntry> {
  for await (const [, entry] of readLines(file)) if (entry !== undefined) yield entry;
}

/** @param verifySignature of the journal's key, where its lines are signed. @returns what is wrong; nothing where all is well. */
export async function verifyJournal(
  file: string,
  verifySignature?: (signed: Uint8Array, signature: string) => boolean,
): Promise<JournalProblem[]> {
  const problems: JournalProblem[] = [];
  let number = 0;
  let before = NOTHING_BEFORE;
  for await (const [line, entry] of readLines(file)) {
    number++;
    const wrong = (what: string): unknown => problems.push({ line: number, what });
    if (entry === undefined) wrong('is no entry');
    else if (entry.previous !== before) wrong('does not follow the line before: one of them was changed, or some are missing');
    else if (entry.seq !== number) wrong(`has number ${entry.seq}`);
    if (verifySignature !== undefined) {
      const [signature = '', text] = SIGNATURE.exec(line) ?? [];
      if (text === undefined || !verifySignature(utf8(`${line.slice(0, -signature.length)}}`), text)) wrong('is not signed with this key');
    }
    before = hashOf(line);
  }
  return problems;
}

async function* readLines(file: string): AsyncGenerator<[line: string, entry: JournalEntry | undefined]> {
  const stream = createReadStream(file, { encoding: 'utf8' });
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) yield [line, parseLine(line)];
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw TransferError.from(error, file);
  } finally {
    stream.destroy();
  }
}

function parseLine(line: string): JournalEntry | undefined {
  if (line.length > JOURNAL_LINE_BYTES_MAX) return undefined;
  try {
    return Frame.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function hashOf(line: string): string {
  return sha256Digest(utf8(line)).slice('sha256:'.length);
}

/** What stands behind the last line feed was being written when the power went. */
async function cutTornLine(file: string): Promise<void> {
  let handle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return;
    throw TransferError.from(error, file);
  }
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(Math.min(size, JOURNAL_LINE_BYTES_MAX));
    await handle.read(tail, 0, tail.byteLength, size - tail.byteLength);
    const whole = size - tail.byteLength + tail.lastIndexOf(0x0a) + 1;
    if (whole < size) await truncate(file, whole);
  } finally {
    await handle.close();
  }
}
