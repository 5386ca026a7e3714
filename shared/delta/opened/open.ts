/**
 * Opens content: what is inside of members compresses, and leans on old content, far better than they do. A member that the base has
 * as it is stays closed at both ends; others are opened where their deflated data can be made again for few bytes of corrections.
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
import { findMembers, keysOf, type FoundMember, type FoundMembers } from './search.ts';

export interface OpenedContent {
  readonly target: Uint8Array;
  /** Undefined without a base. */
  readonly base: Uint8Array | undefined;
  /** What was opened, as a payload has it. */
  readonly targetDecisions: Uint8Array;
  readonly baseDecisions: Uint8Array;
}

/** Corrections may take this share of the deflated data: over a base there is more to gain. */
const SHARE = 1 / 16;
const SHARE_OVER = 1 / 4;
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
  const opened = openTarget(target, members, { thoroughness, held: keysOf(baseMembers), share: base === undefined ? SHARE : SHARE_OVER });
  if (opened.list.opened === 0 || opened.bytes.byteLength > RUN_BYTES_MAX) return undefined;
  const writer = createByteWriter();
  writeTargetDecisions(writer, opened.list, level);
  const targetDecisions = writer.finish();
  if (!closesTo(opened.bytes, targetDecisions, target)) return undefined;
  const baseOpened = base === undefined ? undefined : openOver(base, baseMembers, opened.kept);
  return { target: opened.bytes, base: baseOpened?.bytes, targetDecisions, baseDecisions: baseOpened?.decisions ?? new Uint8Array(0) };
}

interface TargetOptions {
  readonly thoroughness: Thoroughness;
  /** Keys of the base's members. */
  readonly held: ReadonlySet<string>;
  readonly share: number;
}

function openTarget(target: Uint8Array, members: FoundMembers, { thoroughness, held, share }: TargetOptions) {
  const kernel = takeKernel();
  const list = createTargetList();
  /** Keys of members that are kept closed because the base has them. */
  const kept = new Set<string>();
  let likely: MemberForm | undefined;
  let failures = 0;
  let room = RUN_BYTES_MAX - target.byteLength;
  const formOf = ({ opening, key }: FoundMember): MemberForm | undefined => {
    if (held.has(key)) {
      kept.add(key);
      return undefined;
    }
    const { content, deflated, header } = opening;
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
  const openLevel = (content: Uint8Array, level: FoundMembers): Uint8Array =>
    openContent(content, ({ start }) => {
      const member = level.get(start);
      const form = member === undefined ? undefined : formOf(member);
      list.add(form);
      if (member === undefined || form === undefined) return undefined;
      return { opening: member.opening, inside: openLevel(member.opening.content, member.inside) };
    });
  const bytes = openLevel(target, members);
  giveKernelBack(kernel);
  return { bytes, list, kept };
}

/** The base, with all members open but those that the target has, too. */
function openOver(base: Uint8Array, members: FoundMembers, kept: ReadonlySet<string>) {
  const list = createBaseList();
  const openLevel = (content: Uint8Array, level: FoundMembers): Uint8Array =>
    openContent(content, ({ start }) => {
      const member = level.get(start);
      const isOpen = member !== undefined && !kept.has(member.key) && list.opened < OPENED_MEMBERS_MAX;
      list.add(isOpen ? true : undefined);
      if (!isOpen) return undefined;
      return { opening: member.opening, inside: openLevel(member.opening.content, member.inside) };
    });
  const bytes = openLevel(base, members);
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
