/** What shipments are measured with: the processes of both sides and of the link, started once and used for one shipment after the other. */
import { startShaperProcess, type ShaperProcess } from '../links/shaper-process.ts';
import { startSide, type Side } from './side.ts';

/** Both sides of one workplace, with nothing running on them at first. Disposing gives them back. */
export interface Sides extends AsyncDisposable {
  readonly sender: Side;
  readonly receiver: Side;
  /** To be set where something may still be under way on them: they end, and nobody else gets them. */
  isSpoilt: boolean;
}

/** The caller disposes it when all workplaces are disposed of. */
export interface Instruments extends AsyncDisposable {
  readonly shaper: ShaperProcess;
  takeSides(): Promise<Sides>;
}

export async function startInstruments(): Promise<Instruments> {
  const shaper = await startShaperProcess();
  const idle: Pair[] = [];
  return {
    shaper,
    async takeSides() {
      const pair = idle.pop() ?? (await startPair());
      const sides: Sides = {
        ...pair,
        isSpoilt: false,
        async [Symbol.asyncDispose]() {
          if (sides.isSpoilt) return endPair(pair);
          await Promise.all([pair.sender.clear(), pair.receiver.clear()]);
          idle.push(pair);
        },
      };
      return sides;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...idle.splice(0).map(endPair), shaper[Symbol.asyncDispose]()]);
    },
  };
}

type Pair = Pick<Sides, 'sender' | 'receiver'>;

async function startPair(): Promise<Pair> {
  const [sender, receiver] = await Promise.all([startSide(), startSide()]);
  return { sender, receiver };
}

async function endPair({ sender, receiver }: Pair): Promise<void> {
  await Promise.all([sender[Symbol.asyncDispose](), receiver[Symbol.asyncDispose]()]);
}
