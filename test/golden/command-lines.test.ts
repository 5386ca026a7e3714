/** Every command has examples, and every command line in the documents and examples is one that the agents understand. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runAgent } from '../support/agents.ts';

const root = resolve(import.meta.dirname, '../..');

interface Described {
  readonly options: ReadonlySet<string>;
  readonly examples: readonly string[];
}

/** Options and examples of each command, as the manual pages have them: `lightermand token add`. */
const described = new Map<string, Described>();

beforeAll(async () => {
  for (const agent of ['sender', 'receiver'] as const) {
    const { stdout } = await runAgent(agent, ['man']);
    const page = stdout.replaceAll('\\-', '-').replaceAll(/\\f[BIR]/g, '');
    const everywhere = optionsOf(page.split('\n.SH COMMANDS\n')[0] as string);
    const commands = (page.split('\n.SH COMMANDS\n')[1] as string).split('\n.SH ')[0] as string;
    for (const section of commands.split('.SS ').slice(1)) {
      const words = (section.split('\n')[0] as string).replace(/ [<[].*/, '');
      const examples = [...section.matchAll(/^\.RS\n(.*)\n\.RE$/gm)].map(([, line]) => line as string);
      described.set(words, { options: new Set([...everywhere, ...optionsOf(section), '--help']), examples });
    }
  }
});

function optionsOf(text: string): string[] {
  return [...text.matchAll(/^\.TP\n(-.*)$/gm)].flatMap(([, flags = '']) => [...flags.matchAll(/--?[a-z][a-z-]*/g)].map(([name]) => name));
}

/** What is wrong with a command line: an unknown command or option. */
function complaints(line: string): string[] {
  return line.split(/[|;&)]+\s/).flatMap((part) => {
    const match = /(?:^|\s|\/)(lightermand?) ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?(.*)/.exec(` ${part}`);
    if (match === null) return [];
    const [, program = '', first = '', second = '', rest = ''] = match;
    const found = described.get(`${program} ${first} ${second}`) ?? described.get(`${program} ${first}`);
    if (found === undefined) return [`${program} ${first}: no such command in: ${line}`];
    const said = ` ${second} ${rest}`.replace(/\s#.*/, '');
    return [...said.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].filter(([name]) => !found.options.has(name)).map(([name]) => `${name} in: ${line}`);
  });
}

/** Command lines in fenced blocks of a document, continued lines joined. */
function linesOf(document: string): string[] {
  const text = readFileSync(join(root, document), 'utf8');
  const blocks = document.endsWith('.md')
    ? [...text.matchAll(/```(?:sh|yaml|ini|groovy|dockerfile|)\n([\s\S]*?)```/g)].map(([, block]) => block as string)
    : [text.replaceAll(/^\s*[#;].*$/gm, '')];
  return blocks.flatMap((block) => block.replaceAll('\\\n', ' ').split('\n')).filter((line) => /lightermand? [a-z]/.test(line));
}

describe('command lines', () => {
  it('stand in the help of every command, as examples', () => {
    expect(described.size).toBeGreaterThan(8);
    expect([...described].filter(([, { examples }]) => examples.length === 0).map(([words]) => words)).toEqual([]);
  });

  it('of the help are understood', () => {
    expect([...described.values()].flatMap(({ examples }) => examples).flatMap(complaints)).toEqual([]);
  });

  it.each(['README.md', 'CONTRIBUTING.md', 'sender/sync/SYNC.md'])('of %s are understood', (document) => {
    expect(linesOf(document).flatMap(complaints)).toEqual([]);
  });

  it('of shared/examples/ are understood', () => {
    const files = readdirSync(join(root, 'shared/examples'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const lines = files.flatMap((entry) => linesOf(join(entry.parentPath, entry.name).slice(root.length + 1)));
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.flatMap(complaints)).toEqual([]);
  });

  it('of the compose file are understood, and it is one', () => {
    const { services } = parse(readFileSync(join(root, 'shared/examples/compose.yaml'), 'utf8')) as {
      services: Record<string, { build?: string; image?: string; command?: string[]; volumes?: string[] }>;
    };
    const { receiver, registry } = services;
    expect(complaints(['lightermand', ...(receiver?.command ?? [])].join(' '))).toEqual([]);
    expect(receiver?.command?.[0]).toBe('serve');
    expect([receiver?.build, registry?.image]).toEqual(['.', 'registry:2']);
    const image = readFileSync(join(root, 'shared/examples/Dockerfile'), 'utf8');
    for (const line of ['USER node', 'VOLUME /var/lib/lighterman', 'ENTRYPOINT ["lightermand"]']) expect(image.split('\n')).toContain(line);
    expect(receiver?.volumes?.[0]).toBe('store:/var/lib/lighterman');
  });
});

describe('the units of the sync', () => {
  it('are such for systemd, where there is a systemd to ask', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lmu-'));
    for (const name of ['lighterman-sync.service', 'lighterman-sync.timer'])
      await writeFile(
        join(directory, name),
        // The program need not be installed here.
        readFileSync(join(root, 'shared/examples', name), 'utf8').replaceAll('/usr/local/bin/lighterman', '/bin/true'),
      );
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', join(directory, 'lighterman-sync.timer')], { encoding: 'utf8' });
    await rm(directory, { recursive: true });
    expect(verified.error === undefined ? `${verified.stdout}${verified.stderr}` : '').toBe('');
  });
});
