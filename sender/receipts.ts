/** What this sender shipped: a journal beside the pool (RECEIPTS.md), with the receivers' word for what they delivered. */
import { join } from 'node:path';
import { z } from 'zod';
import type { JournalBody, JournalEntry } from '../shared/journal/journal.ts';
import { createVerifier } from '../shared/journal/key.ts';
import { statementBytes } from '../shared/journal/statement.ts';
import type { ShipResult } from './ship-image.ts';

/** @param pool directory of the pool. */
export function shipmentsFile(pool: string): string {
  return join(pool, 'journal.jsonl');
}

/** An entry for each source of a shipment, in order. @param to address of the receiver. */
export function shipmentEntries(
  { transfer, isStaged, receipts, wire, seconds }: Pick<ShipResult, 'transfer' | 'isStaged' | 'receipts' | 'wire' | 'seconds'>,
  to: string,
): JournalBody[] {
  return receipts.map(({ images, subject, proof, archiveBytes, newBytes, notes }) => ({
    event: isStaged ? 'staged' : proof === undefined ? 'unchanged' : 'delivered',
    transfer,
    to,
    subject,
    images: images.map(({ refs, configDigest, imageId, pushed }) => ({ names: refs, configDigest, imageId, pushed })),
    archiveBytes,
    newBytes,
    wire: { sentBytes: wire.sentBytes, receivedBytes: wire.receivedBytes },
    seconds: Math.round(seconds.total * 1000) / 1000,
    ...(notes.length > 0 && { notes }),
    ...(proof !== undefined && {
      proof: { time: new Date(proof.time * 1000).toISOString(), signature: Buffer.from(proof.signature).toString('base64') },
    }),
  }));
}

const Proven = z.looseObject({
  transfer: z.string(),
  subject: z.string(),
  images: z.array(z.object({ names: z.array(z.string()), configDigest: z.string(), imageId: z.string(), pushed: z.array(z.string()) })),
  proof: z.object({ time: z.iso.datetime(), signature: z.string() }),
});

export interface ProofCheck {
  /** What is wrong with the proof of an entry; nothing where it holds, or where the entry needs none. */
  check(entry: JournalEntry): string[];
  /** Proofs that hold, so far. */
  readonly holding: number;
}

/**
 * Holds proofs against the public keys of receivers.
 * @param pem one or several, one after the other. @throws TransferError USAGE where they are none.
 */
export function createProofCheck(pem: string, where: string): ProofCheck {
  const blocks = pem.match(/-----BEGIN PUBLIC KEY-----[^]*?-----END PUBLIC KEY-----/g) ?? [pem];
  const verifiers = blocks.map((block) => createVerifier(block, where));
  let holding = 0;
  return {
    check(entry) {
      if (entry.event !== 'delivered') return [];
      const parsed = Proven.safeParse(entry);
      if (!parsed.success) return ['has no proof'];
      const { transfer, subject, images, proof } = parsed.data;
      const statement = statementBytes({ transfer, time: Date.parse(proof.time) / 1000, subject, images });
      if (!verifiers.some((verify) => verify(statement, proof.signature))) return ['has a proof that none of the keys has made'];
      holding++;
      return [];
    },
    get holding() {
      return holding;
    },
  };
}
