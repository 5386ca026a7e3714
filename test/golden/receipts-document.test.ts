/** The worked example of shared/RECEIPTS.md, made again and checked by the code. */
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openHistory } from '../../receiver/history.ts';
import { verifyJournal } from '../../shared/journal/journal.ts';
import { createVerifier } from '../../shared/journal/key.ts';
import { EXAMPLE_RECORD, EXAMPLE_TIME } from '../support/example-delivery.ts';
import { temporaryDirectory } from '../support/store-directory.ts';

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

async function makeExample(directory: string): Promise<{ lines: string; publicKey: string }> {
  await writeFile(join(directory, 'receipt-key.pem'), examplePrivateKey());
  await using history = await openHistory(directory, () => EXAMPLE_TIME);
  const from = { peer: '10.0.0.5:40112', agent: 'lighterman 0.1.0', who: 'token dc1' };
  const [image] = EXAMPLE_RECORD.images;
  await history.record('delivered', {
    from,
    record: EXAMPLE_RECORD,
    images: [{ refs: ['shop:2'], configDigest: image!.configDigest, imageId: image!.configDigest, pushed: [] }],
    gzipBytes: 4_200_000,
    wire: { sentBytes: 621, receivedBytes: 11_805 },
    seconds: 3.8,
  });
  await history.record('failed', {
    from,
    names: [['shop:3']],
    wire: { sentBytes: 402, receivedBytes: 9120 },
    seconds: 1.25,
    error: { code: 'INTEGRITY', message: 'the source itself is damaged' },
  });
  return { lines: await readFile(history.file, 'utf8'), publicKey: history.publicKey };
}

describe('RECEIPTS.md', () => {
  it('shows the entries that the code writes', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const { lines, publicKey } = await makeExample(directory.path);
    expect({ lines: example('jsonl'), publicKey: example('pem') }).toEqual({ lines, publicKey });
  });

  it('shows entries that hold, by their chain and the public key beside them', async () => {
    await using directory = await temporaryDirectory({ inMemory: true });
    const file = join(directory.path, 'journal.jsonl');
    await writeFile(file, example('jsonl'));
    expect(await verifyJournal(file, createVerifier(example('pem'), 'the example'))).toEqual([]);
  });
});
