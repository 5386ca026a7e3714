/**
 * Rows in groups of what belongs together: the headers that extend a header (pax `x`, GNU `L` and `K`) and that header. Rows are
 * held as `Fields`: texts of bytes (latin1: each character one byte) and templates numbered across recipes.
 */
import { equalBytes } from '../../bytes.ts';
import type { Id } from '../../hash.ts';
import { TYPEFLAG_AT } from '../../tar/header.ts';
import { BODY_INLINE, BODY_NONE, type BodyKind, type ChunkRef, type Recipe, type Row } from '../recipe.ts';
import { parseRecords } from './pax.ts';

export interface Fields {
  /** Number in the `TemplateList`, or `LITERAL`. */
  readonly template: number;
  readonly literal: string;
  readonly name: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Coded apart from the rest, so it may be set when everything else is known. */
  mtime: number;
  readonly size: number;
  readonly body: BodyKind;
  readonly bodyBytes: number;
  readonly inline: string;
  readonly chunks: readonly ChunkRef[];
  readonly nested: Id | undefined;
  /** Undefined for zeros up to the next block. */
  readonly padding: string | undefined;
}

export interface Entry {
  readonly extensions: readonly Fields[];
  /** Undefined only behind the last header of a recipe. */
  readonly main: Fields | undefined;
  /** The path that extensions and header give together, as written. */
  readonly path: string;
  /** What a link points at, likewise. */
  readonly link: string;
}

/** Longest name and link that a header has room for without a prefix. */
export const NAME_FIELD_BYTES = 100;

/** In the place of a template: the block is kept whole. */
export const LITERAL = -1;

/** Extensions of one entry; a header behind as many is a main one whatever its type. */
export const EXTENSIONS_MAX = 8;
export const GNU_LONG_NAME = 'L';
export const GNU_LONG_LINK = 'K';
export const PAX_HEADER = 'x';
const EXTENDING: ReadonlySet<string> = new Set([GNU_LONG_NAME, GNU_LONG_LINK, PAX_HEADER]);

/** The templates of several recipes, each once. */
export interface TemplateList {
  readonly length: number;
  at(index: number): string;
  /** Number of an equal template, added when it is new. */
  add(template: string): number;
}

/** @param inherited templates that come first; the list must not grow any more. */
export function createTemplateList(inherited?: TemplateList): TemplateList {
  const own: string[] = [];
  const indexes = new Map<string, number>();
  const first = inherited?.length ?? 0;
  if (inherited) for (let index = 0; index < first; index++) indexes.set(inherited.at(index), index);
  return {
    get length() {
      return first + own.length;
    },
    at: (index) => (index < first && inherited ? inherited.at(index) : (own[index - first] as string)),
    add(template) {
      const known = indexes.get(template);
      if (known !== undefined) return known;
      indexes.set(template, first + own.length);
      return first + own.push(template) - 1;
    },
  };
}

/** The text whose characters are `bytes`. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** The bytes that are the characters of `text`. */
export function latin1Bytes(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}

/** Type of a header, as a character. */
export function typeOf(templates: TemplateList, fields: Pick<Fields, 'template' | 'literal'>): string {
  return (fields.template === LITERAL ? fields.literal : templates.at(fields.template)).charAt(TYPEFLAG_AT);
}

/** Number in a `TemplateList` of a recipe's own template. */
export type TemplateNumbers = (index: number) => number;

export function fieldsOf(row: Row, numbers: TemplateNumbers): Fields {
  return {
    template: row.template === undefined ? LITERAL : numbers(row.template),
    literal: row.literal === undefined ? '' : latin1(row.literal),
    name: latin1(row.name),
    link: row.link.byteLength === 0 ? '' : latin1(row.link),
    mode: row.mode,
    uid: row.uid,
    gid: row.gid,
    mtime: row.mtime,
    size: row.size,
    body: row.body,
    bodyBytes: row.bodyBytes,
    inline: row.inline === undefined ? '' : latin1(row.inline),
    chunks: row.chunks,
    nested: row.nested,
    padding: row.padding === undefined ? undefined : latin1(row.padding),
  };
}

/** Nothing is known of a header. */
export const NO_FIELDS: Fields = {
  template: LITERAL,
  literal: '',
  name: '',
  link: '',
  mode: 0,
  uid: 0,
  gid: 0,
  mtime: 0,
  size: 0,
  body: BODY_NONE,
  bodyBytes: 0,
  inline: '',
  chunks: [],
  nested: undefined,
  padding: undefined,
};

/** What a header says apart from its body and its mtime. */
export type Meta = Pick<Fields, 'template' | 'literal' | 'name' | 'link' | 'mode' | 'uid' | 'gid' | 'padding'>;
/** A body, and the size that the header gives for it. */
export type Body = Pick<Fields, 'size' | 'body' | 'bodyBytes' | 'inline' | 'chunks' | 'nested'>;

