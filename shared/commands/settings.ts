/**
 * Settings from files and from the environment, for every option of every command: what the command line does not say, they say.
 *
 * Order of strength: command line, environment, files (the last one first, and in a file the section of the command before what stands
 * at its top), default. Which settings there are follows from the definitions of the commands; README's "Configuration" has the form.
 */
import { TransferError } from '../errors.ts';
import { editDistance } from '../image/near-names.ts';
import { parseYaml, type YamlText } from '../yaml.ts';
import {
  isSwitch,
  optionName,
  variableOf,
  walkCommands,
  type CommandDefinition,
  type OptionDefinition,
  type PlacedCommand,
} from './tree.ts';

/** Letters by which a name differs that may have been meant, and how many of those are told. */
const LETTERS_MAX = 2;
const SUGGESTIONS_MAX = 3;

export interface SettingsFile {
  readonly path: string;
  readonly text: string;
}

export interface SettingsSources {
  /** The weakest first. */
  readonly files: readonly SettingsFile[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface SettingsRules {
  /** Options of the program itself that say where settings come from, and so are none. */
  readonly except: readonly string[];
  /** Commands that look at what another one would do: they use its settings where they have none of their own. */
  readonly like: Readonly<Record<string, string>>;
}

/** Where a value stands: the variable's name, or FILE:LINE:COLUMN. */
interface Found {
  readonly texts: readonly string[];
  readonly kind: 'env' | 'config';
  readonly where: string;
  readonly error: (message: string) => TransferError;
}

/** Where the values of options came from, by command and name; what stands in no source is not there. */
export type Origins = Map<OptionDefinition, string>;

/**
 * Gives the options of all commands their values of files and environment. Call it before the words of a command are looked at: they
 * then replace what was set here.
 * @throws TransferError USAGE for a key or value of a file that no command understands, with its line and column, and for a variable
 *   whose value cannot be.
 */
export function applySettings(program: CommandDefinition, sources: SettingsSources, rules: SettingsRules): Origins {
  const commands = walkCommands(program);
  const files = sources.files.map(({ path, text }) =>
    parseYaml(text, { where: path, texts: true, hint: 'see `config show`, and --help for the options that there are' }),
  );
  for (const file of files) checkKeys(program, file, [], rules);
  const origins: Origins = new Map();
  for (const placed of commands) {
    const like = rules.like[placed.words.join(' ')];
    const sections = [placed.words, ...(like === undefined ? [] : [like.split(' ')])];
    for (const option of placed.command.options) {
      if (option.long === undefined || option.long === '--version') continue;
      if (placed.words.length === 0 && rules.except.includes(optionName(option))) continue;
      const found = findInEnvironment(program, option, sources.environment) ?? findInFiles(option, files, sections);
      if (found === undefined) continue;
      setOption(placed, option, found);
      origins.set(option, found.where);
    }
  }
  return origins;
}

/**
 * Of two options that exclude each other, what the command line says wins over what files and environment say. Call it when the words
 * of the command are known.
 */
export function settleExclusive(command: CommandDefinition, pairs: readonly (readonly [string, string])[]): void {
  const isSaid = (key: string): boolean => command.getOptionValueSource(key) === 'cli';
  const isSet = (key: string): boolean => ['env', 'config'].includes(command.getOptionValueSource(key) ?? '');
  for (const [a, b] of pairs) {
    if (isSaid(a) && isSet(b)) command.setOptionValueWithSource(b, undefined, 'default');
    if (isSaid(b) && isSet(a)) command.setOptionValueWithSource(a, undefined, 'default');
  }
}

function findInEnvironment(
  program: CommandDefinition,
  option: OptionDefinition,
  environment: SettingsSources['environment'],
): Found | undefined {
  const name = variableOf(program.name(), option);
  const text = environment[name];
  if (text === undefined || text === '') return undefined;
  if (!suits(option, text) && walkCommands(program).some(({ command }) => command.options.some(sameName(option, text)))) return undefined;
  const texts = option.variadic ? text.split(/\s+/).filter((word) => word !== '') : [text];
  const error = (message: string): TransferError =>
    new TransferError('USAGE', `${name}: ${message}`, { hint: 'change or unset this environment variable' });
  return { texts, kind: 'env', where: name, error };
}

/** Another option of the same name for which the text is meant. */
function sameName(option: OptionDefinition, text: string): (other: OptionDefinition) => boolean {
  return (other) => optionName(other) === optionName(option) && suits(other, text);
}

function findInFiles(option: OptionDefinition, files: readonly YamlText[], sections: readonly (readonly string[])[]): Found | undefined {
  for (const file of files.toReversed()) {
    // The section of the command, then that of the one it is like, then the top of the file.
    for (const section of [...sections, []]) {
      const path = [...section, optionName(option)];
      const value = valueAt(file.value, path);
      if (value === undefined || isMap(value)) continue;
      const texts = (Array.isArray(value) ? value : [value]).map(String);
      if (section.length === 0 && !texts.every((text) => suits(option, text))) continue;
      return { texts, kind: 'config', where: file.placeOf(path), error: (message) => file.wrong(path, `${path.join('.')}: ${message}`) };
    }
  }
  return undefined;
}

/** A switch is on or off; anything else is for an option that takes a value. */
function suits(option: OptionDefinition, text: string): boolean {
  return !isSwitch(option) || asBoolean(text) !== undefined;
}

function asBoolean(text: string): boolean | undefined {
  if (/^(?:true|yes|on|1)$/i.test(text)) return true;
  return /^(?:false|no|off|0)$/i.test(text) ? false : undefined;
}

/** As the command line would: through the option's own parser and choices. */
function setOption({ command }: PlacedCommand, option: OptionDefinition, { texts, kind, error }: Found): void {
  const key = option.attributeName();
  if (isSwitch(option)) {
    const value = texts.length === 1 ? asBoolean(texts[0] as string) : undefined;
    if (value === undefined) throw error(`"${texts.join(' ')}" is neither true nor false`);
    // What is off is as if it had not been said.
    if (value || option.long?.startsWith('--no-') === true) command.setOptionValueWithSource(key, value, kind);
    return;
  }
  if (texts.length === 0 || texts.includes('')) throw error('has no value');
  if (!option.variadic && texts.length > 1) throw error('takes one value, not a list');
  let value: unknown = option.defaultValue;
  for (const text of texts) {
    if (option.parseArg !== undefined) value = parse(option, text, value, error);
    else value = option.variadic ? [...(text === texts[0] ? [] : (value as string[])), text] : text;
  }
  // Words of the command line replace a default, and are added to anything else.
  if (option.variadic) option.defaultValue = value;
  command.setOptionValueWithSource(key, value, kind);
}

function parse(option: OptionDefinition, text: string, previous: unknown, error: Found['error']): unknown {
  try {
    return option.parseArg?.(text, previous);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw error(option.argChoices === undefined ? `"${text}": ${reason}` : `"${text}" is not one of ${option.argChoices.join(', ')}`);
  }
}

/** Every key is an option of this command or, at the top, of any; or it is a command with a map of its own. */
function checkKeys(command: CommandDefinition, file: YamlText, path: readonly string[], rules: SettingsRules): void {
  const map = path.length === 0 ? file.value : valueAt(file.value, path);
  if (map === null || map === '') return;
  if (!isMap(map)) throw file.wrong(path, `${path.join('.') || 'file'}: want keys with values`);
  const commands = command.commands;
  const options = path.length === 0 ? walkCommands(command).flatMap((placed) => placed.command.options) : command.options;
  const known = options.filter((option) => option.long !== undefined && (path.length > 0 || !rules.except.includes(optionName(option))));
  for (const [key, value] of Object.entries(map)) {
    const inside = [...path, key];
    const inner = commands.find((candidate) => candidate.name() === key);
    if (inner !== undefined && (isMap(value) || value === '')) {
      checkKeys(inner, file, inside, rules);
      continue;
    }
    const named = known.filter((option) => optionName(option) === key);
    if (named.length === 0) throw file.wrong(inside, `${inside.join('.')}: ${unknownKey(key, known, commands)}`);
    if (isMap(value)) throw file.wrong(inside, `${inside.join('.')}: is an option, and takes no keys`);
    const texts = (Array.isArray(value) ? value : [value]).map(String);
    if (!named.some((option) => texts.every((text) => suits(option, text))))
      throw file.wrong(inside, `${inside.join('.')}: "${texts.join(' ')}" is neither true nor false`);
  }
}

function unknownKey(key: string, known: readonly OptionDefinition[], commands: readonly CommandDefinition[]): string {
  const names = [...known.map(optionName), ...commands.map((command) => command.name())];
  const near = [...new Set(names)].filter((name) => editDistance(key, name) <= LETTERS_MAX).slice(0, SUGGESTIONS_MAX);
  return `there is no such option or command${near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`}`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (!isMap(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}
