import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { listSettings, settingsTable, unknownVariables } from '../../../shared/commands/config-show.ts';
import { applySettings, settleExclusive, type Origins } from '../../../shared/commands/settings.ts';
import { TransferError } from '../../../shared/errors.ts';
import { exampleProgram, type Outcome } from './program.ts';

const RULES = { except: ['config'], like: { look: 'serve' } };

interface World {
  readonly files?: readonly string[];
  readonly environment?: Record<string, string>;
}

/** Runs a command line of the example program. */
function run(line: string, { files = [], environment = {} }: World = {}): Outcome & { readonly origins: Origins } {
  let called: Outcome | undefined;
  const program = exampleProgram((outcome) => (called = outcome));
  const origins = applySettings(program, { files: files.map((text, i) => ({ path: `${i}.yaml`, text })), environment }, RULES);
  program.parse(line.split(' '), { from: 'user' });
  return { ...(called as Outcome), origins };
}

function failureOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    const { code, message } = TransferError.from(error);
    return `${code} ${message}`;
  }
}

describe('strength', () => {
  const file = 'to: file\nship: {effort: high}';

  it('is that of files over defaults, of the environment over files, of words over both', () => {
    const environment = { LIGHTERMAN_TO: 'variable', LIGHTERMAN_EFFORT: 'low' };
    expect(run('ship a', { files: [file] }).flags).toMatchObject({ to: 'file', effort: 'high', store: '/home/user/pool' });
    expect(run('ship a', { files: [file], environment }).flags).toMatchObject({ to: 'variable', effort: 'low' });
    expect(run('ship a --to words --effort high', { files: [file], environment }).flags).toMatchObject({ to: 'words', effort: 'high' });
  });

  it('is that of the section of a command over the top, and of a later file over both', () => {
    expect(run('ship a', { files: ['to: top\nship: {to: section}'] }).flags).toMatchObject({ to: 'section' });
    expect(run('ship a', { files: ['ship: {to: section}', 'to: later'] }).flags).toMatchObject({ to: 'later' });
  });

  it('holds for lists: what is said replaces what was set', () => {
    const files = ['ship: {to: x, seed-pool: [a, b]}'];
    expect(run('ship a', { files }).flags['seedPool']).toEqual(['a', 'b']);
    expect(run('ship a --seed-pool c d', { files }).flags['seedPool']).toEqual(['c', 'd']);
    expect(run('ship a', { files, environment: { LIGHTERMAN_SEED_POOL: ' e  f' } }).flags['seedPool']).toEqual(['e', 'f']);
  });

  it('lets what is said outdo what excludes it', () => {
    const program = exampleProgram();
    applySettings(program, { files: [{ path: 'f', text: 'ship: {to: x}' }], environment: {} }, RULES);
    program.parse(['ship', 'a', '-o', 'file'], { from: 'user' });
    const ship = program.commands[0] as (typeof program.commands)[0];
    settleExclusive(ship, [
      ['output', 'to'],
      ['store', 'effort'],
    ]);
    expect(ship.opts()).toMatchObject({ output: 'file', effort: 'low' });
    expect(ship.opts()['to']).toBeUndefined();
  });

  it('holds for any value in any of the places', () => {
    const word = fc.stringMatching(/^[a-z0-9./:]{1,12}$/);
    fc.assert(
      fc.property(fc.option(word), fc.option(word), word, (variable, said, set) => {
        const environment = variable === null ? {} : { LIGHTERMAN_TO: variable };
        const line = said === null ? 'ship a' : `ship a --to ${said}`;
        const { flags } = run(line, { files: [`to: ${JSON.stringify(set)}`], environment });
        expect(flags['to']).toBe(said ?? variable ?? set);
      }),
    );
  });
});

describe('values', () => {
  it('are what the option makes of the text', () => {
    expect(run('ship a', { files: ['to: 10.0\nship: {count: 007}'] }).flags).toMatchObject({ to: '10.0', count: 7 });
    expect(run('ship a', { files: ['to: x'], environment: { LIGHTERMAN_COUNT: '3', LIGHTERMAN_JSON: 'true' } }).flags).toMatchObject({
      count: 3,
      json: true,
    });
  });

  it('switches are on or off', () => {
    expect(run('ship a', { files: ['to: x\njson: yes'] }).flags['json']).toBe(true);
    expect(run('ship a', { files: ['to: x\njson: true', 'json: off'] }).flags['json']).toBeUndefined();
    expect(run('ship a', { files: ['to: x\njson: true'], environment: { LIGHTERMAN_JSON: '0' } }).flags['json']).toBeUndefined();
  });

  it('go to the options of a name that can mean them', () => {
    const files = ['to: x\npush: registry:5000'];
    expect(run('ship a', { files }).flags['push']).toBeUndefined();
    expect(run('serve', { files }).flags['push']).toBe('registry:5000');
    expect(run('ship a', { files: ['to: x'], environment: { LIGHTERMAN_PUSH: 'registry:5000' } }).flags['push']).toBeUndefined();
    expect(run('ship a', { files: ['ship: {to: x, push: true}'] }).flags['push']).toBe(true);
  });

  it('of another command serve one that is like it', () => {
    expect(run('look', { files: ['serve: {push: there}'] }).flags['push']).toBe('there');
    expect(run('look', { files: ['serve: {push: there}\nlook: {push: here}'] }).flags['push']).toBe('here');
    expect(run('look', { files: ['serve: {push: there}\npush: top'] }).flags['push']).toBe('there');
  });

  it('of empty files, sections and variables are none', () => {
    for (const text of ['', '# nothing\n', 'ship:\n', 'ship: {}\n']) expect(run('ship a --to x', { files: [text] }).flags['to']).toBe('x');
    expect(() => run('ship a', { environment: { LIGHTERMAN_TO: '' } })).toThrow(/--to/);
  });
});

