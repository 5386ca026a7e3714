import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { senderChecks, type DoctorFlags } from '../../../sender/cli/doctor.ts';
import { systemClock } from '../../../shared/clock.ts';
import { certificateFinding, checkDisk, defineDoctor, examine, nearest, type Check } from '../../../shared/commands/doctor.ts';
import { TransferError } from '../../../shared/errors.ts';
import { temporaryDirectory } from '../../support/agents.ts';
import { exampleProgram } from './program.ts';

const signal = new AbortController().signal;
const NOW = Date.parse('2026-01-01T00:00:00Z');

async function run(checks: readonly Check[], json = false): Promise<{ readonly lines: string[]; readonly error: unknown }> {
  const lines: string[] = [];
  const stdout = { write: (text: string) => lines.push(text) };
  const error: unknown = await examine(checks, json, stdout, signal).catch((thrown: unknown) => thrown);
  return { lines, error };
}

function failing(name: string, code: 'PEER_LOST' | 'USAGE' | 'PERMISSION'): Check {
  return {
    name,
    look: () => {
      throw new TransferError(code, `${name} is\nwrong`, { hint: `mend ${name}` });
    },
  };
}

const good: Check = { name: 'good', look: () => ({ state: 'ok', text: 'fine' }) };
const doubtful: Check = { name: 'so', look: async () => ({ state: 'warn', text: 'nearly', hint: 'look' }) };

describe('an examination', () => {
  it('has a line for each check, with what to do', async () => {
    expect(await run([good, doubtful, failing('b', 'USAGE')])).toMatchObject({
      lines: ['ok    good  fine\n', 'warn  so    nearly (look)\n', 'fail  b     b is wrong (mend b)\n'],
    });
    const { lines } = await run([failing('b', 'USAGE')], true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { check: 'b', state: 'fail', text: 'b is wrong', hint: 'mend b', code: 'USAGE' },
    ]);
  });

  it('ends well where nothing failed, and as the worst failure otherwise', async () => {
    expect((await run([good, doubtful])).error).toBeUndefined();
    expect((await run([failing('a', 'PEER_LOST'), good, failing('b', 'PERMISSION'), failing('c', 'USAGE')])).error).toMatchObject({
      code: 'PERMISSION',
      message: expect.stringMatching(/^3 of 4 checks failed; b is/) as string,
      hint: 'mend b',
    });
    expect((await run([failing('a', 'PEER_LOST')])).error).toMatchObject({ code: 'PEER_LOST' });
  });
});

describe('what is looked at', () => {
  it('takes the options of the other command, and demands none', () => {
    const program = exampleProgram();
    const doctor = defineDoctor(program, 'ship', ['to', 'store', 'effort']);
    expect(doctor.options.map(({ long, mandatory }) => [long, mandatory])).toEqual([
      ['--to', false],
      ['--store', false],
      ['--effort', false],
      ['--json', false],
    ]);
    expect(doctor.getOptionValue('store')).toBe('/home/user/pool');
  });

  it.each([
    ['2026-03-01', 'ok', undefined],
    ['2026-01-10', 'warn', '9 days are left: renew it'],
  ])('a certificate until %s', (date, state, hint) => {
    expect(certificateFinding('it', new Date(date), NOW)).toMatchObject({ state, ...(hint === undefined ? {} : { hint }) });
  });

  it('a certificate that has ended is a failure', () => {
    expect(() => certificateFinding('it', new Date('2025-12-31'), NOW)).toThrow('it, valid until 2025-12-31');
  });

  it('the disk is that of the nearest directory there is', async () => {
    await using directory = await temporaryDirectory();
    expect(nearest(join(directory.path, 'a/b'))).toBe(directory.path);
    expect(checkDisk(join(directory.path, 'a/b')).look()).toMatchObject({
      text: expect.stringContaining(`free at ${directory.path}`) as string,
    });
  });
});

/** Answers as a receiver does to a plain request, with a clock of its own. */
async function withReceiver<T>(date: Date | undefined, work: (to: string) => Promise<T>): Promise<T> {
  const server: Server = createServer((_request, response) => {
    response.sendDate = false;
    if (date !== undefined) response.setHeader('date', date.toUTCString());
    response.writeHead(426, { connection: 'close' }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

const openEngine = (): Promise<never> => Promise.reject(new TransferError('ENGINE_UNREACHABLE', 'none'));

function look(flags: Partial<DoctorFlags>, name: string) {
  const environment = { DOCKER_HOST: undefined, XDG_RUNTIME_DIR: undefined, HOME: undefined, token: undefined, pool: '/none' };
  const checks = senderChecks({ store: '/none', ...flags }, { environment, clock: { ...systemClock, now: () => NOW }, openEngine, signal });
  return {
    identity: checks.find((check) => check.name === 'identity')?.look(),
    found: checks.find((check) => check.name === name)?.look(),
  };
}

describe('the clock of the receiver', () => {
  it.each([
    [0, 'ok', 'as the receiver’s'],
    [30_000, 'ok', 'the receiver’s is 31 s ahead'],
    [-3_600_000, 'warn', 'the receiver’s is 3600 s behind'],
  ])('%i ms off', async (offMs, state, text) => {
    await withReceiver(new Date(NOW + offMs), async (to) => {
      expect(await look({ to }, 'clock').found).toMatchObject({ state, text });
    });
  });

  it('is left out where it is not told', async () => {
    await withReceiver(undefined, async (to) => expect(await look({ to }, 'clock').found).toMatchObject({ state: 'skip' }));
    expect(await look({}, 'clock').found).toMatchObject({ state: 'skip', text: 'no --to' });
  });
});
