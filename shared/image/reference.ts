/**
 * Image references as engines write them: `[registry/]repository[:tag]`. Grammar: the distribution project's reference
 * specification (https://github.com/distribution/reference).
 */
import { TransferError } from '../errors.ts';
import { REF_LENGTH_MAX } from '../limits.ts';

export interface Reference {
  /** Registry host where the reference names one, such as `127.0.0.1:5000`. */
  readonly registry: string | undefined;
  readonly repository: string;
  readonly tag: string;
}

const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const REPOSITORY = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^\w[\w.-]{0,127}$/;
const REGISTRY = /^(?:[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?$/;

/** @throws TransferError USAGE for what is no reference; a digest is not accepted, since nothing can be tagged with one. */
export function parseReference(text: string): Reference {
  const reference = tryParseReference(text);
  if (reference === undefined)
    throw new TransferError('USAGE', `"${text}" is not an image name: want [registry/]repository[:tag] in lower case`);
  return reference;
}

export function tryParseReference(text: string): Reference | undefined {
  if (text.length > REF_LENGTH_MAX) return undefined;
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const hasRegistry = first !== '' && (first === 'localhost' || /[.:[]/.test(first));
  const registry = hasRegistry ? first : undefined;
  const rest = hasRegistry ? text.slice(slash + 1) : text;
  const colon = rest.lastIndexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? 'latest' : rest.slice(colon + 1);
  if (!REPOSITORY.test(repository) || !TAG.test(tag) || (registry !== undefined && !REGISTRY.test(registry))) return undefined;
  return { registry: isDefaultRegistry(registry) ? undefined : registry, repository: familiar(registry, repository), tag };
}

/** The short form that `docker images` shows. */
export function formatReference(reference: Reference): string {
  const registry = reference.registry === undefined ? '' : `${reference.registry}/`;
  return `${registry}${reference.repository}:${reference.tag}`;
}

/** `[registry/]repository` of a name, in short form; undefined for what is no name. */
export function repositoryOf(text: string): string | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined) return undefined;
  return reference.registry === undefined ? reference.repository : `${reference.registry}/${reference.repository}`;
}

/** One spelling for one image: adds `:latest`, drops the default registry and its `library/`; text that is no reference stays as it is. */
export function normaliseReference(text: string): string {
  const reference = tryParseReference(text);
  return reference === undefined ? text : formatReference(reference);
}

/** `NAME_TAG.tar`, the file that an archive receiver writes: every character outside [A-Za-z0-9._-] becomes `_`. */
export function archiveFileName(text: string): string {
  const safe = text.replaceAll(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_');
  return `${safe === '' ? 'image' : safe}.tar`;
}

function isDefaultRegistry(registry: string | undefined): boolean {
  return registry === 'docker.io' || registry === 'index.docker.io';
}

function familiar(registry: string | undefined, repository: string): string {
  return isDefaultRegistry(registry) && repository.startsWith('library/') ? repository.slice('library/'.length) : repository;
}
