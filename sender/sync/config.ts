/**
 * `sync.yaml`: which images are kept in step with which receivers, and when. The documented form is SYNC.md; here it is checked, and
 * what is wrong is told with its line and column.
 */
import { z } from 'zod';
import { EFFORTS } from '../../shared/delta/content.ts';
import { TransferError } from '../../shared/errors.ts';
import { tryParseReference } from '../../shared/image/reference.ts';
import { parseDuration, parseRate, parseSize } from '../../shared/terminal/quantities.ts';
import { isRange } from './selection.ts';
import { cronProblem } from './service.ts';
import { readYaml } from '../../shared/yaml.ts';
import { parseTimeOfDay } from './time-of-day.ts';

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof DAYS)[number];

/** Text that a parser understands, and what it makes of it. */
function parsed(parse: (text: string) => number) {
  return z.union([z.string(), z.number()]).transform((value, context): number => {
    try {
      return parse(String(value));
    } catch (error) {
      const { message, hint } = TransferError.from(error);
      context.addIssue({ code: 'custom', message: hint === undefined ? message : `${message}: ${hint}` });
      return z.NEVER;
    }
  });
}

const Rate = parsed(parseRate);
const Amount = parsed(parseSize).refine((bytes) => bytes > 0, 'want more than nothing');
const Duration = parsed(parseDuration);
const TimeOfDay = parsed(parseTimeOfDay);
const Repository = z
  .string()
  .refine((text) => !text.includes('@') && tryParseReference(`${text}:x`) !== undefined, 'want [registry/]repository, without a tag');
const Name = z.string().refine((text) => !text.includes('@') && tryParseReference(text) !== undefined, 'want [registry/]repository[:tag]');
/** Where `*` may stand, `tryParseReference` cannot look. */
const Pattern = z.string().min(1);
const Texts = z.union([z.string(), z.array(z.string()).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value));

const EngineImages = z.strictObject({
  repository: Repository,
  tags: Texts.optional(),
  semver: z.string().refine(isRange, 'want a range of versions, as ">=1.2 <3", or 1.x').optional(),
  newest: z.int().min(1).optional(),
  name: Repository.optional(),
  to: Texts.optional(),
});
const ArchiveImages = z.strictObject({ archives: Pattern, name: Name.optional(), to: Texts.optional() });

const Window = z.strictObject({ from: TimeOfDay, until: TimeOfDay, days: z.array(z.enum(DAYS)).min(1).optional(), rate: Rate.optional() });
const Destination = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'want a short name in lower case, as dc2'),
  to: z.string().regex(/^wss?:\/\/./, 'want ws://HOST:PORT or wss://HOST:PORT'),
  'token-file': z.string().optional(),
  ca: z.string().optional(),
  insecure: z.boolean().optional(),
  effort: z.enum(EFFORTS).default('auto'),
  rate: Rate.optional(),
  windows: z.array(Window).min(1).optional(),
  budget: z.strictObject({ bytes: Amount, per: z.enum(['day', 'month']) }).optional(),
  keep: z.strictObject({ last: z.int().min(1).optional(), within: Duration.optional(), tags: Texts.optional() }).optional(),
  retries: z.int().min(0).max(100).default(3),
});
const Cron = z.string().superRefine((text, context) => {
  const message = cronProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});
const Schedule = z.strictObject({ cron: Cron, 'random-delay': Duration.optional() });

const SyncFile = z
  .strictObject({
    engine: z.string().optional(),
    'time-zone': z
      .string()
      .refine(isTimeZone, 'want a time zone of the IANA database, as Europe/Berlin')
      .default(() => Intl.DateTimeFormat().resolvedOptions().timeZone),
    images: z.array(z.union([EngineImages, ArchiveImages])).min(1),
    destinations: z.array(Destination).min(1),
    schedule: Schedule.optional(),
  })
  .superRefine((file, context) => {
    const names = file.destinations.map((destination) => destination.name);
    for (const [i, name] of names.entries())
      if (names.indexOf(name) < i)
        context.addIssue({ code: 'custom', path: ['destinations', i, 'name'], message: `two destinations are called ${name}` });
    for (const [i, image] of file.images.entries())
      for (const name of image.to ?? [])
        if (!names.includes(name))
          context.addIssue({
            code: 'custom',
            path: ['images', i, 'to'],
            message: `there is no destination ${name}: want one of ${names.join(', ')}`,
          });
  });

export type SyncConfig = z.output<typeof SyncFile>;
export type EngineSelection = z.output<typeof EngineImages>;
export type ArchiveSelection = z.output<typeof ArchiveImages>;
export type DestinationConfig = z.output<typeof Destination>;
export type TransferWindow = z.output<typeof Window>;

/**
 * @param where the name of the file, for errors.
 * @throws TransferError USAGE with line and column.
 */
export function parseSyncConfig(text: string, where: string): SyncConfig {
  return readYaml(text, where, SyncFile, 'see sender/sync/SYNC.md');
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}
