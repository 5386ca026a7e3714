/** YAML that people write: its values, and for what is wrong with them the line and column. The one importer of `yaml`. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { TransferError } from './errors.ts';

/** Anchors that are used again; a document of a few lines could otherwise stand for gigabytes. */
const ALIASES_MAX = 100;

/** Keys of maps and places in lists, from the top of the document. */
export type YamlPath = readonly PropertyKey[];

export interface YamlText {
  /** Maps as plain objects, lists as arrays; `null` for an empty document. */
  readonly value: unknown;
  /** `FILE:LINE:COLUMN` of what a path leads to, or of the nearest thing around it. */
  placeOf(path: YamlPath): string;
  /** USAGE: `FILE:LINE:COLUMN: message`. */
  wrong(path: YamlPath, message: string): TransferError;
}

export interface YamlOptions {
  /** The name of the file, for errors. */
  readonly where: string;
  /** Where the form of the file is described. */
  readonly hint: string;
  /** Every scalar is the text that stands there, also numbers and `true`. */
  readonly texts?: boolean;
}

/**
 * A file that has to have a form.
 * @param where the name of the file, for errors.
 * @param hint where its form is documented.
 * @throws TransferError USAGE: `FILE:LINE:COLUMN: what is wrong`, for the first of several.
 */
export function readYaml<T extends z.ZodType>(text: string, where: string, schema: T, hint: string): z.output<T> {
  const file = parseYaml(text, { where, hint });
  const result = schema.safeParse(file.value);
  if (result.success) return result.data;
  const { path, message } = meant(result.error.issues);
  throw file.wrong(path, `${path.join('.') || 'file'}: ${message}`);
}

/** @throws TransferError USAGE with line and column where the text is no YAML, has a key twice, or uses an anchor too often. */
export function parseYaml(text: string, { where, hint, texts = false }: YamlOptions): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error', schema: texts ? 'failsafe' : 'core' });
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${where}:${line}:${col}`;
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw new TransferError('USAGE', `${place(broken.pos[0])}: ${firstLine(broken.message)}`, { hint });
  const offsetOf = (path: YamlPath): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length) as (string | number)[], true) as { range?: [number, number, number] } | undefined;
      if (node?.range !== undefined) return node.range[0];
    }
    return 0;
  };
  const placeOf = (path: YamlPath): string => place(offsetOf(path));
  return {
    value: valueOf(() => document.toJS({ maxAliasCount: ALIASES_MAX }) as unknown, where, hint),
    placeOf,
    wrong: (path, message) => new TransferError('USAGE', `${placeOf(path)}: ${message}`, { hint }),
  };
}

/** A document whose aliases expand to too much has no value. */
function valueOf(read: () => unknown, where: string, hint: string): unknown {
  try {
    return read();
  } catch (error) {
    throw new TransferError('USAGE', `${where}: ${error instanceof Error ? error.message : String(error)}`, { hint });
  }
}

function firstLine(message: string): string {
  return message.split('\n')[0] ?? message;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Of a value that is none of several forms: the complaint of the form that has the fewest, and then of the one that went deepest. */
function meant(issues: readonly z.core.$ZodIssue[]): Issue {
  const [first] = issues;
  if (first === undefined) return { path: [], message: 'is not what is wanted' };
  if (first.code !== 'invalid_union' || first.errors.length === 0) return { path: withKey(first), message: first.message };
  const forms = first.errors.map((form) => ({ complaints: form.length, issue: meant(form) }));
  const [nearest] = forms.toSorted((a, b) => a.complaints - b.complaints || b.issue.path.length - a.issue.path.length);
  return { path: [...first.path, ...(nearest?.issue.path ?? [])], message: nearest?.issue.message ?? first.message };
}

/** A key that should not be there is looked for itself, not the map that it stands in. */
function withKey(issue: z.core.$ZodIssue): readonly PropertyKey[] {
  return issue.code === 'unrecognized_keys' && issue.keys[0] !== undefined ? [...issue.path, issue.keys[0]] : issue.path;
}
