/** The manual page of a program (man(7)), made from the definitions of its commands and the table of errors. */
import { ERROR_TABLE } from '../errors.ts';
import { VERSION } from '../version.ts';
import {
  isSwitch,
  optionName,
  variableOf,
  visibleOptions,
  walkCommands,
  type CommandDefinition,
  type OptionDefinition,
  type PlacedCommand,
} from './tree.ts';

export interface ManualFacts {
  /** Where files of settings are looked for, the weakest first. */
  readonly settings: readonly string[];
  /** The home directory, which stands as `~` in what the page says of defaults. */
  readonly home: string | undefined;
}

/** Roff for `man -l -`. */
export function manualPage(program: CommandDefinition, facts: ManualFacts): string {
  const name = program.name();
  const commands = walkCommands(program).filter(({ words, command }) => words.length > 0 && command.commands.length === 0);
  const other = name === 'lighterman' ? 'lightermand' : 'lighterman';
  const page = [
    `.TH ${name.toUpperCase()} 1 "" "Lighterman ${VERSION}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(lowerFirst(program.description()))}`,
    '.SH SYNOPSIS',
    ...commands.flatMap(synopsis(name)),
    '.SH DESCRIPTION',
    roff(program.description()),
    '.SH OPTIONS',
    ...visibleOptions(program).flatMap(optionEntry),
    '.SH COMMANDS',
    ...commands.flatMap(commandSection(name)),
    '.SH CONFIGURATION',
    roff(
      `What the command line does not say may stand in the environment or in a file, in that order of strength. "${name} config show" prints every setting and where it came from.`,
    ),
    '.SH FILES',
    ...facts.settings.flatMap((path) => [
      '.TP',
      `.I ${roff(path)}`,
      'Settings: the long options, at the top or under the name of a command.',
    ]),
    '.SH ENVIRONMENT',
    ...variables(program).flatMap(([variable, text]) => ['.TP', `.B ${roff(variable)}`, roff(text)]),
    '.SH EXIT STATUS',
    ...exitStatus(),
    '.SH SEE ALSO',
    `.BR ${other} (1)`,
  ].join('\n');
  return `${facts.home === undefined || facts.home.length < 2 ? page : page.replaceAll(roff(facts.home), '~')}\n`;
}

function synopsis(name: string): (placed: PlacedCommand) => string[] {
  return ({ words, command }) => [
    '.br',
    `\\fB${roff([name, ...words].join(' '))}\\fR ${roff(argumentsOf(command))}${command.options.length === 0 ? '' : ' [\\fIoption\\fR...]'}`,
  ];
}

function argumentsOf(command: CommandDefinition): string {
  return command.registeredArguments
    .map((argument) => {
      const text = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${text}>` : `[${text}]`;
    })
    .join(' ');
}

function commandSection(name: string): (placed: PlacedCommand) => string[] {
  return ({ words, command }) => [
    `.SS ${roff([name, ...words, argumentsOf(command)].join(' ').trimEnd())}`,
    roff(command.description()),
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .flatMap((argument) => ['.TP', `\\fI${roff(argument.name())}\\fR`, roff(argument.description)]),
    ...visibleOptions(command).flatMap(optionEntry),
    ...exampleLines(command),
  ];
}

function optionEntry(option: OptionDefinition): string[] {
  const { argChoices, defaultValue, defaultValueDescription, mandatory, description } = option;
  const notes = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(defaultValue === undefined || isSwitch(option) ? [] : [`default: ${defaultValueDescription ?? String(defaultValue)}`]),
    ...(mandatory && defaultValue === undefined ? ['required'] : []),
  ];
  return ['.TP', `\\fB${roff(option.flags)}\\fR`, roff(`${description}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`)];
}

/** Examples stand in the text that a command's help ends with. */
function exampleLines(command: CommandDefinition): string[] {
  const lines = helpOf(command).split('\n');
  const at = lines.findIndex((line) => /^Examples?:/.test(line));
  const found = at === -1 ? [] : lines.slice(at + 1).filter((line) => line.startsWith('  '));
  return found.length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', ...found.map((line) => `.RS\n${roff(line.trim())}\n.RE`), '.fi'];
}

/** The whole help of a command, as it would be printed. */
export function helpOf(command: CommandDefinition): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part) });
  command.outputHelp();
  return text;
}

/** The variables of all options; what several commands take is there once. */
function variables(program: CommandDefinition): [string, string][] {
  const found = new Map<string, string[]>();
  for (const { words, command } of walkCommands(program)) {
    for (const option of visibleOptions(command)) {
      if (optionName(option) === 'version' || option.long === undefined) continue;
      const variable = variableOf(program.name(), option);
      found.set(variable, [...(found.get(variable) ?? []), `${option.long}${words.length === 0 ? '' : ` of ${words.join(' ')}`}`]);
    }
  }
  return [...found].map(([variable, uses]) => [variable, `As ${uses.join(', ')}.`]);
}

function exitStatus(): string[] {
  const byExit = new Map<number, string[]>([[0, ['done']]]);
  for (const [code, { exit, cause }] of Object.entries(ERROR_TABLE)) byExit.set(exit, [...(byExit.get(exit) ?? []), `${code}: ${cause}`]);
  return [...byExit].toSorted(([a], [b]) => a - b).flatMap(([exit, causes]) => ['.TP', `.B ${exit}`, causes.map(roff).join('\n.br\n')]);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}

/** Text as roff prints it unchanged. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll(/^([.'])/gm, '\\&$1');
}