/** A new header; written out because copying objects by spread is what decoding would spend its time on. */
export function fieldsFrom(meta: Meta, name: string, link: string, body: Body, mtime: number): Fields {
  return {
    template: meta.template,
    literal: meta.literal,
    name,
    link,
    mode: meta.mode,
    uid: meta.uid,
    gid: meta.gid,
    mtime,
    size: body.size,
    body: body.body,
    bodyBytes: body.bodyBytes,
    inline: body.inline,
    chunks: body.chunks,
    nested: body.nested,
    padding: meta.padding,
  };
}

/** @param template index in the recipe that the row is for; not used for a literal. */
export function rowOf(fields: Fields, template: number): Row {
  const isLiteral = fields.template === LITERAL;
  return {
    template: isLiteral ? undefined : template,
    literal: isLiteral ? latin1Bytes(fields.literal) : undefined,
    name: latin1Bytes(fields.name),
    link: latin1Bytes(fields.link),
    mode: fields.mode,
    uid: fields.uid,
    gid: fields.gid,
    mtime: fields.mtime,
    size: fields.size,
    body: fields.body,
    bodyBytes: fields.bodyBytes,
    inline: fields.body === BODY_INLINE ? latin1Bytes(fields.inline) : undefined,
    chunks: fields.chunks,
    nested: fields.nested,
    padding: fields.padding === undefined ? undefined : latin1Bytes(fields.padding),
  };
}

/** Finds where entries begin in rows that are given in order. */
export function createEntryFinder(recipe: Recipe): (row: Row) => boolean {
  const types = recipe.templates.map((template) => String.fromCharCode(template[TYPEFLAG_AT] as number));
  let extensions = 0;
  return (row) => {
    const isFirst = extensions === 0;
    const isInline = extensions < EXTENSIONS_MAX && row.body === BODY_INLINE;
    const type = isInline ? (row.template === undefined ? String.fromCharCode(row.literal?.[TYPEFLAG_AT] ?? 0) : types[row.template]) : '';
    extensions = isInline && EXTENDING.has(type ?? '') ? extensions + 1 : 0;
    return isFirst;
  };
}

/** The entry of the rows from `start` up to, not including, `end`. */
export function readEntry(recipe: Recipe, start: number, end: number, numbers: TemplateNumbers, templates: TemplateList): Entry {
  const extensions: Fields[] = [];
  for (let index = start; index < end - 1; index++) extensions.push(fieldsOf(recipe.row(index), numbers));
  const last = fieldsOf(recipe.row(end - 1), numbers);
  const isDangling = extensions.length < EXTENSIONS_MAX && last.body === BODY_INLINE && EXTENDING.has(typeOf(templates, last));
  if (isDangling) extensions.push(last);
  const main = isDangling ? undefined : last;
  return { extensions, main, ...namesOf(extensions, main, templates) };
}

/** Path and link of an entry: a pax record comes before a GNU long name, and that before the header's own field. */
function namesOf(extensions: readonly Fields[], main: Fields | undefined, templates: TemplateList): { path: string; link: string } {
  const last = main ?? extensions.at(-1);
  let path = last?.name ?? '';
  let link = main?.link ?? '';
  for (const extension of extensions) {
    const type = typeOf(templates, extension);
    if (type === GNU_LONG_NAME) path = untilZero(extension.inline);
    if (type === GNU_LONG_LINK) link = untilZero(extension.inline);
  }
  for (const extension of extensions) {
    for (const { key, value } of parseRecords(extension.inline) ?? []) {
      if (key === 'path') path = value;
      if (key === 'linkpath') link = value;
    }
  }
  return { path, link };
}

function untilZero(text: string): string {
  const zero = text.indexOf('\0');
  return zero < 0 ? text : text.slice(0, zero);
}

/** True where two headers differ in name, link, mtime and body at most. */
export function equalMeta(a: Fields, b: Fields): boolean {
  const isSameKind = a.template === b.template && a.literal === b.literal && a.padding === b.padding;
  return isSameKind && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid;
}

export function equalBodies(a: Body, b: Body): boolean {
  if (a.body !== b.body || a.bodyBytes !== b.bodyBytes || a.size !== b.size || a.inline !== b.inline) return false;
  if (a.nested && b.nested && !equalBytes(a.nested, b.nested)) return false;
  return a.chunks.length === b.chunks.length && a.chunks.every((chunk, at) => equalChunks(chunk, b.chunks[at] as ChunkRef));
}

export function equalChunks(a: ChunkRef, b: ChunkRef): boolean {
  return a.length === b.length && equalBytes(a.id, b.id);
}
