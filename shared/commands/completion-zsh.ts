/** Completion for zsh, through its own `_arguments`. */
import { completedCommands, LIST_IMAGES, quoted, type CompletedCommand, type CompletedOption, type WordKind } from './completion-words.ts';
import type { CommandDefinition } from './tree.ts';

export function zshCompletion(program: CommandDefinition): string {
  const name = program.name();
  const prefix = `_${name.replaceAll('-', '_')}`;
  const commands = completedCommands(program);
  return `#compdef ${name}
# zsh completion of ${name}: in a directory of $fpath as _${name}, or: source <(${name} completion zsh)
${prefix}_images() {
  local -a images=("\${(@f)$(${LIST_IMAGES})}")
  compadd -a images
  _files
}
${commands.map((command) => completer(command, prefix)).join('')}
if [[ $funcstack[1] == ${prefix} ]]; then
  ${prefix} "$@"
else
  compdef ${prefix} ${name}
fi
`;
}

function completer(command: CompletedCommand, prefix: string): string {
  const specs = command.options.flatMap((option) => optionSpecs(option, prefix));
  const { inner, argument } = command;
  if (inner.length > 0) specs.push(quoted('1:command:->command'), quoted('*::argument:->argument'));
  else if (argument !== undefined) specs.push(quoted(`*:argument:${action(argument, prefix)}`));
  const body = [`  _arguments -C -s ${specs.join(' \\\n    ')}`];
  if (inner.length > 0) {
    const described = inner.map(({ name, description }) => quoted(`${name}:${description}`));
    const calls = inner.map(({ name }) => `        ${name}) ${functionOf(prefix, `${command.words} ${name}`)} ;;`);
    body.push(
      `  case $state in
    command)
      local -a commands=(${described.join(' ')})
      _describe command commands ;;
    argument)
      case $words[1] in
${calls.join('\n')}
      esac ;;
  esac`,
    );
  }
  return `${functionOf(prefix, command.words)}() {
  local context state state_descr line
  typeset -A opt_args
${body.join('\n')}
}
`;
}

function functionOf(prefix: string, words: string): string {
  return [prefix, ...words.split(' ').filter((word) => word !== '')].join('_').replaceAll('-', '_');
}

function optionSpecs({ long, short, description, operand }: CompletedOption, prefix: string): string[] {
  const told = `[${description.replaceAll(/[[\]\\:]/g, String.raw`\$&`)}]`;
  return [long, ...(short === undefined ? [] : [short])].map((name) => {
    if (operand === undefined) return quoted(`${name}${told}`);
    return quoted(`${name}${name.startsWith('--') ? '=' : '+'}${told}:value:${action(operand, prefix)}`);
  });
}

function action(kind: WordKind, prefix: string): string {
  if (typeof kind !== 'string') return `(${kind.join(' ')})`;
  return { file: '_files', directory: '_files -/', image: `${prefix}_images`, anything: '' }[kind as 'file'];
}
