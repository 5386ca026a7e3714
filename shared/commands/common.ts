/** What both programs have besides their work: settings, and the commands that are made from the definitions of the others. */
import { TransferError } from '../errors.ts';
import type { Terminal } from '../terminal/run-command.ts';
import { listSettings, settingsTable, unknownVariables } from './config-show.ts';
import { completionScript, SHELLS } from './completion.ts';
import { manualPage } from './manual.ts';
import { readSettingsFiles, settingsPaths } from './settings-files.ts';
import { applySettings, settleExclusive, type Origins } from './settings.ts';
import type { CommandBuilder, CommandDefinition } from './tree.ts';

/** What the definitions of a program's commands do not say by themselves. */
export interface CommonRules {
  /** Commands that look at what another one would do: they use its settings where they have none of their own. */
  readonly like: Readonly<Record<string, string>>;
  /** Options, by attribute, of which one on the command line outdoes the other in files and environment. */
  readonly exclusive: readonly (readonly [string, string])[];
  /** Variables that are no options, each with the option, by attribute, that it outdoes where that stands in a file. */
  readonly instead: Readonly<Record<string, string>>;
  /** For the help of commands that bring none of their own, by the words that call the command. */
  readonly examples: Readonly<Record<string, readonly string[]>>;
}

export interface CommonOptions extends CommonRules {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Runs a command in the program's frame. */
  readonly run: (json: boolean, command: () => Promise<void>) => Promise<void>;
}

/** Commands that need no settings: shells call them when they begin, whatever stands in a file. */
const WITHOUT_SETTINGS = new Set(['completion', 'man']);

/**
 * Runs what a command line says; call it when all commands are defined.
 * @param status what the command that ran has ended with.
 * @returns the exit status.
 */
export async function runProgram(
  program: CommandBuilder,
  argv: readonly string[],
  options: CommonOptions,
  status: () => number,
): Promise<number> {
  addCommonCommands(program, argv, options);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    // Settings that no command understands.
    if (error instanceof TransferError) await options.run(argv.includes('--json'), () => Promise.reject(error));
    // The package has printed its one line already; help and --version end here too, with 0.
    else if (isCommandLineError(error)) return error.exitCode === 0 ? 0 : new TransferError('USAGE', error.message).exitCode;
    else throw error;
  }
  return status();
}

function isCommandLineError(error: unknown): error is Error & { readonly exitCode: number } {
  return error instanceof Error && 'exitCode' in error && 'code' in error && String(error.code).startsWith('commander.');
}

function addCommonCommands(program: CommandBuilder, argv: readonly string[], options: CommonOptions): void {
  addExamples(program, options.examples);
  let origins: Origins = new Map();
  const { environment } = options;
  const { stdout, stderr } = options.terminal;
  const prefix = program.name().toUpperCase();
  program.option('--config <file>', `settings from this file alone (default: ${settingsPaths(program.name(), {}).at(0)}, then the user's)`);
  program.hook('preSubcommand', (_program: unknown, inner: CommandDefinition) => {
    if (WITHOUT_SETTINGS.has(inner.name()) || argv.includes('--help') || argv.includes('-h')) return;
    const named = (program.getOptionValue('config') as string | undefined) ?? environment[`${prefix}_CONFIG`];
    const files = readSettingsFiles(settingsPaths(program.name(), environment), named === '' ? undefined : named);
    origins = applySettings(program, { files, environment }, { except: ['config'], like: options.like });
  });
  program.hook('preAction', (_program: unknown, action: CommandDefinition) => {
    settleExclusive(action, options.exclusive);
    for (const [variable, key] of Object.entries(options.instead))
      if ((environment[variable] ?? '') !== '' && action.getOptionValueSource(key) === 'config')
        action.setOptionValueWithSource(key, undefined, 'default');
  });

  const show = program.command('config').description('settings: which there are, and where they come from').command('show');
  show
    .description('every setting with its value and where it came from: command line, environment, file, default')
    .option('--json', 'one line of JSON a setting')
    .addHelpText('after', examples(`${program.name()} config show`, `${program.name()} config show --json --config ./other.yaml`))
    .action((flags: { json?: boolean }) =>
      options.run(flags.json === true, async () => {
        const settings = listSettings(program, origins, environment);
        stdout.write(
          flags.json === true
            ? settings.map(({ setting, value = null, from }) => `${JSON.stringify({ setting, value, from })}\n`).join('')
            : settingsTable(settings),
        );
        for (const name of unknownVariables(program, environment)) stderr.write(`${name}: no command knows this variable\n`);
      }),
    );
  program
    .command('completion')
    .description('print the completion of a shell')
    .argument('<shell>', SHELLS.join(', '))
    .addHelpText('after', examples(`source <(${program.name()} completion bash)`, `${program.name()} completion fish | source`))
    .action((shell: string) =>
      options.run(false, async () => {
        const script = completionScript(program, shell);
        if (script === undefined) throw new TransferError('USAGE', `no completion for ${shell}`, { hint: `want ${SHELLS.join(', ')}` });
        stdout.write(script);
      }),
    );
  program
    .command('man')
    .description('print the manual page')
    .addHelpText('after', examples(`${program.name()} man | man -l -`))
    .action(() =>
      options.run(
        false,
        async () =>
          void stdout.write(manualPage(program, { settings: settingsPaths(program.name(), { HOME: '~' }), home: environment['HOME'] })),
      ),
    );
}

/** A command of an earlier or later version may be missing: its examples are then nobody's. */
function addExamples(program: CommandBuilder, known: CommonOptions['examples']): void {
  for (const [words, lines] of Object.entries(known)) {
    let command: CommandBuilder | undefined = program;
    for (const word of words.split(' ')) command = command?.commands.find((inner) => inner.name() === word) as CommandBuilder | undefined;
    command?.addHelpText('after', examples(...lines));
  }
}

/** For the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
