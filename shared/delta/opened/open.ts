/**
 * Opens content: what is inside of members compresses, and leans on old content, far better than they do. A member that the base has
 * as it is stays closed at both ends, and so does one of the base of which the target has a part: a run begins and ends
 * anywhere. Others are opened where their deflated data can be made again for few bytes of corrections.
 */
import { equalBytes } from '../../bytes.ts';
import type { Thoroughness } from '../../deflate/choose-maker.ts';
import { giveKernelBack, takeKernel } from '../../deflate/kernel.ts';
import { takeMemberApart, type MemberForm } from '../../deflate/member.ts';
import { TransferError } from '../../errors.ts';
import { BASE_BYTES_MAX, OPENED_MEMBERS_MAX, RUN_BYTES_MAX } from '../../limits.ts';
import { createByteReader, createByteWriter } from '../../wire/varint.ts';
import { openContent } from './base.ts';
import { closeTarget } from './close.ts';
import { createBaseList, createTargetList, readTargetDecisions, writeBaseDecisions, writeTargetDecisions } from './decisions.ts';
import { LENGTH_BYTES } from './places.ts';
import { addSamples, countAmong, type Samples } from './samples.ts';
import { findMembers, keysOf, type FoundMember, type FoundMembers } from './search.ts';

export interface OpenedContent {
  readonly target: Uint8Array;
  /** Undefined without a base. */
  readonly base: Uint8Array | undefined;
  /** What was opened, as a payload has it. */
  readonly targetDecisions: Uint8Array;
  readonly baseDecisions: Uint8Array;
}

const NOTHING = new Uint8Array(0);
/** Corrections may take this share of the deflated data: over a base there is more to gain. */
const SHARE = 1 / 16;
const SHARE_OVER = 1 / 4;
/** A member of the target stays closed where more than this part of its samples stand in the base outside of whole members. */
const CUT_SHARE = 1 / 2;
/**
 * A member of the base stays closed where so many of its samples, or more than such a part of them, stand in what stays closed of the
 * target: one in many is chance.
 */
const PARTLY_HELD_SAMPLES = 4;
const PARTLY_HELD = 1 / 8;
/** Members of one content that cannot be made again: then there is no more trying. */
const FAILURES_MAX = { exact: 32, any: 6 } as const;

/** Undefined where nothing is opened. The same arguments give the same. */
export function openPair(
  target: Uint8Array,
  base: Uint8Array | undefined,
  { thoroughness, level }: { readonly thoroughness: Thoroughness; readonly level: number },
): OpenedContent | undefined {
  const members = findMembers(target, RUN_BYTES_MAX);
  if (members.size === 0) return undefined;
  const baseMembers: FoundMembers = base === undefined ? new Map() : findMembers(base, BASE_BYTES_MAX - base.byteLength);
  const baseSamples = new Set<number>();
  if (base !== undefined) addGapSamples(baseSamples, base, baseMembers);
  const share = base === undefined ? SHARE : SHARE_OVER;
  const opened = openTarget(target, members, { thoroughness, held: keysOf(baseMembers), baseSamples, share });
  if (opened.list.opened === 0 || opened.bytes.byteLength > RUN_BYTES_MAX) return undefined;
  const writer = createByteWriter();
  writeTargetDecisions(writer, opened.list, level);
  const targetDecisions = writer.finish();
  if (!closesTo(opened.bytes, targetDecisions, target)) return undefined;
  const baseOpened = base === undefined ? undefined : openOver(base, baseMembers, opened);
  return { target: opened.bytes, base: baseOpened?.bytes, targetDecisions, baseDecisions: baseOpened?.decisions ?? NOTHING };
}

/** Of what lies between members. */
function addGapSamples(samples: Set<number>, content: Uint8Array, members: FoundMembers): void {
  let from = 0;
  for (const [start, { opening }] of members) {
    addSamples(samples, content.subarray(from, start));
    from = opening.end;
  }
  addSamples(samples, content.subarray(from));
}

