/** `lightermand receipts`: the history of a store. Needs no lock: it may be read while the receiver serves. */
import { existsSync } from 'node:fs';
import { TransferError } from '../../shared/errors.ts';
import { readJournal } from '../../shared/journal/journal.ts';
import { createVerifier, openSigningKey } from '../../shared/journal/key.ts';
import { printLines, printVerdict, summaryOf, type Printer } from '../../shared/journal/print.ts';
import { journalFile, receiptKeyFile } from '../witness/history.ts';
import { formatTable } from './table.ts';

export interface ReceiptsFlags {
  readonly store: string;
  readonly json?: boolean;
  readonly verify?: boolean;
  readonly publicKey?: boolean;
}

/** @throws TransferError USAGE where there is no history, INTEGRITY where it does not hold. */
export async function showReceipts({ store, json, verify, publicKey }: ReceiptsFlags, stdout: Printer): Promise<void> {
  const file = journalFile(store);
  const keyFile = receiptKeyFile(store);
  if (!existsSync(keyFile))
    throw new TransferError('USAGE', `${store} has no receipts yet`, { hint: 'name the directory that `lightermand serve` was given' });
  const key = await openSigningKey(keyFile);
  if (publicKey === true) stdout.write(key.publicKey);
  else if (verify === true)
    await printVerdict(file, 'their chain and their signatures hold', createVerifier(key.publicKey, keyFile), stdout);
  else if (json === true) await printLines(file, stdout);
  else
    stdout.write(
      formatTable(['NO', 'TIME', 'EVENT', 'IMAGE', 'CROSSED', 'SECONDS'], (await Array.fromAsync(readJournal(file))).map(summaryOf)),
    );
}
