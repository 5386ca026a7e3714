/** Completion for bash 4.1 and later, without the bash-completion package. */
import { completedCommands, LIST_IMAGES, quoted, type CompletedCommand, type WordKind } from './completion-words.ts';
import type { CommandDefinition } from './tree.ts';

export function bashCompletion(program: CommandDefinition): string {
  const name = program.name();
  const call = `_${name.replaceAll('-', '_')}`;
  const commands = completedCommands(program);
  const calls = commands.flatMap(({ words, inner }) => inner.map((command) => quoted(`${words} ${command.name}`)));
  return `# bash completion of ${name}: source <(${name} completion bash)
${call}() {
  # Words are looked at as they stand on the line: bash itself would cut the names of images at their colons.
  local line=\${COMP_LINE:0:COMP_POINT} command='' previous='' operand='' word i
  local -a words
  read -ra words <<<"$line"
  local current=\${line##*[[:space:]]}
  [[ -n $current ]] && unset 'words[-1]'
  for ((i = 1; i < \${#words[@]}; i++)); do
    word=\${words[i]}
    case "$command $word" in
      ${calls.join(' | ')}) [[ -z $operand ]] && command="\${command:+$command }$word" ;;
    esac
    operand=''
    case "$command:$word" in
${valueOptions(commands)}
    esac
    previous=$word
  done
  COMPREPLY=()
  if [[ -n $operand ]]; then
    case "$command:$previous" in
${commands.flatMap(operandCases).join('\n')}
    esac
  elif [[ $current == -* ]]; then
    case "$command" in
${commands.map(({ words, options }) => `      ${quoted(words)}) ${offerWords(options.flatMap(({ long, short }) => [long, ...(short === undefined ? [] : [short])]))} ;;`).join('\n')}
    esac
  else
    case "$command" in
${commands.map((command) => `      ${quoted(command.words)}) ${offerArgument(command)} ;;`).join('\n')}
    esac
  fi
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then
    local before=\${current%"\${current##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$before"}")
  fi
}
complete -F ${call} ${name}
`;
}

/** Options after which a value follows. Those of the program itself may stand behind any command. */
function valueOptions(commands: readonly CompletedCommand[]): string {
  const patterns = commands.flatMap(({ words, options }) =>
    options
      .filter(({ operand }) => operand !== undefined)
      .flatMap(({ long, short }) => [long, ...(short === undefined ? [] : [short])])
      .map((option) => (words === '' ? `*:${option}` : quoted(`${words}:${option}`))),
  );
  return patterns.length === 0 ? '      *) ;;' : `      ${patterns.join(' | ')}) operand=yes ;;`;
}

function operandCases({ words, options }: CompletedCommand): string[] {
  return options.flatMap(({ long, short, operand }) => {
    if (operand === undefined || operand === 'anything') return [];
    const names = [long, ...(short === undefined ? [] : [short])].map((option) =>
      words === '' ? `*:${option}` : quoted(`${words}:${option}`),
    );
    return [`      ${names.join(' | ')}) ${offer(operand)} ;;`];
  });
}

function offerArgument({ inner, argument }: CompletedCommand): string {
  if (inner.length > 0) return offerWords(inner.map((command) => command.name));
  return argument === undefined ? ':' : offer(argument);
}

function offer(kind: WordKind): string {
  if (typeof kind !== 'string') return offerWords(kind);
  switch (kind) {
    case 'directory':
      return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current")';
    case 'file':
      return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current")';
    case 'image':
      return `mapfile -t COMPREPLY < <(compgen -W "$(${LIST_IMAGES})" -- "$current"; compgen -f -- "$current")`;
    default:
      return ':';
  }
}

function offerWords(words: readonly string[]): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(words.join(' '))} -- "$current")`;
}
