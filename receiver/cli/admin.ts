/**
 * The commands that look at a store or change it, as they run where the store is open: in the command's own process, or in `serve`, which
 * is asked through its control socket. What they print goes through a terminal of theirs, which may be at the other end.
 */
import { z } from 'zod';
import { TransferError } from '../../shared/errors.ts';
import { COLLECT_FLAGS, type AdminCommand, type AdminContext, type AdminTerminal } from './admin-port.ts';
import { checkStore, listImages, repairDamage, showStats } from './inspect.ts';
import { collectGarbage, forgetImage, pinImage } from './keep.ts';
import { restoreImage } from './restore.ts';

const text = z.string().max(4096);
const json = z.boolean().optional();

/** Each with what it takes, checked again in the process that runs it. */
const COMMANDS = {
  images: define(z.object({ json }), listImages),
  stats: define(z.object({ json }), showStats),
  check: define(z.object({ readAll: z.boolean().optional(), json }), checkStore),
  repair: define(z.object({ json }), repairDamage),
  gc: define(COLLECT_FLAGS, collectGarbage),
  forget: define(z.object({ name: text, purge: z.boolean(), json }), forgetImage),
  pin: define(z.object({ name: text, pinned: z.boolean() }), pinImage),
  restore: define(
    z.object({ name: text, deliver: text.optional(), engine: text.optional(), push: text.optional(), quiet: z.boolean(), json }),
    restoreImage,
  ),
};

export type AdminCommandName = keyof typeof COMMANDS;
export type AdminFlags<N extends AdminCommandName> = Parameters<(typeof COMMANDS)[N]['run']>[1];

/** @throws TransferError USAGE for a command or flags that this version does not know, and what the command throws. */
export async function runAdminCommand(
  name: string,
  flags: unknown,
  context: AdminContext,
  terminal: AdminTerminal,
  signal: AbortSignal,
): Promise<void> {
  if (!Object.hasOwn(COMMANDS, name)) throw new TransferError('USAGE', `there is no command ${name}`, { hint: 'are both of one version?' });
  await COMMANDS[name as AdminCommandName].start(context, flags, terminal, signal);
}

function define<F>(schema: z.ZodType<F>, run: AdminCommand<F>) {
  return {
    run,
    async start(context: AdminContext, flags: unknown, terminal: AdminTerminal, signal: AbortSignal): Promise<void> {
      const parsed = schema.safeParse(flags);
      if (!parsed.success) throw new TransferError('USAGE', 'flags that this version does not know', { hint: 'are both of one version?' });
      await run(context, parsed.data, terminal, signal);
    },
  };
}
