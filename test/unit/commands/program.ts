/** A command line with one of everything, as the agents define theirs. */
import { Command, InvalidArgumentError, Option } from 'commander';

export interface Outcome {
  readonly words: string;
  readonly flags: Record<string, unknown>;
}

/** What a command was called with comes to `outcome`. */
export function exampleProgram(outcome: (called: Outcome) => void = () => {}): Command {
  const program = new Command('lighterman').description('Carries things.').version('1.2.3').exitOverride();
  program.configureOutput({ writeErr: () => {} });
  const done =
    (words: string) =>
    (...parts: unknown[]): void =>
      outcome({ words, flags: (parts.at(-2) ?? {}) as Record<string, unknown> });
  program
    .command('ship')
    .description('carry one')
    .argument('<source...>', 'what to carry')
    .requiredOption('--to <address>', 'where to')
    .option('--store <directory>', 'what is kept', '/home/user/pool')
    .addOption(new Option('--effort <level>', 'how hard').choices(['low', 'high']).default('low'))
    .option('--seed-pool <image...>', 'read before')
    .option('--count <n>', 'how often', (text: string) => {
      if (!/^\d+$/.test(text)) throw new InvalidArgumentError('want a number.');
      return Number(text);
    })
    .option('-o, --output <file>', 'into a file')
    .option('--push', 'push it, too')
    .option('--json', 'for machines')
    .addHelpText('after', '\nExamples:\n  lighterman ship a --to b\n  .starts with a point')
    .action(done('ship'));
  program.command('serve').description("it's a server: [all]").option('--push <registry>', 'push there').action(done('serve'));
  program.command('look').description('look at it').option('--push <registry>', 'push there').action(done('look'));
  const token = program.command('token').description('tokens');
  token.command('add').description('make one').option('--name <name>', 'called so').action(done('token add'));
  token.command('list').description('show them').option('--json', 'for machines').action(done('token list'));
  return program;
}
