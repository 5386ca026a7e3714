/**
 * The definitions of a command line as the rest of the product reads them: settings, completion and manual are derived from what is
 * defined, so that no option is forgotten. The shapes are those of the package that parses command lines; nothing here imports it.
 */

export interface OptionDefinition {
  /** As help shows it: `-o, --output <file>`. */
  readonly flags: string;
  readonly description: string;
  /** `--to`. */
  readonly long?: string | undefined;
  readonly short?: string | undefined;
  /** Takes a value. */
  readonly required: boolean;
  /** May take a value. */
  readonly optional: boolean;
  /** Takes several values. */
  readonly variadic: boolean;
  /** The command does not run without it. */
  readonly mandatory: boolean;
  readonly hidden: boolean;
  readonly argChoices?: readonly string[] | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the package has it
  defaultValue?: any;
  readonly defaultValueDescription?: string | undefined;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the package has it
  readonly parseArg?: ((value: string, previous: any) => any) | undefined;
  attributeName(): string;
}

export interface ArgumentDefinition {
  readonly description: string;
  readonly required: boolean;
  readonly variadic: boolean;
  readonly argChoices?: readonly string[] | undefined;
  name(): string;
}

export interface CommandDefinition {
  readonly commands: readonly CommandDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly registeredArguments: readonly ArgumentDefinition[];
  name(): string;
  description(): string;
  /** Prints the help, with what was added to it. */
  outputHelp(): void;
  configureOutput(output: { readonly writeOut: (text: string) => void }): unknown;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the package has it
  getOptionValue(key: string): any;
  getOptionValueSource(key: string): string | undefined;
  setOptionValueWithSource(key: string, value: unknown, source: string): unknown;
}

/** A command and the words that call it: `['token', 'add']`; none for the program itself. */
export interface PlacedCommand {
  readonly words: readonly string[];
  readonly command: CommandDefinition;
}

/** The program and all its commands, each before those inside it. */
export function walkCommands(command: CommandDefinition, words: readonly string[] = []): PlacedCommand[] {
  return [{ words, command }, ...command.commands.flatMap((inner) => walkCommands(inner, [...words, inner.name()]))];
}

/** Options that are there to be seen. */
export function visibleOptions(command: CommandDefinition): readonly OptionDefinition[] {
  return command.options.filter(({ hidden }) => !hidden);
}

/** What an option is called in files: `seed-pool` for `--seed-pool`, `color` for `--no-color`. */
export function optionName({ long }: OptionDefinition): string {
  return (long ?? '').replace(/^--(?:no-)?/, '');
}

/** The variable of an option: `LIGHTERMAN_SEED_POOL`. */
export function variableOf(program: string, option: OptionDefinition): string {
  return `${program}_${optionName(option)}`.toUpperCase().replaceAll('-', '_');
}

/** Whether an option is either given or not. */
export function isSwitch({ required, optional }: OptionDefinition): boolean {
  return !required && !optional;
}

/** What an option takes, as help writes it: `<file>`, `[when]`, or nothing. */
export function operandOf({ flags }: OptionDefinition): string {
  return /[<[].*$/.exec(flags)?.[0] ?? '';
}

/** As much of the package's fluent interface as it takes to define a command. */
export interface CommandBuilder extends CommandDefinition {
  command(name: string): CommandBuilder;
  description(): string;
  description(text: string): CommandBuilder;
  argument(flags: string, description: string): CommandBuilder;
  option(flags: string, description: string, defaultValue?: string): CommandBuilder;
  parseAsync(argv: readonly string[]): Promise<unknown>;
  addHelpText(position: 'after', text: string): CommandBuilder;
  // oxlint-disable-next-line typescript/no-explicit-any -- arguments and flags are as they were defined
  action(listener: (...words: any[]) => void | Promise<void>): CommandBuilder;
  // oxlint-disable-next-line typescript/no-explicit-any -- as the package has it
  hook(event: 'preSubcommand' | 'preAction', listener: (command: any, inner: any) => void): CommandBuilder;
}
