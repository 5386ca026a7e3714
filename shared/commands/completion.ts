/** Completion for shells, made from the definitions of the commands; what a word stands for follows from the name of its operand. */
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import type { CommandDefinition } from './tree.ts';

const SCRIPTS: Readonly<Record<string, (program: CommandDefinition) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const SHELLS: readonly string[] = Object.keys(SCRIPTS);

/** Undefined for a shell that nobody has written this for. */
export function completionScript(program: CommandDefinition, shell: string): string | undefined {
  return Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell]?.(program) : undefined;
}
