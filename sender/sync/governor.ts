/**
 * Says when the next bytes may go to a destination: at its rate, in its windows, within its budget. A segment is the unit: what ends in the
 * middle of one lets it pass, and stops before the next. What crossed by then is durable over there, and the next run goes on from it.
 */
import type { Channel } from '../../shared/channel/port.ts';
import type { Clock } from '../../shared/clock.ts';
import { TransferError } from '../../shared/errors.ts';
import { formatBytes } from '../../shared/terminal/units.ts';
import { frameName } from '../../shared/wire/frames.ts';
import { localTime } from './calendar.ts';
import type { DestinationConfig } from './config.ts';
import type { StateFile } from './state.ts';
import { openWindow, windowText } from './window.ts';

export interface Governor {
  /** @throws TransferError PAUSED where nothing may cross now. */
  admit: () => void;
  /** Whether anything may cross at a time to come, as far as that is known now. Milliseconds since the epoch. */
  admitsAt: (time: number) => boolean;
  /** The channel, at the destination's rate; before each segment it is asked whether that may cross. */
  govern(channel: Channel): Channel;
  /** Bytes per second that the destination may get now; undefined for no bound. */
  bytesPerSecond: () => number | undefined;
}

/** What crosses is written down each time it has become so many bytes more. */
const SAVE_BYTES = 4_000_000;
/** A pause shorter than this is saved up. */
const SLEEP_MS_MIN = 5;

export function createGovernor(destination: DestinationConfig, timeZone: string, file: StateFile, clock: Clock): Governor {
  const { name, windows, budget } = destination;
  let unsaved = 0;
  const periodAt = (time: number): string => {
    const { date } = localTime(time, timeZone);
    return budget?.per === 'month' ? date.slice(0, 'YYYY-MM'.length) : date;
  };
  const spent = (): { period: string; bytes: number } => {
    const now = periodAt(clock.now());
    const entry = file.state.spent[name];
    if (entry?.period === now) return entry;
    return (file.state.spent[name] = { period: now, bytes: 0 });
  };
  const spend = (bytes: number): void => {
    if (budget === undefined) return;
    spent().bytes += bytes;
    unsaved += bytes;
    if (unsaved < SAVE_BYTES) return;
    unsaved = 0;
    // A budget that cannot be written down must not end a shipment: it is counted on in memory.
    file.save().catch(() => {});
  };
  const windowAt = (time: number) => (windows === undefined ? undefined : openWindow(windows, time, timeZone));
  const window = () => windowAt(clock.now());
  const bytesPerSecond = (): number | undefined => {
    const bits = window()?.rate ?? destination.rate;
    return bits === undefined ? undefined : bits / 8;
  };
  const admit = (): void => {
    if (windows !== undefined && window() === undefined)
      throw new TransferError('PAUSED', `${name}: no transfer window is open (${windows.map(windowText).join(', ')})`);
    if (budget !== undefined && spent().bytes >= budget.bytes)
      throw new TransferError('PAUSED', `${name}: the budget of ${formatBytes(budget.bytes)} a ${budget.per} is used up`);
  };
  const admitsAt = (time: number): boolean => {
    if (windows !== undefined && windowAt(time) === undefined) return false;
    return budget === undefined || spent().bytes < budget.bytes || periodAt(time) !== periodAt(clock.now());
  };
  return { admit, admitsAt, bytesPerSecond, govern: (channel) => governed(channel, { admit, bytesPerSecond, spend }, clock) };
}

interface Bounds extends Pick<Governor, 'admit' | 'bytesPerSecond'> {
  spend: (bytes: number) => void;
}

function governed(channel: Channel, { admit, bytesPerSecond, spend }: Bounds, clock: Clock): Channel {
  let counted = 0;
  let freeAt = clock.monotonic();
  const count = (): number => {
    const { sentBytes, receivedBytes } = channel.counters;
    const more = sentBytes + receivedBytes - counted;
    counted += more;
    if (more > 0) spend(more);
    return more;
  };
  const pace = async (bytes: number): Promise<void> => {
    const rate = bytesPerSecond();
    const now = clock.monotonic();
    if (rate === undefined) return;
    // Time that was not used is not made up for.
    freeAt = Math.max(freeAt, now) + (1000 * bytes) / rate;
    if (freeAt - now >= SLEEP_MS_MIN) await clock.sleep(freeAt - now);
  };
  return {
    name: channel.name,
    async send(frame) {
      count();
      if (frameName(frame) === 'segment') admit();
      await channel.send(frame);
      await pace(frame.byteLength);
    },
    frames: channel.frames,
    get counters() {
      return channel.counters;
    },
    async close() {
      await channel.close();
      count();
    },
    abort() {
      channel.abort();
      count();
    },
  };
}
