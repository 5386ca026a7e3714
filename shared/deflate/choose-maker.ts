/** Which encoder made a member: all are tried on its first bytes, the one that needs the fewest corrections is taken. */
import { configureKernel, type Kernel } from './kernel.ts';
import { MAKERS, NO_MAKER, SEGMENT_POWERS, type Maker } from './makers.ts';

export interface Choice {
  readonly maker: Maker;
  readonly segmentPower: number;
}

export const SAMPLE_BYTES = 384 * 1024;
/** Plain bytes that are looked at, and how many makers go on to the next round. */
const ROUNDS = [
  { plainMax: 6 * 1024, winners: 24 },
  { plainMax: 48 * 1024, winners: 6 },
  { plainMax: SAMPLE_BYTES, winners: 1 },
] as const;
/** Corrections of one sample; beyond, a maker is out. */
const COST_MAX = 96 * 1024;
/** So few corrections for a member like the one before: nobody else is tried. */
const GOOD_COST = 16;

/** Whether somebody is looked for who needs more than a few corrections: many times the work. */
export type Thoroughness = 'exact' | 'any';

export interface Chosen {
  readonly choice: Choice;
  /** The kernel has followed the choice as far as the sample goes, and can go on from there. */
  readonly isFollowed: boolean;
}

/**
 * @param isOver whether the tokens that were read are the whole member
 * @param likely is tried first, and taken where it fits
 * @returns undefined where nobody needs few corrections, and others are not looked for
 */
export function chooseMaker(kernel: Kernel, isOver: boolean, likely: Choice | undefined, thoroughness: Thoroughness): Chosen | undefined {
  const cost = (choice: Choice, plainMax: number, costMax: number): number => {
    configureKernel(kernel, choice.maker, choice.segmentPower);
    kernel.run.startTrial(isOver ? 1 : 0);
    const result = kernel.run.analyse(Math.min(costMax, COST_MAX) + 1, plainMax);
    return result > 1 ? Infinity : kernel.run.correctionsBytes();
  };
  if (likely !== undefined && cost(likely, SAMPLE_BYTES, GOOD_COST) <= GOOD_COST) return followed(likely);
  // Who is right needs none at all, and who is wrong mostly shows soon.
  const right = MAKERS.find((maker) => cost({ maker, segmentPower: 0 }, SAMPLE_BYTES, 0) === 0);
  if (right !== undefined) return followed({ maker: right, segmentPower: 0 });
  if (thoroughness === 'exact') {
    const nearly = MAKERS.find((maker) => cost({ maker, segmentPower: 0 }, SAMPLE_BYTES, GOOD_COST) <= GOOD_COST);
    return nearly === undefined ? undefined : followed({ maker: nearly, segmentPower: 0 });
  }
  // Stored blocks look alike whoever made them.
  const none = { maker: NO_MAKER, segmentPower: 0 };
  if (cost(none, SAMPLE_BYTES, GOOD_COST * 2) !== Infinity) return followed(none);
  let winner: Choice = { maker: MAKERS[0] as Maker, segmentPower: 0 };
  let choices: readonly Choice[] = MAKERS.map((maker) => ({ maker, segmentPower: 0 }));
  for (const { plainMax, winners } of ROUNDS) {
    const rated = best(choices, (choice, costMax) => cost(choice, plainMax, costMax * 1.25 + GOOD_COST));
    winner = rated[0]?.choice ?? winner;
    if (plainMax === SAMPLE_BYTES && (rated[0]?.cost ?? 0) <= GOOD_COST) return { choice: winner, isFollowed: false };
    choices = rated.slice(0, winners).map(({ choice }) => choice);
  }
  const segmented = SEGMENT_POWERS.map((segmentPower) => ({ maker: winner.maker, segmentPower }));
  const segmentedWinner = best(segmented, (choice, costMax) => cost(choice, SAMPLE_BYTES, costMax))[0]?.choice;
  return { choice: segmentedWinner ?? winner, isFollowed: false };
}

function followed(choice: Choice): Chosen {
  return { choice, isFollowed: true };
}

/** Those with a cost, cheapest first; of equal ones the earlier first. `costOf` may stop above the cost it is told. */
function best(choices: readonly Choice[], costOf: (choice: Choice, costMax: number) => number): { choice: Choice; cost: number }[] {
  const rated: { choice: Choice; cost: number }[] = [];
  let least = Infinity;
  for (const choice of choices) {
    const cost = costOf(choice, least);
    if (cost === Infinity) continue;
    rated.push({ choice, cost });
    least = Math.min(least, cost);
  }
  return rated.toSorted((a, b) => a.cost - b.cost);
}
