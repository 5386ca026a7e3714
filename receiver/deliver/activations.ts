/**
 * Names that come to mean another image at once: one that was staged, or the one before. Several names are a unit: nothing is named or
 * pushed before all that takes long has succeeded for each of them, and where a later step fails, the names that moved go back.
 */
import { TransferError } from '../../shared/errors.ts';
import { normaliseReference } from '../../shared/image/reference.ts';
import type { Catalog, HistoryEntry, ImageRecord } from '../catalog/catalog.ts';
import type { Deliver, DeliveredImage, DeliverOptions } from './port.ts';
import { meaningsOf, stagedUnder, withMeanings, type Meant } from '../catalog/meanings.ts';

export type Action = 'activate' | 'roll-back';

export interface ActivationContext {
  readonly catalog: Catalog;
  readonly deliver: Deliver;
  /** Makes what was saved durable. */
  readonly flush: () => Promise<void>;
  readonly now: () => number;
}

export interface Activated {
  readonly images: readonly DeliveredImage[];
  readonly notes: readonly string[];
  /** False where every name meant its image already. */
  readonly isNew: boolean;
}

/** One record, and the names that images of it are to get. */
interface Step {
  readonly record: ImageRecord;
  readonly names: (string[] | undefined)[];
}

/**
 * @param by who asks, for the history.
 * @throws TransferError IMAGE_NOT_FOUND where a name has nothing staged, or nothing before what it means; and what delivering throws.
 */
export async function activate(
  names: readonly string[],
  action: Action,
  by: string,
  context: ActivationContext,
  options: Omit<DeliverOptions, 'names' | 'isRehearsal'>,
): Promise<Activated> {
  const { catalog, deliver, now } = context;
  const wanted = names.map((name) => ({
    name: normaliseReference(name),
    meant: chosen(catalog.records(), normaliseReference(name), action),
  }));
  const before = wanted.map(({ name }) => ({ name, meant: meaningsOf(catalog.records(), name).current }));
  const steps = stepsOf(wanted);
  const rehearsed: Step[] = [];
  for (const step of steps)
    rehearsed.push({ ...step, record: (await deliver(step.record, { ...options, names: step.names, isRehearsal: true })).record });
  const images: DeliveredImage[] = [];
  const notes: string[] = [];
  const done: Step[] = [];
  const how: HistoryEntry['how'] = action === 'activate' ? 'activated' : 'rolled-back';
  try {
    for (const step of rehearsed) {
      done.push(step);
      const delivery = await deliver(step.record, { ...options, names: step.names });
      images.push(...delivery.images);
      notes.push(...delivery.notes);
      await catalog.save(withMeanings(delivery.record, step.names, { at: now(), how, by }));
    }
  } catch (error) {
    await goBack(done, before, context, options);
    throw error;
  }
  await context.flush();
  return { images, notes, isNew: wanted.some(({ meant }, i) => !isSame(meant, before[i]?.meant)) };
}

/** Gives the names of these steps back to what they meant. What fails here matters less than what failed before. */
async function goBack(
  done: readonly Step[],
  before: readonly { readonly name: string; readonly meant: Meant | undefined }[],
  context: ActivationContext,
  options: Omit<DeliverOptions, 'names'>,
): Promise<void> {
  const moved = new Set(done.flatMap(({ names }) => names.flatMap((ofImage) => ofImage ?? [])));
  const old = before.flatMap(({ name, meant }) => (meant !== undefined && moved.has(name) ? [{ name, meant }] : []));
  const entry = { at: context.now(), how: 'rolled-back', by: 'the receiver, as another name could not be moved' } as const;
  for (const { record, names } of stepsOf(old)) {
    try {
      const delivery = await context.deliver(record, { ...options, names });
      await context.catalog.save(withMeanings(delivery.record, names, entry));
    } catch {
      // The name stays where it is; the failure that led here says that something is wrong.
    }
  }
}

function chosen(records: readonly ImageRecord[], name: string, action: Action): Meant {
  if (action === 'roll-back') {
    const { before } = meaningsOf(records, name);
    if (before === undefined)
      throw new TransferError('IMAGE_NOT_FOUND', `${name} meant nothing before what it means now`, { hint: 'see `lighterman history`' });
    return before;
  }
  const found = stagedUnder(records, name) ?? meaningsOf(records, name).current;
  if (found === undefined)
    throw new TransferError('IMAGE_NOT_FOUND', `nothing was staged as ${name}`, { hint: 'ship it with --stage first' });
  return found;
}

/** By records: images of one archive are delivered together. */
function stepsOf(wanted: readonly { readonly name: string; readonly meant: Meant }[]): Step[] {
  const steps = new Map<string, Step>();
  for (const { name, meant } of wanted) {
    const { record, index } = meant;
    const step = steps.get(record.archive) ?? { record, names: record.images.map(() => undefined) };
    steps.set(record.archive, step);
    step.names[index] = [...(step.names[index] ?? []), name];
  }
  return [...steps.values()];
}

function isSame(a: Meant, b: Meant | undefined): boolean {
  return a.record.archive === b?.record.archive && a.index === b.index;
}
