/** `--composition FILE`: the images of a release, which are delivered as a unit: all of them get their names at once, or none. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { formatReference, tryParseReference } from '../../shared/image/reference.ts';
import { ACTIVATED_NAMES_MAX } from '../../shared/limits.ts';
import { readYaml } from '../../shared/yaml.ts';

const Reference = z.string().refine((text) => tryParseReference(text) !== undefined, 'want [registry/]repository[:tag]');
const Source = z
  .string()
  .min(1)
  .refine((text) => text !== '-', 'a release is not read from stdin');
const Composition = z.strictObject({
  name: z.string().min(1).max(200),
  images: z
    .array(
      z.union([Source.transform((source) => ({ source, as: undefined })), z.strictObject({ source: Source, as: Reference.optional() })]),
    )
    .min(1)
    .max(ACTIVATED_NAMES_MAX)
    .superRefine((images, context) => {
      const names = images.map(nameOf);
      for (const [i, name] of names.entries())
        if (names.indexOf(name) < i) context.addIssue({ code: 'custom', path: [i], message: `two images would be called ${name}` });
    }),
});

/** However it is written: `shop` and `shop:latest` are one name. */
function nameOf({ source, as = source }: { readonly source: string; readonly as?: string | undefined }): string {
  const reference = tryParseReference(as);
  return reference === undefined ? as : formatReference(reference);
}

export interface Composition {
  readonly name: string;
  /** Images of the engine, or paths of archives; and what they are called over there, where that is another name. */
  readonly images: readonly { readonly source: string; readonly as?: string | undefined }[];
}

/** Paths of archives in the file start at its directory. @throws TransferError USAGE with line and column. */
export async function readComposition(path: string): Promise<Composition> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new TransferError('USAGE', `cannot read ${path}: ${systemCode(error) ?? 'unknown error'}`, { cause: error });
  }
  const { name, images } = readYaml(text, path, Composition, 'want `name`, and `images`: a list of names, or of {source, as}');
  return {
    name,
    images: images.map(({ source, as }) => ({ source: source.startsWith('.') ? resolve(dirname(path), source) : source, as })),
  };
}
