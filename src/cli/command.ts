import type { ExitCode } from '../core/errors.ts';
import type { Options } from './option.ts';
import type { CommandContext } from './session/context.ts';

/** A command: its name, options, help texts and handler. */
export interface Command {
  readonly name: string;
  /** One line in the list of commands. */
  readonly summary: string;
  /** Usage lines, without `portlog`. */
  readonly usage: readonly string[];
  /** More about it, a paragraph each. */
  readonly about?: readonly string[];
  /** Subcommands, if any. */
  readonly tasks?: readonly Task[];
  /** What its arguments are, for completion; absent: none. */
  readonly words?: 'files' | 'directories' | 'nmap arguments';
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Exit codes with a special meaning for this command. */
  readonly exits?: Partial<Readonly<Record<ExitCode, string>>>;
  /** `words`: arguments that are not options, in order. */
  run(context: CommandContext, words: readonly string[]): Promise<ExitCode>;
}

interface Task {
  readonly name: string;
  /** What stands behind its name: ` [SCAN]`. */
  readonly words?: string;
  readonly summary: string;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

/** Exit codes in a few words; docs/reference/exit-codes.md has the whole. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'delivered',
  1: 'partly',
  2: 'usage',
  3: 'no input',
  4: 'state',
  5: 'sink down',
  130: 'interrupted',
};
