/** What real shells offer behind the beginning of a line, with a completion script that they have read. */
import { runCommand } from './command.ts';

/** bash: the words that its completion function leaves in COMPREPLY. */
export async function bashOffers(script: string, name: string, line: string): Promise<string[]> {
  const ask = `source "$1"; COMP_LINE=$2; COMP_POINT=\${#2}; _${name} 2>/dev/null; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return lines(await runCommand('bash', ['--norc', '-c', ask, 'bash', script, line]));
}

/** fish: the words of `complete -C`, without their descriptions. */
export async function fishOffers(script: string, _name: string, line: string): Promise<string[]> {
  const output = await runCommand('fish', ['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]', script, line]);
  return lines(output).map((offer) => offer.split('\t')[0] as string);
}

/** zsh: the line as it stands after the tab key, in a terminal of its own. */
export async function zshCompletes(script: string, line: string, expected: string): Promise<string> {
  const ask = `zmodload zsh/zpty
zpty -b shell zsh -f -i
zpty -w shell "PROMPT=; unsetopt beep; autoload -U compinit; compinit -u -D; source \${(q)1}; print REA''DY"
zpty -r shell out '*READY*'
zpty -n -w shell $2$'\\t'
setopt extendedglob
repeat 1200; do
  while zpty -r -t shell part; do seen+=$part; done
  # Without the terminal's own words, which may stand in the middle of the line.
  plain=\${seen//$'\\e'\\[[0-9;?]#[a-zA-Z]/}
  [[ $plain == *$3* ]] && break
  sleep 0.05
done
print -r -- $plain
zpty -d shell`;
  return (await runCommand('zsh', ['-f', '-c', ask, 'zsh', script, line, expected])).toString();
}

function lines(output: Uint8Array): string[] {
  return Buffer.from(output)
    .toString()
    .split('\n')
    .filter((text) => text !== '');
}
