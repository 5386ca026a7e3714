/** How mtimes are sent: those of a block of entries at once, in the order in which the files were written. */
import { TransferError } from '../../errors.ts';
import { RECIPE_NUMBER_MAX } from '../../limits.ts';
import { createBits, createMixer, mix } from './decision.ts';
import type { Fields } from './entry.ts';
import { createMtimeCandidates, type Dated } from './mtime-candidates.ts';
import { codeSigned, createNumberModel } from './number.ts';
import type { PathFacts } from './path.ts';
import type { BitCoder } from './range-coder.ts';
import { inWriteOrder } from './write-order.ts';

export interface MtimeModel {
  /** Codes whether a header has the mtime of its base; where it has, that is noted. */
  codeKept(coder: BitCoder, path: PathFacts, base: Fields, isSameBody: boolean, mtime: number): boolean;
  /** Codes the mtimes of those that have not; decoding sets them. */
  code(coder: BitCoder, dated: readonly Dated[]): void;
}

/** Proposed values that are asked for one by one. */
const CANDIDATES_MAX = 4;
/** Values that are remembered when no proposed one is right. */
const RECENT_MAX = 64;
/** What numbers are of. */
const PLACE_IN_RECENT = 0;
const DISTANCE = 1;

export function createMtimeModel(slotBits: number): MtimeModel {
  const kept = createMixer(5, 1, 14);
  const votes = createMixer(5, CANDIDATES_MAX * 2, 16);
  const isRecent = createBits(1);
  const numbers = createNumberModel(2);
  const candidates = createMtimeCandidates(slotBits);
  const { values, voters } = candidates;
  /** The values that were coded last, each once, the latest first. */
  const recent: number[] = [];
  let history = 0;

  const codeOne = (coder: BitCoder, entry: Dated, group: number): number => {
    const count = candidates.gather(entry, group);
    const directoryBit = entry.isDirectory ? 1 : 0;
    const kind = directoryBit * 2 + (entry.baseMtime === undefined ? 1 : 0);
    const field = count === 0 ? 0 : mix(kind, mix((voters[0] as number) + 1, count > 1 ? (voters[1] as number) : 0));
    const { contexts } = votes;
    for (let rank = 0; rank < count && rank < CANDIDATES_MAX; rank++) {
      const mask = voters[rank] as number;
      contexts[0] = mix(mix(kind, rank), mask);
      contexts[1] = mix(mix(candidates.directoryKey, rank), kind);
      contexts[2] = mix(field, rank);
      contexts[3] = mix(mix(group, rank), mask);
      contexts[4] = mix(mix(candidates.packageKey, rank), mask);
      const isRight = entry.main.mtime === values[rank] ? 1 : 0;
      if (votes.code(coder, rank * 2 + directoryBit, 0, isRight) === 1) return values[rank] as number;
    }
    return codeOther(coder, entry.main.mtime, count > 0 ? (values[0] as number) : 0);
  };
  const codeOther = (coder: BitCoder, mtime: number, near: number): number => {
    const place = recent.indexOf(mtime);
    if (recent.length > 0 && isRecent.code(coder, 0, place >= 0 ? 1 : 0) === 1) {
      const coded = recent[numbers.code(coder, PLACE_IN_RECENT, Math.max(0, place))];
      if (coded === undefined) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference refers to an mtime that is not there');
      return coded;
    }
    const coded = near + codeSigned(numbers, coder, DISTANCE, mtime - near);
    if (Math.abs(coded) > RECIPE_NUMBER_MAX) throw new TransferError('PROTOCOL_VIOLATION', `a recipe difference has an mtime of ${coded}`);
    return coded;
  };
  const remember = (mtime: number): void => {
    const place = recent.indexOf(mtime);
    if (place === 0) return;
    recent.splice(place < 0 ? RECENT_MAX - 1 : place, 1);
    recent.unshift(mtime);
  };

  return {
    codeKept(coder, path, base, isSameBody, mtime) {
      coder.enter('mtime');
      const { contexts } = kept;
      const same = isSameBody ? 1 : 0;
      contexts[0] = mix(1, same * 16 + (history & 15));
      contexts[1] = mix(mix(2, path.directoryHash), same);
      contexts[2] = mix(mix(3, base.mtime), same);
      contexts[3] = mix(mix(4, path.extensionHash), same);
      contexts[4] = mix(mix(5, base.template), same * 2 + (history & 1));
      const coded = kept.code(coder, 0, 0, mtime === base.mtime ? 1 : 0);
      history = (history * 2 + coded) & 15;
      if (coded === 1) candidates.note(path, base.mtime);
      return coded === 1;
    },
    code(coder, dated) {
      coder.enter('mtime');
      for (const { entry, group } of inWriteOrder(dated)) {
        entry.main.mtime = codeOne(coder, entry, group);
        candidates.learn(entry);
        remember(entry.main.mtime);
      }
    },
  };
}
