/** The directory `tokens/` beside the store: one file for each grant, made and removed whole, so that no lock is needed. */
import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, TransferError } from '../../shared/errors.ts';
import { GRANT_BYTES_MAX, GRANTS_MAX } from '../../shared/limits.ts';
import { checkGrantName, parseGrant, type Grant } from './grant.ts';

export interface GrantFiles {
  /** The directory, there or not. */
  readonly directory: string;
  /** Undefined where no grant was ever made. `damaged`: files that are no grants, or cannot be read. */
  read(): Promise<{ readonly grants: readonly Grant[]; readonly damaged: readonly string[] } | undefined>;
  /** @throws TransferError USAGE where there is one of that name. */
  add(grant: Grant): Promise<void>;
  /** @throws TransferError USAGE where there is none. */
  remove(name: string): Promise<void>;
  /** Where SentChunks of this grant are kept. */
  sentPath(name: string): string;
}

export function openGrantFiles(store: string): GrantFiles {
  const directory = join(store, 'tokens');
  const path = (name: string): string => join(directory, `${checkGrantName(name)}.json`);
  const sentPath = (name: string): string => join(directory, `${checkGrantName(name)}.sent`);
  return {
    directory,
    sentPath,
    async read() {
      const names = await listNames(directory);
      if (names === undefined) return undefined;
      const read = await Promise.all(names.map(async (name) => ({ name, grant: await readGrant(path(name), name) })));
      return {
        grants: read.flatMap(({ grant }) => grant ?? []),
        damaged: read.filter(({ grant }) => grant === undefined).map(({ name }) => path(name)),
      };
    },
    async add(grant) {
      const target = path(grant.name);
      const temporary = join(directory, `.${randomBytes(8).toString('hex')}.new`);
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        if (((await listNames(directory)) ?? []).length >= GRANTS_MAX)
          throw new TransferError('LIMIT_EXCEEDED', `${directory} has ${GRANTS_MAX} tokens, which is the limit`);
        await rm(sentPath(grant.name), { force: true });
        await writeDurably(temporary, `${JSON.stringify(grant, undefined, 2)}\n`);
        await giveToOwner(store, directory, temporary);
        // A link fails where the name is taken: two that add the same name at once cannot both succeed.
        await link(temporary, target);
        await syncDirectory(directory);
      } catch (error) {
        if (systemCode(error) === 'EEXIST')
          throw new TransferError('USAGE', `there is a token ${grant.name} already`, { hint: 'revoke it first, or choose another name' });
        throw TransferError.from(error, directory);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    async remove(name) {
      try {
        await rm(path(name));
        await rm(sentPath(name), { force: true });
        await syncDirectory(directory);
      } catch (error) {
        if (systemCode(error) === 'ENOENT')
          throw new TransferError('USAGE', `there is no token ${name}`, { hint: 'see `lightermand token list`' });
        throw TransferError.from(error, directory);
      }
    },
  };
}

/** Names of grants in their order, at most GRANTS_MAX; undefined where there is no directory. */
async function listNames(directory: string): Promise<string[] | undefined> {
  try {
    const files = await readdir(directory);
    return files
      .flatMap((file) => /^([a-z0-9][^/]*)\.json$/.exec(file)?.[1] ?? [])
      .toSorted()
      .slice(0, GRANTS_MAX);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw TransferError.from(error, directory);
  }
}

async function readGrant(path: string, name: string): Promise<Grant | undefined> {
  try {
    if ((await stat(path)).size > GRANT_BYTES_MAX) return undefined;
    return parseGrant(await readFile(path, 'utf8'), name);
  } catch {
    return undefined;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  await handle.writeFile(text);
  await handle.datasync();
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

/** What root makes in a store that belongs to the receiver's user must be readable for that user. */
async function giveToOwner(store: string, ...paths: readonly string[]): Promise<void> {
  const { uid, gid } = await stat(store);
  if (process.getuid?.() === 0 && uid !== 0) for (const path of paths) await chown(path, uid, gid);
}
