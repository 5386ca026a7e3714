/**
 * What the extension headers of an entry have of their own, apart from what follows from the entry's path, link and mtime. The
 * same writer makes the same shape for every entry, so a shape is sent once.
 */
import { TransferError } from '../../errors.ts';
import { TAR_INLINE_BYTES_MAX } from '../../limits.ts';
import { BODY_INLINE } from '../recipe.ts';
import {
  GNU_LONG_LINK,
  GNU_LONG_NAME,
  NAME_FIELD_BYTES,
  NO_FIELDS,
  PAX_HEADER,
  typeOf,
  type Entry,
  type Fields,
  type TemplateList,
} from './entry.ts';
import { parseRecords, recordText } from './pax.ts';
import { directoryOf, renamed, renamingBetween } from './path.ts';

/** Where a piece of an extension comes from: `own` takes the next of the entry's own values. */
export const SOURCES = ['own', 'path', 'link', 'mtime'] as const;
export type Source = (typeof SOURCES)[number];

export interface RecordShape {
  readonly key: string;
  readonly value: Source;
}

/** How an extension header is named after the path that it extends; an empty token makes every name the `to`. */
export interface NameRule {
  readonly from: string;
  readonly to: string;
  readonly token: string;
}

export interface ExtensionShape {
  readonly template: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly link: string;
  /** Undefined for a name of its own. */
  readonly rule: NameRule | undefined;
  readonly mtime: 'own' | 'mtime';
  /** The body: pax records, or one of the sources with a zero byte behind it, or the extension's own. */
  readonly records: readonly RecordShape[] | undefined;
  readonly body: Source;
  /** True where literal block, size and padding are its own. */
  readonly odd: boolean;
}

export interface Shape {
  readonly extensions: readonly ExtensionShape[];
  /** Equal for equal shapes. */
  readonly key: string;
}

export interface ShapedExtensions {
  readonly shape: Shape;
  readonly values: readonly string[];
}

/** Records of a pax header that are told apart, and bytes of a key or of a piece of a name; beyond, a body or name is one value. */
export const RECORDS_MAX = 256;
export const PIECE_BYTES_MAX = 256;
const RULES_KEPT = 16;
/** Pax keys whose values are times; the whole seconds are mostly those of the header. */
const TIME_KEYS = new Set(['mtime', 'atime', 'ctime']);

export function shapeOf(extensions: readonly ExtensionShape[]): Shape {
  return { extensions, key: extensions.length === 0 ? '' : JSON.stringify(extensions) };
}

export const NO_EXTENSIONS: ShapedExtensions = { shape: shapeOf([]), values: [] };

/** Names that writers are known to give: GNU tar, Go's archive/tar, libarchive, and GNU's own long names. */
const KNOWN_RULES: readonly NameRule[] = [
  { from: '', to: '', token: 'PaxHeaders/' },
  { from: '', to: '', token: 'PaxHeaders.0/' },
  { from: '', to: '', token: 'PaxHeader/' },
  { from: '', to: '././@LongLink', token: '' },
];

function ruledName(rule: NameRule, path: string): string {
  if (rule.token === '') return rule.to;
  const directory = directoryOf(path);
  const base = path.slice(directory.length).replace(/\/$/, '');
  return (renamed(directory === '' ? './' : directory, rule) + rule.token + base).slice(0, NAME_FIELD_BYTES);
}

/** Finds shapes; remembers how names were given before, because a name that was cut short does not tell. */
export interface Shaper {
  shape(entry: Entry): ShapedExtensions;
}

export function createShaper(templates: TemplateList): Shaper {
  const rules: NameRule[] = [...KNOWN_RULES];
  const ruleOf = (path: string, name: string): NameRule | undefined => {
    const known = rules.findIndex((rule) => ruledName(rule, path) === name);
    const rule = known >= 0 ? rules[known] : newRule(path, name);
    if (!rule || known === 0) return rule;
    if (known > 0) rules.splice(known, 1);
    rules.unshift(rule);
    rules.length = Math.min(rules.length, RULES_KEPT);
    return rule;
  };
  return {
    shape(entry) {
      if (entry.extensions.length === 0) return NO_EXTENSIONS;
      const values: string[] = [];
      const extensions = entry.extensions.map((extension) => shapeExtension(extension, entry, ruleOf, templates, values));
      return { shape: shapeOf(extensions), values };
    },
  };
}

function newRule(path: string, name: string): NameRule | undefined {
  const at = name.indexOf('PaxHeader');
  const end = name.indexOf('/', at) + 1;
  if (at < 0 || end === 0) return undefined;
  const rule = { ...renamingBetween(directoryOf(path), name.slice(0, at)), token: name.slice(at, end) };
  const isShort = Math.max(rule.from.length, rule.to.length, rule.token.length) <= PIECE_BYTES_MAX;
  return isShort && ruledName(rule, path) === name ? rule : undefined;
}

