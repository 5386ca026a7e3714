/** How many connections there are, and whether one more is taken: checked before anything is read from it. */
import { CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, CONNECTIONS_WAITING_MAX } from '../../shared/limits.ts';

export interface ConnectionLimits {
  /** Connections that are no conversation yet. */
  readonly waiting: number;
  readonly all: number;
  /** All from one address. */
  readonly perAddress: number;
}

const LIMITS: ConnectionLimits = { waiting: CONNECTIONS_WAITING_MAX, all: CONNECTIONS_MAX, perAddress: CONNECTIONS_PER_ADDRESS_MAX };

export interface Place {
  /** It has become a conversation. */
  settle(): void;
  /** It has ended; idempotent. */
  leave(): void;
}

export interface ConnectionCounter {
  /** @returns why the connection is refused, where it is. */
  enter(address: string): Place | string;
}

export function createConnectionCounter(limits: ConnectionLimits = LIMITS): ConnectionCounter {
  const byAddress = new Map<string, number>();
  let all = 0;
  let waiting = 0;
  return {
    enter(address) {
      const fromHere = byAddress.get(address) ?? 0;
      if (all >= limits.all) return `there are ${all} connections`;
      if (fromHere >= limits.perAddress) return `there are ${fromHere} connections from this address`;
      if (waiting >= limits.waiting) return `${waiting} connections are no conversation yet`;
      all++;
      waiting++;
      byAddress.set(address, fromHere + 1);
      let isWaiting = true;
      let isHere = true;
      const settle = (): void => {
        if (isWaiting) waiting--;
        isWaiting = false;
      };
      return {
        settle,
        leave() {
          settle();
          if (!isHere) return;
          isHere = false;
          all--;
          const left = (byAddress.get(address) ?? 1) - 1;
          if (left === 0) byAddress.delete(address);
          else byAddress.set(address, left);
        },
      };
    },
  };
}
