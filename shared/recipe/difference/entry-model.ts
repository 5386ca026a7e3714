/** How one entry is sent: its base entry, its path, its extensions, its main header, and whether it keeps its base's mtime. */
import type { Id } from '../../hash.ts';
import { createAlignment } from './alignment.ts';
import type { Bases } from './bases.ts';
import { createBodyModel } from './body-model.ts';
import type { ChunkModel } from './chunk-model.ts';
import { createCursors, NO_ENTRY, type Cursors } from './cursors.ts';
import { createBits } from './decision.ts';
import { NAME_FIELD_BYTES, NO_FIELDS, type Entry, type Fields, type TemplateList } from './entry.ts';
import { createExtensionModel } from './extension-model.ts';
import { createShaper, NO_EXTENSIONS, usesSource, type ShapedExtensions } from './extension.ts';
import { createMainModel, type MainBase } from './main-model.ts';
import { createMetaModel } from './meta-model.ts';
import type { Dated } from './mtime-candidates.ts';
import { createMtimeModel, type MtimeModel } from './mtime-model.ts';
import { createPathModel, type PathModel } from './path-model.ts';
import { createPathReader, type PathFacts } from './path.ts';
import type { BitCoder } from './range-coder.ts';
import { createTemplateModel } from './template-model.ts';
import { createTextModel } from './text.ts';

/** The target's entries, while encoding. */
export interface EntrySource {
  /** The next entry and the shape of its extensions. */
  next(): { readonly entry: Entry; readonly extensions: ShapedExtensions };
  /** The base entry to code it against. */
  choose(entry: Entry, cursors: Cursors, paths: PathModel): number;
}

/** An entry of which everything is known but its mtime. */
export interface Pending {
  readonly path: PathFacts;
  readonly link: string;
  readonly extensions: ShapedExtensions;
  readonly main: Fields | undefined;
  readonly baseEntry: number;
  /** What is to get an mtime; undefined where it is that of the base. */
  readonly dated: Dated | undefined;
}

export interface EntryModel {
  readonly mtimes: MtimeModel;
  /** The base that an entry was last coded against; 0 before the first. */
  lastBase(): number;
  /** Codes the next entry. @param firstRow the target's rows so far. */
  code(isLast: boolean, firstRow: number): Pending;
}

export interface EntryCoding {
  readonly coder: BitCoder;
  readonly bases: Bases;
  readonly templates: TemplateList;
  readonly streams: readonly Id[];
  readonly source: EntrySource;
  readonly sink: { atRow(row: number): void };
}

export function createEntryModel(
  { coder, bases, templates, streams, source, sink }: EntryCoding,
  chunks: ChunkModel,
  entryCount: number,
): EntryModel {
  // Memory for what is learned, by powers of two of the entries there are.
  const entryBits = 32 - Math.clz32(entryCount);
  const text = createTextModel(Math.max(12, Math.min(20, entryBits + 6)));
  const mtimes = createMtimeModel(Math.max(8, Math.min(21, entryBits + 3)));
  const templateModel = createTemplateModel(templates, bases.templates.length);
  const cursors = createCursors(bases);
  const alignment = createAlignment(bases, cursors);
  const paths = createPathModel(text);
  const extensionModel = createExtensionModel(text, templateModel);
  const mainModel = createMainModel(createMetaModel(text, templateModel), createBodyModel(text, chunks, streams), chunks);
  const shaper = createShaper(templates);
  const hasMainFlag = createBits(1);
  const readPath = createPathReader();
  let lastBase = 0;

  return {
    mtimes,
    lastBase: () => lastBase,
    code(isLast, firstRow) {
      const { entry, extensions: sourceExtensions } = source.next();
      const baseEntry = alignment.code(coder, source.choose(entry, cursors, paths));
      const base = baseEntry === NO_ENTRY ? undefined : bases.entry(baseEntry);
      if (base) lastBase = bases.baseOfEntry(baseEntry);
      const path = readPath(paths.code(coder, lastBase, base?.path, entry.path));
      cursors.follow(path.normal, baseEntry);

      const baseExtensions = base ? shaper.shape(base) : undefined;
      const extensions = extensionModel.code(coder, baseExtensions, path.path, sourceExtensions);
      const { shape } = extensions;
      // Only the last entry can lack a main header, and only where there is something else.
      const canLackMain = isLast && shape.extensions.length > 0;
      const hasMain = !canLackMain || hasMainFlag.code(coder, 0, entry.main ? 1 : 0) === 1;
      const link = usesSource(shape, 'link') ? extensionModel.codeLink(coder, base?.link ?? '', entry.link) : undefined;
      if (!hasMain) return { path, link: link ?? '', extensions, main: undefined, baseEntry, dated: undefined };

      sink.atRow(firstRow + shape.extensions.length);
      const mainBase = base?.main && mainBaseOf(base, base.main, baseExtensions ?? NO_EXTENSIONS, bases.firstChunk(baseEntry));
      const name = nameIn(shape, path.path);
      const { main, isSameBody } = mainModel.code(coder, mainBase, path, name, link?.slice(0, NAME_FIELD_BYTES), entry.main ?? NO_FIELDS);
      const pending = { path, link: link ?? main.link, extensions, main, baseEntry };
      if (mainBase && mtimes.codeKept(coder, path, mainBase.fields, isSameBody, main.mtime)) {
        main.mtime = mainBase.fields.mtime;
        return { ...pending, dated: undefined };
      }
      return { ...pending, dated: { path, isDirectory: path.path.endsWith('/'), baseMtime: mainBase?.fields.mtime, main } };
    },
  };
}

/** The name that a main header is expected to have: the path, as far as there is room where an extension has it all. */
function nameIn(shape: ShapedExtensions['shape'], path: string): string {
  return usesSource(shape, 'path') ? path.slice(0, NAME_FIELD_BYTES) : path;
}

function mainBaseOf(base: Entry, fields: Fields, { shape }: ShapedExtensions, firstChunk: number): MainBase {
  return { fields, firstChunk, isNamed: fields.name === nameIn(shape, base.path) };
}
