/** `config show`: every setting with its value, and where that came from. */
import type { Origins } from './settings.ts';
import { optionName, variableOf, walkCommands, type CommandDefinition, type OptionDefinition } from './tree.ts';

export interface ShownSetting {
  /** The key by command, as a file has it: `ship.to`. */
  readonly setting: string;
  /** Undefined where it is not set. */
  readonly value: unknown;
  /** `FILE:LINE:COLUMN`, the name of a variable, `default`, or `not set`. */
  readonly from: string;
}

/** What `config show` itself and its like take is nobody's setting. */
const NO_SETTINGS = new Set(['config', 'completion', 'man']);
/** Options and variables whose value is a secret itself, not the name of a file. */
const SECRET = /(?:^|[-_])(?:token|password|secret)$/i;

/** Settings of all commands in the order of their definition. Secrets are told as `(set)`. */
export function listSettings(
  program: CommandDefinition,
  origins: Origins,
  environment: Readonly<Record<string, string | undefined>>,
): ShownSetting[] {
  const shown = configurable(program).map(({ words, command, option }): ShownSetting => {
    const value: unknown = command.getOptionValue(option.attributeName());
    const fallback = value === undefined ? 'not set' : 'default';
    return {
      setting: [...words, optionName(option)].join('.'),
      value: isSecret(optionName(option)) && value !== undefined ? '(set)' : withoutCredentials(value),
      from: origins.get(option) ?? fallback,
    };
  });
  const secrets = variables(program, environment).filter((name) => isSecret(name));
  return [...shown, ...secrets.map((name) => ({ setting: name, value: '(set)', from: name }))];
}

/** Variables of the agent's prefix that no command knows: misspelt ones, mostly. */
export function unknownVariables(program: CommandDefinition, environment: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set(configurable(program).map(({ option }) => variableOf(program.name(), option)));
  known.add(`${program.name().toUpperCase()}_CONFIG`);
  return variables(program, environment).filter((name) => !known.has(name) && !isSecret(name));
}

/** A table for people. */
export function settingsTable(settings: readonly ShownSetting[]): string {
  const rows = settings.map(({ setting, value, from }) => [setting, textOf(value), from]);
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [width(0), Math.min(width(1), 48)];
  return rows.map(([a = '', b = '', c = '']) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c}\n`).join('');
}

function configurable(
  program: CommandDefinition,
): { readonly words: readonly string[]; readonly command: CommandDefinition; readonly option: OptionDefinition }[] {
  return walkCommands(program)
    .filter(({ words }) => words.length > 0 && !NO_SETTINGS.has(words[0] ?? ''))
    .flatMap(({ words, command }) =>
      command.options.filter(({ long }) => long !== undefined).map((option) => ({ words, command, option })),
    );
}

function variables(program: CommandDefinition, environment: Readonly<Record<string, string | undefined>>): string[] {
  const prefix = `${program.name().toUpperCase()}_`;
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && environment[name] !== '')
    .toSorted();
}

function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** Addresses can carry a name and a password. */
function withoutCredentials(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCredentials);
  return typeof value === 'string' ? value.replace(/(:\/\/)[^/@\s]+@/, '$1(set)@') : value;
}

function textOf(value: unknown): string {
  if (value === undefined) return '-';
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}
