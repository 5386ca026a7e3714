/** `lighterman receipts`: what was shipped, and the receivers' word for it. Needs no lock: it may be read while something is shipped. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { openJournal, readJournal } from '../../shared/journal/journal.ts';
import { printLines, printVerdict, summaryOf, type Printer } from '../../shared/journal/print.ts';
import { createProofCheck, shipmentEntries, shipmentsFile } from '../receipts.ts';
import type { ShipResult } from '../ship-image.ts';
import { formatTable } from './table.ts';

export interface ReceiptsFlags {
  readonly store: string;
  readonly json?: boolean;
  readonly verify?: boolean;
  readonly key?: string;
}

/** @throws TransferError USAGE where there is no journal or key, INTEGRITY where journal or proofs do not hold. */
export async function showReceipts({ store, json, verify, key }: ReceiptsFlags, stdout: Printer): Promise<void> {
  const file = shipmentsFile(store);
  if (key !== undefined && verify !== true) throw new TransferError('USAGE', '--key goes with --verify');
  if (!existsSync(file))
    throw new TransferError('USAGE', `${store} has no receipts yet`, { hint: 'name the pool with --store, or ship something' });
  if (verify === true && key !== undefined) {
    const proofs = createProofCheck(await readKey(key), key);
    await printVerdict(file, 'their chain holds, and so do all proofs', undefined, stdout, (entry) => proofs.check(entry));
    stdout.write(`${proofs.holding} proofs of receivers\n`);
  } else if (verify === true) await printVerdict(file, 'their chain holds; with --key proofs are checked, too', undefined, stdout);
  else if (json === true) await printLines(file, stdout);
  else
    stdout.write(
      formatTable(['NO', 'TIME', 'EVENT', 'IMAGE', 'CROSSED', 'SECONDS'], (await Array.fromAsync(readJournal(file))).map(summaryOf)),
    );
}

/**
 * Enters a shipment, while the pool is open. That it cannot be written down must not make a ship fail that succeeded: it is said.
 * @param store directory of the pool.
 */
export async function recordShipment(store: string, result: ShipResult, to: string, now: () => number, stderr: Printer): Promise<void> {
  try {
    await using journal = await openJournal(shipmentsFile(store), now);
    for (const entry of shipmentEntries(result, to)) await journal.append(entry);
  } catch (error) {
    stderr.write(`${shipmentsFile(store)} lacks an entry: ${TransferError.from(error).message}\n`);
  }
}

async function readKey(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `${file} cannot be read: ${systemCode(error) ?? ''}`, {
      hint: 'want what `lightermand receipts --public-key` prints at the receiver',
    });
  }
}
