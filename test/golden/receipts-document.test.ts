/** The worked example of shared/RECEIPTS.md, made again and checked by the code. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHistory } from '../../receiver/witness/history.ts';
import { createProofCheck, shipmentEntries } from '../../sender/receipts.ts';
import { openJournal, readJournal, verifyJournal } from '../../shared/journal/journal.ts';
import { createVerifier } from '../../shared/journal/key.ts';
import { statementBytes } from '../../shared/journal/statement.ts';
import { EXAMPLE_RECORD, EXAMPLE_TIME } from '../support/example-delivery.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

const TRANSFER = '00112233aabbccdd';
const document = readFileSync(new URL('../../shared/RECEIPTS.md', import.meta.url), 'utf8');

function example(language: string): string {
  return new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(document)?.[1] ?? '';
}

/** PKCS #8 (RFC 8410) of the secret key 00 01 ... 1f. */
function examplePrivateKey(): string {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const der = Buffer.concat([prefix, Buffer.from(Array.from({ length: 32 }, (_, i) => i))]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' }) as string;
}

async function makeExample(directory: string): Promise<Readonly<Record<'lines' | 'publicKey' | 'statement' | 'sender', string>>> {
  await writeFile(join(directory, 'receipt-key.pem'), examplePrivateKey());
  await using history = await openHistory(directory, () => EXAMPLE_TIME);
  const from = { peer: '10.0.0.5:40112', agent: 'lighterman 0.1.0', who: 'token dc1' };
  const [image] = EXAMPLE_RECORD.images;
  const images = [{ refs: ['shop:2'], configDigest: image!.configDigest, imageId: image!.configDigest, pushed: [] }];
  const subject = `archive ${EXAMPLE_RECORD.archive}`;
  const time = EXAMPLE_TIME / 1000;
  const stated = images.map(({ refs, ...rest }) => ({ names: refs, ...rest }));
  const statement = statementBytes({ transfer: TRANSFER, time, subject, images: stated });
  const signature = history.sign(statement);
  await history.record('delivered', {
    transfer: TRANSFER,
    from,
    record: EXAMPLE_RECORD,
    images,
    proof: { subject, time, signature },
    gzipBytes: 4_200_000,
    wire: { sentBytes: 621, receivedBytes: 11_805 },
    seconds: 3.8,
  });
  await history.record('failed', {
    transfer: 'ffeeddccbbaa9988',
    from,
    names: [['shop:3']],
    wire: { sentBytes: 402, receivedBytes: 9120 },
    seconds: 1.25,
    error: { code: 'INTEGRITY', message: 'the source itself is damaged' },
  });
  const sender = join(directory, 'sender.jsonl');
  await using journal = await openJournal(sender, () => EXAMPLE_TIME + 250);
  const receipt = { images, notes: [], subject, proof: { time, signature: Buffer.from(signature, 'base64') }, archiveBytes: 10_737_664 };
  const wire = { sentBytes: 11_805, receivedBytes: 621 };
  const seconds = { read: 0, send: 0, deliver: 0, total: 3.8 };
  for (const entry of shipmentEntries(
    { transfer: TRANSFER, isStaged: false, receipts: [{ ...receipt, newBytes: 25_102 }], wire, seconds },
    'wss://far-host:7700',
  ))
    await journal.append(entry);
  return {
    lines: await readFile(history.file, 'utf8'),
    publicKey: history.publicKey,
    statement: `${Buffer.from(statement).toString()}\n`,
    sender: await readFile(sender, 'utf8'),
  };
}

describe('RECEIPTS.md', () => {
  it('shows the entries that the code writes', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const { lines, publicKey, statement, sender } = await makeExample(directory.path);
    expect({ lines: example('jsonl'), publicKey: example('pem') }).toEqual({ lines, publicKey });
    expect({ statement: example('statement'), sender: example('jsonl sender') }).toEqual({ statement, sender });
  });

  it('shows entries that hold, by their chain and the public key beside them', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = join(directory.path, 'journal.jsonl');
    await writeFile(file, example('jsonl'));
    expect(await verifyJournal(file, createVerifier(example('pem'), 'the example'))).toEqual([]);
    await writeFile(file, example('jsonl sender'));
    expect(await verifyJournal(file)).toEqual([]);
    const proofs = createProofCheck(example('pem'), 'the example');
    const [entry] = await Array.fromAsync(readJournal(file));
    expect(proofs.check(entry!)).toEqual([]);
    expect(proofs.holding).toBe(1);
  });
});
