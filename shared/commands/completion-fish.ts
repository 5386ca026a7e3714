/** Completion for fish 3. */
import { completedCommands, LIST_IMAGES, type CompletedCommand, type WordKind } from './completion-words.ts';
import type { CommandDefinition } from './tree.ts';

export function fishCompletion(program: CommandDefinition): string {
  const name = program.name();
  const lines = completedCommands(program).flatMap((command) => commandLines(command, name));
  return `# fish completion of ${name}: ${name} completion fish | source\ncomplete -c ${name} -f\n${lines.join('\n')}\n`;
}

function commandLines({ words, inner, options, argument }: CompletedCommand, name: string): string[] {
  const here = words.split(' ').filter((word) => word !== '');
  const seen = here.map((word) => `__fish_seen_subcommand_from ${word}`);
  const none = inner.length === 0 ? [] : [`not __fish_seen_subcommand_from ${inner.map((command) => command.name).join(' ')}`];
  // Options of the program itself may stand anywhere.
  const start = `complete -c ${name}`;
  return [
    ...inner.map((command) => `${start}${condition([...seen, ...none])} -a ${command.name} -d ${quotedForFish(command.description)}`),
    ...options.map(({ long, short, description, operand }) => {
      const names = `-l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`;
      const value = operand === undefined ? '' : ` ${offer(operand)}`;
      return `${start}${condition(seen)} ${names}${value} -d ${quotedForFish(description)}`;
    }),
    ...(argument === undefined ? [] : [`${start}${condition(seen)} ${argument === 'file' ? '-F' : offer(argument, '-F')}`]),
  ];
}

function condition(parts: readonly string[]): string {
  return parts.length === 0 ? '' : ` -n ${quotedForFish(parts.join('; and '))}`;
}

/** @param files what lets files be offered too. */
function offer(kind: WordKind, files = '-r'): string {
  if (typeof kind !== 'string') return `-x -a ${quotedForFish(kind.join(' '))}`;
  switch (kind) {
    case 'file':
      return '-r -F';
    case 'directory':
      return `-x -a '(__fish_complete_directories)'`;
    case 'image':
      return `${files === '-F' ? '-F' : '-r -F'} -a ${quotedForFish(`(${LIST_IMAGES})`)}`;
    default:
      return files === '-F' ? '-f' : '-x';
  }
}

/** In fish's single quotes only the quote and the backslash are special. */
function quotedForFish(text: string): string {
  return `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
}