describe('what cannot be', () => {
  it.each([
    ['no YAML', 'to: [', /^0\.yaml:1:\d+: /],
    ['a key twice', 'to: a\nto: b', /^0\.yaml:2:1: /],
    ['a list at the top', '- to', /^0\.yaml:1:1: file: want keys/],
    ['an unknown key', 'ship:\n  efort: high', '0.yaml:2:10: ship.efort: there is no such option or command; did you mean effort?'],
    ['an option of another command', 'token: {add: {to: x}}', /^0\.yaml:1:19: token\.add\.to: there is no such/],
    ['keys below an option', 'to: {a: b}', '0.yaml:1:5: to: is an option, and takes no keys'],
    ['no section', 'ship: {to: x}\ntoken: {add: 7}', /^0\.yaml:2:14: token\.add: there is no such/],
    ['what is no choice', 'effort: hihg', '0.yaml:1:9: effort: "hihg" is not one of low, high'],
    ['what the option refuses', 'count: many', '0.yaml:1:8: count: "many": want a number.'],
    ['neither on nor off', 'json: perhaps', '0.yaml:1:7: json: "perhaps" is neither true nor false'],
    ['a list for one value', 'ship: {to: [a, b]}', '0.yaml:1:12: ship.to: takes one value, not a list'],
    ['no value', 'ship: {to: }', /^0\.yaml:1:\d+: ship\.to: has no value/],
    ['a file of its own', 'config: other.yaml', /^0\.yaml:1:9: config: there is no such/],
  ])('%s is told with its place', (_what, text, message) => {
    expect(() => run('ship a --to x', { files: [text] })).toThrow(message);
  });

  it('in a variable is told with its name', () => {
    expect(() => run('ship a', { environment: { LIGHTERMAN_EFFORT: 'x' } })).toThrow('LIGHTERMAN_EFFORT: "x" is not one of low, high');
    expect(() => run('ship a', { environment: { LIGHTERMAN_JSON: 'x' } })).toThrow('LIGHTERMAN_JSON: "x" is neither true nor false');
  });

  it('is always a place or none: any text of a file gives settings or USAGE', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('to', 'ship', ': ', '\n', '  ', '{', '}', '[', ']', '- ', '&', '*', '!', '|', '"', "'", 'x') }),
        (text) => {
          expect(failureOf(() => run('token list', { files: [text] }))).toMatch(/^(?:none|USAGE 0\.yaml)/);
        },
      ),
    );
  });
});

describe('config show', () => {
  const environment = {
    LIGHTERMAN_STORE: '/variable',
    LIGHTERMAN_TOKEN: 'precious',
    LIGHTERMAN_EFORT: 'x',
    LIGHTERMAN_CONFIG: 'f',
    OTHER: 'y',
  };
  const program = exampleProgram();
  const files = [{ path: 'f.yaml', text: 'ship:\n  to: ws://name:precious@host:1\n  seed-pool: [a, b]' }];
  const origins = applySettings(program, { files, environment }, RULES);
  const shown = listSettings(program, origins, environment);

  it('has every option of every command, with where it came from', () => {
    expect(shown.map(({ setting }) => setting)).toEqual([
      ...['to', 'store', 'effort', 'seed-pool', 'count', 'output', 'push', 'json'].map((name) => `ship.${name}`),
      'serve.push',
      'look.push',
      'token.add.name',
      'token.list.json',
      'LIGHTERMAN_TOKEN',
    ]);
    expect(shown).toContainEqual({ setting: 'ship.store', value: '/variable', from: 'LIGHTERMAN_STORE' });
    expect(shown).toContainEqual({ setting: 'ship.effort', value: 'low', from: 'default' });
    expect(shown).toContainEqual({ setting: 'ship.seed-pool', value: ['a', 'b'], from: 'f.yaml:3:14' });
    expect(shown).toContainEqual({ setting: 'ship.count', value: undefined, from: 'not set' });
  });

  it('prints no secret', () => {
    expect(JSON.stringify(shown) + settingsTable(shown)).not.toContain('precious');
    expect(settingsTable(shown)).toMatch(/^ship\.to +ws:\/\/\(set\)@host:1 +f\.yaml:2:7$/m);
  });

  it('names variables that nobody knows', () => {
    expect(unknownVariables(program, environment)).toEqual(['LIGHTERMAN_EFORT']);
  });
});