function shapeExtension(
  extension: Fields,
  entry: Entry,
  ruleOf: (path: string, name: string) => NameRule | undefined,
  templates: TemplateList,
  values: string[],
): ExtensionShape {
  const { template, mode, uid, gid, link } = extension;
  const rule = ruleOf(entry.path, extension.name);
  if (!rule) values.push(extension.name);
  const mtime = extension.mtime === (entry.main?.mtime ?? 0) ? 'mtime' : 'own';
  if (mtime === 'own') values.push(String(extension.mtime));
  const odd = template < 0 || extension.padding !== undefined || extension.size !== extension.inline.length;
  if (odd) {
    values.push(extension.literal, String(extension.size), extension.padding === undefined ? '' : `p${extension.padding}`);
  }
  const type = typeOf(templates, extension);
  const records = type === PAX_HEADER ? shapeRecords(extension.inline, entry, values) : undefined;
  let body: Source = 'own';
  if (type === GNU_LONG_NAME && extension.inline === `${entry.path}\0`) body = 'path';
  if (type === GNU_LONG_LINK && extension.inline === `${entry.link}\0`) body = 'link';
  if (!records && body === 'own') values.push(extension.inline);
  return { template, mode, uid, gid, link, rule, mtime, records, body, odd };
}

function shapeRecords(body: string, entry: Entry, values: string[]): RecordShape[] | undefined {
  const records = parseRecords(body);
  if (!records || records.length > RECORDS_MAX || records.some(({ key }) => key.length > PIECE_BYTES_MAX)) return undefined;
  return records.map(({ key, value }) => {
    if (key === 'path' && value === entry.path) return { key, value: 'path' };
    if (key === 'linkpath' && value === entry.link) return { key, value: 'link' };
    const seconds = String(entry.main?.mtime ?? 0);
    if (TIME_KEYS.has(key) && value.startsWith(seconds) && /^(\.|$)/.test(value.slice(seconds.length))) {
      values.push(value.slice(seconds.length));
      return { key, value: 'mtime' };
    }
    values.push(value);
    return { key, value: 'own' };
  });
}

/** How many values of its own an entry of this shape has. */
export function valueCount(shape: Shape): number {
  let count = 0;
  for (const { rule, mtime, odd, records, body } of shape.extensions) {
    count += (rule ? 0 : 1) + (mtime === 'own' ? 1 : 0) + (odd ? 3 : 0);
    if (records) count += records.filter(({ value }) => value === 'own' || value === 'mtime').length;
    else if (body === 'own' || body === 'mtime') count++;
  }
  return count;
}

/** True where a piece of the extensions is the entry's path or link. */
export function usesSource(shape: Shape, source: 'path' | 'link'): boolean {
  return shape.extensions.some(({ records, body }) => body === source || records?.some(({ value }) => value === source));
}

/**
 * The extensions of an entry, given the rest of it: what `Shaper.shape` took apart.
 * @throws TransferError PROTOCOL_VIOLATION when a value is not a number where there must be one, LIMIT_EXCEEDED for a body that is too long.
 */
export function unshape({ shape, values }: ShapedExtensions, path: string, link: string, mtime: number): Fields[] {
  let next = 0;
  const own = (): string => values[next++] as string;
  return shape.extensions.map((extension) => {
    const { template, mode, uid, gid } = extension;
    const name = extension.rule ? ruledName(extension.rule, path) : own();
    const ownMtime = extension.mtime === 'own' ? wholeNumber(own()) : mtime;
    const [literal, size, padding] = extension.odd ? [own(), own(), own()] : ['', undefined, ''];
    const from = { own, path: () => path, link: () => link, mtime: () => String(mtime) + own() };
    const inline = extension.records
      ? recordsText(extension.records, (source) => from[source]())
      : from[extension.body]() + (extension.body === 'own' ? '' : '\0');
    return {
      ...NO_FIELDS,
      template,
      literal,
      name,
      link: extension.link,
      mode,
      uid,
      gid,
      mtime: ownMtime,
      size: size === undefined ? inline.length : wholeNumber(size),
      body: BODY_INLINE,
      bodyBytes: inline.length,
      inline,
      padding: padding === '' ? undefined : padding.slice(1),
    };
  });
}

function recordsText(records: readonly RecordShape[], valueOf: (source: Source) => string): string {
  let text = '';
  for (const { key, value } of records) {
    text += recordText({ key, value: valueOf(value) });
    if (text.length > TAR_INLINE_BYTES_MAX) throw new TransferError('LIMIT_EXCEEDED', `a pax header of ${text.length} bytes`);
  }
  return text;
}

function wholeNumber(text: string): number {
  if (!/^-?\d{1,16}$/.test(text)) throw new TransferError('PROTOCOL_VIOLATION', 'a recipe difference has text for a number');
  return Number(text);
}
