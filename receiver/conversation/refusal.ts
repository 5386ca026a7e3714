import type { Channel } from '../../shared/channel/port.ts';
import { TransferError } from '../../shared/errors.ts';
import { encodeMessage } from '../../shared/wire/messages.ts';

export interface RefusalLog {
  readonly log: { warn(fields: object, message: string): void };
}

/** Content that cannot be decoded or stored ends the conversation; told once. */
export function createRefusal(channel: Channel, peer: string, { log }: RefusalLog): (error: unknown) => void {
  let refused = false;
  return (error) => {
    if (refused) return;
    const failure = TransferError.from(error);
    // That is dealt with where frames are taken.
    if (failure.code === 'PEER_LOST') return;
    refused = true;
    log.warn({ peer, code: failure.code }, failure.message);
    void channel
      .send(encodeMessage('error', [failure.code, failure.message, failure.hint]))
      .catch(() => {})
      .then(() => channel.close());
  };
}
