/** Where this machine gets its Debian packages from, as its own apt configuration says (sources.list(5), both formats). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TransferError } from '../../shared/errors.ts';

/** One suite of one archive, as `deb URI SUITE COMPONENTS` would name it. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

export interface DebianSources {
  /** The release as it was first published, with its point releases. */
  readonly release: AptSource;
  /** Its updates and security suites. */
  readonly updates: readonly AptSource[];
}

/** @throws TransferError USAGE where no release of Debian and no security suite is configured. */
export function debianSources(aptDirectory = '/etc/apt'): DebianSources {
  const sources = aptFiles(aptDirectory).flatMap(([path, text]) => (path.endsWith('.sources') ? parseDeb822(text) : parseOneLine(text)));
  const security = sources.find(({ suite }) => suite.endsWith('-security'));
  const release = sources.find((source) => security?.suite === `${source.suite}-security`);
  if (security === undefined || release === undefined) {
    throw new TransferError('USAGE', `${aptDirectory} names no Debian release with its security suite`, {
      hint: 'the full set is built on Debian; use --quick elsewhere',
    });
  }
  return { release, updates: sources.filter((source) => isUpdate(source) && source.suite.startsWith(`${release.suite}-`)) };
}

function isUpdate({ suite }: AptSource): boolean {
  return suite.endsWith('-security') || suite.endsWith('-updates');
}

/** Reads stanzas of `Types:`, `URIs:`, `Suites:` and `Components:`. */
export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] =>
      (new RegExp(`^${name}:(.*(?:\\n[ \\t].*)*)`, 'im').exec(stanza)?.[1] ?? '')
        .split('\n')
        .filter((line) => !line.trim().startsWith('#'))
        .join(' ')
        .split(/\s+/)
        .filter(Boolean);
    if (!field('Types').includes('deb') || field('Enabled')[0] === 'no') return [];
    return field('URIs').flatMap((uri) => field('Suites').map((suite) => ({ uri, suite, components: field('Components') })));
  });
}

/** Reads lines `deb [options] URI SUITE COMPONENTS`. */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const words = /^\s*deb\s+(?:\[[^\]]*\]\s+)?([^#]*)/.exec(line)?.[1]?.split(/\s+/).filter(Boolean) ?? [];
    const [uri, suite, ...components] = words;
    return uri === undefined || suite === undefined ? [] : [{ uri, suite, components }];
  });
}

function aptFiles(directory: string): [path: string, text: string][] {
  const parts = join(directory, 'sources.list.d');
  const names = existsSync(parts) ? readdirSync(parts).filter((name) => /\.(list|sources)$/.test(name)) : [];
  return [join(directory, 'sources.list'), ...names.map((name) => join(parts, name))]
    .filter((path) => existsSync(path))
    .map((path) => [path, readFileSync(path, 'utf8')]);
}
