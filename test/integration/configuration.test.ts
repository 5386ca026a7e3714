/** Settings from files and variables, as the agents take them, and what they print of themselves. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAgent, startReceiver } from '../support/agents.ts';
import { appVersion } from '../support/app-versions.ts';
import { leaveOut, missingProgram } from './bench/programs.ts';

let home: string;
let env: Record<string, string>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lmc-'));
  env = { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_STATE_HOME: join(home, 'state') };
  await mkdir(join(home, 'config', 'lighterman'), { recursive: true });
});
afterAll(() => rm(home, { recursive: true, force: true }));

const configFile = (name: string): string => join(home, 'config', 'lighterman', name);

describe('a file of the user', () => {
  it('spares the words, and variables outdo it', async () => {
    await using receiver = await startReceiver(['--deliver', `archive:${join(home, 'out')}`]);
    const archive = join(home, 'image.tar');
    await writeFile(archive, appVersion(1));
    await writeFile(configFile('lighterman.yaml'), `store: ${join(home, 'pool')}\nship:\n  to: ${receiver.address}\n  json: true\n`);
    const shipped = await runAgent('sender', ['ship', archive, '--as', 'shop:1'], { env });
    expect(shipped).toMatchObject({ status: 0, stdout: expect.stringContaining('"event":"shipped"') as string });
    const elsewhere = await runAgent('sender', ['ship', archive], { env: { ...env, LIGHTERMAN_TO: 'nonsense', LIGHTERMAN_JSON: 'false' } });
    expect(elsewhere).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('"nonsense"') as string });
  });

  it('that is wrong ends any command with place and hint, but not the help', async () => {
    await writeFile(configFile('lightermand.yaml'), 'serve:\n  lisen: 127.0.0.1:7700\n');
    const failed = await runAgent('receiver', ['images', '--store', home, '--json'], { env });
    expect(failed.status).toBe(2);
    expect(failed.stderr).toMatch(/lightermand\.yaml:2:10: serve\.lisen: there is no such option or command; did you mean listen\?/);
    expect(JSON.parse(failed.stdout)).toMatchObject({ event: 'failed', code: 'USAGE', exitCode: 2 });
    expect(await runAgent('receiver', ['serve', '--help'], { env })).toMatchObject({ status: 0 });
    expect(await runAgent('receiver', ['completion', 'bash'], { env })).toMatchObject({ status: 0 });
    await rm(configFile('lightermand.yaml'));
  });
});

describe('config show', () => {
  it('tells values and where they came from, and no token', async () => {
    const file = join(home, 'other.yaml');
    await writeFile(file, 'store: /srv/store\nserve: {listen: "127.0.0.1:7700"}\n');
    const shown = await runAgent('receiver', ['config', 'show', '--json', '--config', file], {
      env: { ...env, LIGHTERMAND_DELIVER: 'none', LIGHTERMAND_TOKEN: 'precious' },
    });
    const settings = shown.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { setting: string });
    expect(settings).toContainEqual({ setting: 'serve.listen', value: '127.0.0.1:7700', from: `${file}:2:17` });
    expect(settings).toContainEqual({ setting: 'images.store', value: '/srv/store', from: `${file}:1:8` });
    expect(settings).toContainEqual({ setting: 'restore.deliver', value: 'none', from: 'LIGHTERMAND_DELIVER' });
    expect(settings).toContainEqual({ setting: 'serve.log', value: 'text', from: 'default' });
    expect(shown.stdout).not.toContain('precious');
  });

  it.each([
    ['sender', 'lighterman.yaml', 'ship.to', 'wss://far-host:7700'],
    ['receiver', 'lightermand.yaml', 'serve.deliver', 'engine'],
  ] as const)('of the %s understands the %s of README.md', async (agent, name, setting, value) => {
    const readme = await readFile(join(import.meta.dirname, '../../README.md'), 'utf8');
    const [, text = ''] = new RegExp(`\\n(# ${name}\\n[\\s\\S]*?)\`\`\``).exec(readme) ?? [];
    await writeFile(join(home, name), text);
    const { stdout } = await runAgent(agent, ['config', 'show', '--json', '--config', join(home, name)], { env });
    expect(stdout).toContain(JSON.stringify({ setting, value }).slice(0, -1));
  });

  it('prefers what is said to what excludes it', async () => {
    const restored = await runAgent('receiver', ['restore', 'shop:1', '--store', join(home, 'none'), '-o', '-'], {
      env: { ...env, LIGHTERMAND_DELIVER: 'engine' },
    });
    expect(restored.stderr).not.toContain('restore wants');
  });
});

describe.each(['sender', 'receiver'] as const)('the manual page of the %s', (agent) => {
  it.runIf(!leaveOut(missingProgram('/usr/bin/groff')))('is one that groff has no complaint about', async () => {
    const { stdout, status } = await runAgent(agent, ['man'], { env });
    expect(status).toBe(0);
    const path = join(home, 'page.1');
    await writeFile(path, stdout);
    const printed = await promisify(execFile)('groff', ['-man', '-ww', '-Tutf8', path]);
    expect(printed.stderr).toBe('');
    expect(printed.stdout).toContain('ENGINE_UNREACHABLE: no engine answers');
    expect(stdout).not.toContain(home);
  });
});