interface TargetOptions {
  readonly thoroughness: Thoroughness;
  /** Keys of the base's members. */
  readonly held: ReadonlySet<string>;
  /** Of what lies between them. */
  readonly baseSamples: Samples;
  readonly share: number;
}

function openTarget(target: Uint8Array, members: FoundMembers, { thoroughness, held, baseSamples, share }: TargetOptions) {
  const kernel = takeKernel();
  const list = createTargetList();
  /** Keys of members that are kept closed because the base has them. */
  const kept = new Set<string>();
  /** Of what stays closed, in the target and in members. */
  const samples = [new Set<number>(), new Set<number>()];
  let likely: MemberForm | undefined;
  let failures = 0;
  let room = RUN_BYTES_MAX - target.byteLength;
  const formOf = ({ opening, key }: FoundMember): MemberForm | undefined => {
    const { content, deflated, header } = opening;
    const { found, all } = countAmong(baseSamples, deflated);
    if (held.has(key) || found > all * CUT_SHARE) {
      kept.add(key);
      return undefined;
    }
    const bytes = content.byteLength + header.byteLength + LENGTH_BYTES;
    if (bytes > room || failures === FAILURES_MAX[thoroughness] || list.opened === OPENED_MEMBERS_MAX) return undefined;
    const form = takeMemberApart(kernel, deflated, deflated.byteLength * share, likely, thoroughness);
    if (form === undefined) failures++;
    else {
      likely = form;
      room -= bytes;
    }
    return form;
  };
  const openLevel = (content: Uint8Array, level: FoundMembers, closed: Set<number> | undefined): Uint8Array => {
    let from = 0;
    const bytes = openContent(content, ({ start }) => {
      const member = level.get(start);
      const form = member === undefined ? undefined : formOf(member);
      list.add(form);
      if (member === undefined || form === undefined) return undefined;
      if (closed !== undefined) addSamples(closed, content.subarray(from, start));
      from = member.opening.end;
      return { opening: member.opening, inside: openLevel(member.opening.content, member.inside, samples[1]) };
    });
    if (closed !== undefined) addSamples(closed, content.subarray(from));
    return bytes;
  };
  const bytes = openLevel(target, members, samples[0]);
  giveKernelBack(kernel);
  return { bytes, list, kept, samples };
}

/** The base, with all members open but those that the target has, too, and those of which it has a part. */
function openOver(base: Uint8Array, members: FoundMembers, { kept, samples }: { kept: ReadonlySet<string>; samples: readonly Samples[] }) {
  const list = createBaseList();
  const openLevel = (content: Uint8Array, level: FoundMembers, closed: Samples): Uint8Array =>
    openContent(content, ({ start }) => {
      const member = level.get(start);
      const { found, all } = countAmong(closed, member?.opening.deflated ?? NOTHING);
      const isPartlyHeld = found >= PARTLY_HELD_SAMPLES || found > all * PARTLY_HELD;
      const isHeld = member === undefined || kept.has(member.key) || isPartlyHeld;
      const isOpen = !isHeld && list.opened < OPENED_MEMBERS_MAX;
      list.add(isOpen ? true : undefined);
      if (!isOpen) return undefined;
      return { opening: member.opening, inside: openLevel(member.opening.content, member.inside, samples[1] ?? closed) };
    });
  const bytes = openLevel(base, members, samples[0] ?? new Set());
  const writer = createByteWriter();
  writeBaseDecisions(writer, list);
  return { bytes, decisions: writer.finish() };
}

/** Whether a receiver makes the target of it. */
function closesTo(opened: Uint8Array, targetDecisions: Uint8Array, target: Uint8Array): boolean {
  try {
    const decisions = readTargetDecisions(createByteReader(targetDecisions), target.byteLength);
    return equalBytes(closeTarget(opened, decisions, target.byteLength), target);
  } catch (error) {
    if (error instanceof TransferError) return false;
    throw error;
  }
}
