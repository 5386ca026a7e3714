/** Files of settings in YAML: read with a schema, and what is wrong is told with its line and column. The one importer of `yaml`. */
import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { TransferError } from './errors.ts';

/** Aliases may not make a small file large. */
const ALIASES_MAX = 100;

/**
 * @param where the name of the file, for errors.
 * @param hint where its form is documented.
 * @throws TransferError USAGE: `FILE:LINE:COLUMN: what is wrong`, for the first of several.
 */
export function readYaml<T extends z.ZodType>(text: string, where: string, schema: T, hint: string): z.output<T> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const wrong = (offset: number, message: string): TransferError => {
    const { line, col } = lines.linePos(offset);
    return new TransferError('USAGE', `${where}:${line}:${col}: ${message}`, { hint });
  };
  const [broken] = document.errors;
  if (broken !== undefined) throw wrong(broken.pos[0], broken.message.split('\n')[0] ?? '');
  const result = schema.safeParse(valueOf(document, where));
  if (result.success) return result.data;
  const { path, message } = meant(result.error.issues);
  throw wrong(offsetOf(document, path), `${path.join('.') || 'file'}: ${message}`);
}

/** A document whose aliases expand to too much has no value. */
function valueOf(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    throw new TransferError('USAGE', `${where}: ${error instanceof Error ? error.message : String(error)}`);
  }
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

/** Where the node of a path, or the nearest one around it, begins in the text. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length) as (string | number)[], true) as { range?: [number, number, number] } | undefined;
    if (node?.range !== undefined) return node.range[0];
  }
  return 0;
}
