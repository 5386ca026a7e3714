/** What completion offers where: the part that all shells share. */
import {
  isSwitch,
  operandOf,
  visibleOptions,
  walkCommands,
  type ArgumentDefinition,
  type CommandDefinition,
  type OptionDefinition,
} from './tree.ts';

/** What a word stands for. */
export type WordKind = 'file' | 'directory' | 'image' | 'anything' | readonly string[];

/** Lists the images of the engine, one a line; nothing where there is no docker command or engine. */
export const LIST_IMAGES = `docker image ls --format '{{.Repository}}:{{.Tag}}' 2>/dev/null | grep -v '<none>'`;

export interface CompletedOption {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** Undefined for a switch. */
  readonly operand: WordKind | undefined;
}

export interface CompletedCommand {
  /** As it is called, without the program: `token add`. */
  readonly words: string;
  readonly description: string;
  readonly inner: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly CompletedOption[];
  /** What its arguments stand for; undefined where it takes none. */
  readonly argument: WordKind | undefined;
}

export function completedCommands(program: CommandDefinition): CompletedCommand[] {
  return walkCommands(program).map(({ words, command }) => {
    const [argument] = command.registeredArguments;
    return {
      words: words.join(' '),
      description: command.description(),
      inner: command.commands.map((inner) => ({ name: inner.name(), description: inner.description() })),
      options: [...visibleOptions(command).flatMap(completedOption), help(words)],
      argument: argument === undefined ? undefined : argumentKind(argument),
    };
  });
}

function help(words: readonly string[]): CompletedOption {
  return { long: '--help', short: '-h', description: words.length === 0 ? 'what there is' : 'how to use it', operand: undefined };
}

function completedOption(option: OptionDefinition): CompletedOption[] {
  const { long, short, description, argChoices } = option;
  if (long === undefined) return [];
  const operand = isSwitch(option) ? undefined : (argChoices ?? kindOf(operandOf(option)));
  return [{ long, short, description, operand }];
}

function argumentKind(argument: ArgumentDefinition): WordKind {
  // Where only a few words make sense, the description of the argument is the list of them.
  const listed = /^[a-z]+(?:, [a-z]+)+$/.test(argument.description) ? argument.description.split(', ') : undefined;
  return argument.argChoices ?? listed ?? kindOf(argument.name());
}

function kindOf(operand: string): WordKind {
  if (/file/i.test(operand)) return 'file';
  if (/director/i.test(operand)) return 'directory';
  return /image|source/i.test(operand) ? 'image' : 'anything';
}

/** A shell's word in single quotes, as POSIX shells and zsh take it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
