/** What is opened: a decision for every place where a member may begin, in stretches of alike ones. DELTA.md, section 11. */
import type { MemberForm } from '../../deflate/member.ts';
import { TransferError } from '../../errors.ts';
import { OPENED_MEMBERS_MAX } from '../../limits.ts';
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from '../../wire/varint.ts';
import { readStream, writeStream } from '../streams.ts';

/** Asked for one place after the other. */
export interface Decisions<Form> {
  /** Undefined: the member, if it is one, stays closed. */
  next(): Form | undefined;
  /** Whether all decisions to open have been asked for. */
  isUsedUp(): boolean;
}

/** Of a base it is only said that a member is opened. */
export type BaseDecisions = Decisions<true>;
export type TargetDecisions = Decisions<MemberForm>;

/** Places that stay closed, then as many members that are opened alike. */
interface Stretch<Form> {
  readonly closed: number;
  readonly forms: readonly Form[];
}

function decisionsOf<Form>(stretches: readonly Stretch<Form>[]): Decisions<Form> {
  let number = 0;
  let closed = 0;
  let opened = 0;
  const skipUsed = (): Stretch<Form> | undefined => {
    for (;;) {
      const stretch = stretches[number];
      if (stretch === undefined || closed < stretch.closed || opened < stretch.forms.length) return stretch;
      number++;
      closed = 0;
      opened = 0;
    }
  };
  return {
    next() {
      const stretch = skipUsed();
      if (stretch === undefined) return undefined;
      if (closed === stretch.closed) return stretch.forms[opened++];
      closed++;
      return undefined;
    },
    isUsedUp: () => skipUsed() === undefined,
  };
}

/** Collects decisions; every place in its order. */
export interface DecisionList<Form> {
  readonly opened: number;
  add(form: Form | undefined): void;
  stretches(): readonly Stretch<Form>[];
}

/** @param areAlike whether two members can be in one stretch */
export function createDecisionList<Form>(areAlike: (a: Form, b: Form) => boolean): DecisionList<Form> {
  const stretches: { closed: number; forms: Form[] }[] = [];
  let closed = 0;
  let opened = 0;
  return {
    get opened() {
      return opened;
    },
    add(form) {
      if (form === undefined) {
        closed++;
        return;
      }
      opened++;
      const last = stretches.at(-1);
      const [first] = last?.forms ?? [];
      if (last !== undefined && first !== undefined && closed === 0 && areAlike(first, form)) last.forms.push(form);
      else stretches.push({ closed, forms: [form] });
      closed = 0;
    },
    stretches: () => stretches,
  };
}

export const createBaseList = (): DecisionList<true> => createDecisionList(() => true);

export const createTargetList = (): DecisionList<MemberForm> =>
  createDecisionList(
    (a, b) => a.maker === b.maker && a.segmentPower === b.segmentPower && a.corrections.byteLength > 0 === b.corrections.byteLength > 0,
  );

export function writeBaseDecisions(writer: ByteWriter, list: DecisionList<true>): void {
  writer.varint(list.stretches().length);
  for (const { closed, forms } of list.stretches()) {
    writer.varint(closed);
    writer.varint(forms.length);
  }
}

/** PROTOCOL_VIOLATION, LIMIT_EXCEEDED. */
export function readBaseDecisions(reader: ByteReader): BaseDecisions {
  return decisionsOf(readStretches(reader, (members) => Array.from({ length: members }, () => true as const)));
}

/** Form of the members of a stretch: twice the power of their segments, and one where they have corrections. */
const CORRECTED = 1;

export function writeTargetDecisions(writer: ByteWriter, list: DecisionList<MemberForm>, level: number): void {
  const corrections = createByteWriter();
  writer.varint(list.stretches().length);
  for (const { closed, forms } of list.stretches()) {
    const { maker = 0, segmentPower = 0, corrections: first } = forms[0] ?? {};
    const isCorrected = first !== undefined && first.byteLength > 0;
    writer.varint(closed);
    writer.varint(forms.length);
    writer.byte(maker);
    writer.byte(segmentPower * 2 + (isCorrected ? CORRECTED : 0));
    if (!isCorrected) continue;
    for (const form of forms) {
      writer.varint(form.corrections.byteLength);
      corrections.bytes(form.corrections);
    }
  }
  const bytes = corrections.finish();
  if (bytes.byteLength > 0) writeStream(writer, bytes, level);
}

/** PROTOCOL_VIOLATION, LIMIT_EXCEEDED, INTEGRITY. */
export function readTargetDecisions(reader: ByteReader, targetBytes: number): TargetDecisions {
  const lengths: number[] = [];
  const stretches = readStretches(reader, (members) => {
    const maker = reader.byte('maker');
    const form = reader.byte('form');
    const isCorrected = (form & CORRECTED) !== 0;
    const segmentPower = form >> 1;
    return Array.from({ length: members }, () => {
      lengths.push(isCorrected ? reader.varint('corrections', targetBytes) : 0);
      return { maker, segmentPower };
    });
  });
  const hasCorrections = lengths.some((length) => length > 0);
  const corrections = createByteReader(hasCorrections ? readStream(reader, targetBytes) : new Uint8Array(0));
  let number = 0;
  const whole = stretches.map(({ closed, forms }) => ({
    closed,
    forms: forms.map((form) => ({ ...form, corrections: corrections.bytes(lengths[number++] ?? 0, 'corrections') })),
  }));
  if (corrections.remaining > 0) throw new TransferError('PROTOCOL_VIOLATION', 'corrections of no member');
  return decisionsOf(whole);
}

function readStretches<Form>(reader: ByteReader, readForms: (members: number) => Form[]): Stretch<Form>[] {
  const count = reader.varint('stretches', OPENED_MEMBERS_MAX);
  const stretches: Stretch<Form>[] = [];
  let left = OPENED_MEMBERS_MAX;
  for (let i = 0; i < count; i++) {
    const closed = reader.varint('places');
    const members = reader.varint('members', left);
    left -= members;
    stretches.push({ closed, forms: readForms(members) });
  }
  return stretches;
}
