/** The parts of the OCI image layout (specification 1.0) that are read: descriptors, indexes, manifests, and where blobs lie. */
import { z } from 'zod';
import { utf8Text } from '../bytes.ts';
import { TransferError } from '../errors.ts';
import { IMAGE_JSON_BYTES_MAX, IMAGES_PER_ARCHIVE_MAX, LAYERS_MAX } from '../limits.ts';

/** Gives a member of the archive to read as JSON, links followed; undefined where there is none of that name. */
export type ReadMember = (name: string) => Promise<Uint8Array | undefined>;
/** The name of the member that really holds the bytes (links followed), or undefined. */
export type ResolveMember = (name: string) => string | undefined;

export interface Descriptor {
  readonly mediaType?: string | undefined;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly platform?: unknown;
}

export const Digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const DescriptorSchema = z.object({
  mediaType: z.string().max(255).optional(),
  digest: Digest,
  size: z.number().int().min(0),
  annotations: z.record(z.string(), z.string()).optional(),
  platform: z.unknown().optional(),
});
export const Index = z.object({ manifests: z.array(DescriptorSchema).max(IMAGES_PER_ARCHIVE_MAX) });
export const Manifest = z.object({
  config: DescriptorSchema.optional(),
  layers: z.array(DescriptorSchema).max(LAYERS_MAX).optional(),
  manifests: z.array(DescriptorSchema).max(256).optional(),
});

/** An index or a manifest, of OCI or of Docker. */
export function isManifestType(mediaType: string | undefined): boolean {
  return mediaType === undefined || /\.(?:manifest|index|manifest\.list)\.v[12]\+json$/.test(mediaType);
}

/** The member that holds a blob. */
export function blobMember(digest: string): string {
  return `blobs/sha256/${digest.slice('sha256:'.length)}`;
}

/** @throws TransferError ARCHIVE_INVALID, LIMIT_EXCEEDED. */
export function parseJson<T>(schema: z.ZodType<T>, bytes: Uint8Array, name: string): T {
  if (bytes.byteLength > IMAGE_JSON_BYTES_MAX)
    throw new TransferError('LIMIT_EXCEEDED', `${name} has ${bytes.byteLength} bytes, the limit is ${IMAGE_JSON_BYTES_MAX}`);
  let value: unknown;
  try {
    value = JSON.parse(utf8Text(bytes));
  } catch (error) {
    throw new TransferError('ARCHIVE_INVALID', `${name} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new TransferError('ARCHIVE_INVALID', `${name} is not what engines write: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}
