/** The images of this benchmark: many bytes, one large file, many files, many layers. The same plan makes the same bytes everywhere. */
import { TransferError } from '../../shared/errors.ts';
import type { TarEntry } from '../corpora/tar-writer.ts';
import { createContent, createRandom, createTexts, type Content } from './content.ts';

export const CASE_NAMES = ['size', 'file', 'files', 'layers'] as const;
export type CaseName = (typeof CASE_NAMES)[number];

export interface ScaleCase {
  /** For people: `size 8 GB`. */
  readonly title: string;
  /** `name:tag`. */
  readonly ref: string;
  /** The entries of each layer, the lowest first; to be taken once and in order, and no content before the one before it is read. */
  readonly layers: Iterable<Iterable<TarEntry>>;
}

export interface CaseChoice {
  readonly names: readonly CaseName[];
  /** One case `size` for each. */
  readonly gigabytes: readonly number[];
  /** Above 0 and at most 1: lengths are this much of the full ones, and so is the number of the many files. */
  readonly scale: number;
}

const GIGABYTE = 1e9;
/** Leaves room for the headers in a layer of 512 MB. */
const LAYER_CONTENT_BYTES_MAX = 500e6;
const SINGLE_FILE_BYTES = 2 * GIGABYTE;
const SMALL_FILES = 500_000;
const FILES_PER_DIRECTORY = 1000;
const [SMALL_BYTES_MIN, SMALL_BYTES_MAX] = [20, 400];
const MANY_LAYERS = 120;
const BUILT_AT = 1_750_000_000;

/** @throws TransferError USAGE for a name that there is not. */
export function caseNamed(name: string): CaseName {
  const found = CASE_NAMES.find((known) => known === name);
  if (found === undefined) throw new TransferError('USAGE', `no case is called ${name}`, { hint: `there are ${CASE_NAMES.join(', ')}` });
  return found;
}

export function scaleCases({ names, gigabytes, scale }: CaseChoice): ScaleCase[] {
  const make: Readonly<Record<CaseName, () => ScaleCase[]>> = {
    size: () => gigabytes.map((size) => ({ title: `size ${size} GB`, ref: 'scale:size', layers: sizeLayers(size, scale) })),
    file: () => [{ title: 'one file of 2 GB', ref: 'scale:file', layers: [singleFile(scale)] }],
    files: () => [{ title: '500,000 files', ref: 'scale:files', layers: [smallFiles(Math.ceil(SMALL_FILES * scale))] }],
    layers: () => [{ title: `${MANY_LAYERS} layers`, ref: 'scale:layers', layers: manyLayers(scale) }],
  };
  return names.flatMap((name) => make[name]());
}

function* sizeLayers(gigabytes: number, scale: number): Generator<Iterable<TarEntry>> {
  const content = createContent(1);
  const count = Math.ceil((gigabytes * GIGABYTE) / LAYER_CONTENT_BYTES_MAX);
  const bytes = Math.round((gigabytes * GIGABYTE * scale) / count);
  for (let layer = 0; layer < count; layer++) yield sizeLayer(content, layer, bytes, scale);
}

/** Files from half a kilobyte to 8 MB, each size as likely as its double. */
function* sizeLayer(content: Content, layer: number, bytes: number, scale: number): Generator<TarEntry> {
  const random = createRandom(layer);
  yield directory(`layer-${layer}`);
  for (let file = 0, left = bytes; left > 0; file++) {
    const size = Math.min(left, fileBytes(random, 512, 8e6, scale));
    yield streamed(`layer-${layer}/file-${file}`, size, content);
    left -= size;
  }
}

function* singleFile(scale: number): Generator<TarEntry> {
  yield streamed('single', Math.round(SINGLE_FILE_BYTES * scale), createContent(2));
}

function* smallFiles(count: number): Generator<TarEntry> {
  const text = createTexts();
  const random = createRandom(3);
  for (let file = 0; file < count; file++) {
    const folder = `files/${Math.floor(file / FILES_PER_DIRECTORY)}`;
    if (file % FILES_PER_DIRECTORY === 0) yield directory(folder);
    const length = SMALL_BYTES_MIN + (random() % (SMALL_BYTES_MAX - SMALL_BYTES_MIN + 1));
    yield { path: `${folder}/${file}`, mode: 0o644, mtime: builtAt(file), content: { bytes: text(file, length) } };
  }
}

function* manyLayers(scale: number): Generator<Iterable<TarEntry>> {
  const content = createContent(4);
  for (let layer = 0; layer < MANY_LAYERS; layer++) yield fewFiles(content, layer, scale);
}

function* fewFiles(content: Content, layer: number, scale: number): Generator<TarEntry> {
  const random = createRandom(layer);
  yield directory(`layer-${layer}`);
  for (let left = 2 + (random() % 4); left > 0; left--) {
    yield streamed(`layer-${layer}/file-${left}`, fileBytes(random, 1000, 500e3, scale), content);
  }
}

function fileBytes(random: () => number, min: number, max: number, scale: number): number {
  return Math.max(1, Math.round(min * (max / min) ** (random() / 2 ** 32) * scale));
}

function streamed(path: string, size: number, content: Content): TarEntry {
  return { path, mode: 0o644, mtime: builtAt(size), content: { size, parts: content.parts(size) } };
}

function directory(path: string): TarEntry {
  return { path: `${path}/`, mode: 0o755, mtime: BUILT_AT, content: 'directory' };
}

/** Within the ten seconds that a build takes. */
function builtAt(number: number): number {
  return BUILT_AT + (number % 10);
}
