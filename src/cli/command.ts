import type { ExitCode } from '../core/errors.ts';
import type { Options } from './option.ts';
import type { CommandContext } from './session/context.ts';

/** A command, whole: what it is called, what it takes, what help and the reference say of it, and what it does. */
export interface Command {
  readonly name: string;
  /** What it does, in a line of the list of commands. */
  readonly summary: string;
  /** How it is called, a line each way, without `portlog`. */
  readonly usage: readonly string[];
  /** More about it, a paragraph each. */
  readonly about?: readonly string[];
  /** What its first word may be, when that is one of a few. */
  readonly tasks?: readonly Task[];
  /** What its other words are, for a shell that completes them; none when left out. */
  readonly words?: 'files' | 'directories' | 'nmap arguments';
  readonly options: Options;
  readonly examples: readonly Example[];
  /** What an exit code means here, where that is not what it means everywhere. */
  readonly exits?: Partial<Readonly<Record<ExitCode, string>>>;
  /** `words` are what is no option, in order. */
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

/** What the exit codes mean, in a few words; docs/reference/exit-codes.md has the whole. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'delivered',
  1: 'partly',
  2: 'usage',
  3: 'no input',
  4: 'state',
  5: 'sink down',
  130: 'interrupted',
};
