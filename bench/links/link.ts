/** The links that every technique is measured on. */
import { TransferError } from '../../shared/errors.ts';

/** One link, alike in both directions. */
export interface Link {
  readonly name: string;
  /** For people: `10 Mbit/s, 40 ms`. */
  readonly title: string;
  /** Payload of TCP, each direction on its own; undefined is as fast as the machine. */
  readonly bitsPerSecond: number | undefined;
  /** From one end to the other; a round trip takes twice that. */
  readonly oneWayMs: number;
}

/** The delay in a title is the round trip, as `ping` says it. */
export const LINKS: readonly Link[] = [
  { name: 'none', title: 'unlimited', bitsPerSecond: undefined, oneWayMs: 0 },
  { name: '100mbit', title: '100 Mbit/s, 20 ms', bitsPerSecond: 100e6, oneWayMs: 10 },
  { name: '10mbit', title: '10 Mbit/s, 40 ms', bitsPerSecond: 10e6, oneWayMs: 20 },
  { name: '1mbit', title: '1 Mbit/s, 300 ms', bitsPerSecond: 1e6, oneWayMs: 150 },
];

export const UNLIMITED: Link = LINKS[0] as Link;

/** The link of that name. @throws TransferError USAGE where there is none. */
export function linkNamed(name: string): Link {
  const found = LINKS.find((link) => link.name === name);
  if (found === undefined) throw new TransferError('USAGE', `no link is called ${name}: ${LINKS.map((link) => link.name).join(', ')}`);
  return found;
}
