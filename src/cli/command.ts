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
  /** More about it, one paragraph per item. */
  readonly about?: readonly string[];
  /** Subcommands, if any. */
  readonly tasks?: readonly Task[];
  /** What its arguments are, for completion; absent: none. */
  readonly words?: 'files' | 'directories' | 'nmap arguments';
  readonly options: Options;
  readonly examples: readonly Example[];
  /** Exit codes with a special meaning for this command; undefined: it does not end with that. */
  readonly exits?: Partial<Readonly<Record<ExitCode, string | undefined>>>;
  /** `words`: arguments that are not options, in order. */
  run(context: CommandContext, words: readonly string[]): Promise<ExitCode>;
}

interface Task {
  readonly name: string;
  /** Placeholders behind its name: ` [SCAN]`. */
  readonly words?: string;
  readonly summary: string;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

/** Exit codes in a few words; docs/reference/exit-codes.md explains them. */
const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'delivered',
  1: 'some input or event failed',
  2: 'usage or configuration',
  3: 'nothing to read',
  4: 'state unusable',
  5: 'destination down, events wait',
  130: 'interrupted',
};

/** Exit codes that commands without delivery do not have. */
export const NOTHING_SENT: NonNullable<Command['exits']> = { 1: undefined, 5: undefined, 130: undefined };

/** Exit codes of commands that show the known state. */
export const KNOWN_EXITS: NonNullable<Command['exits']> = { ...NOTHING_SENT, 0: 'shown', 3: 'nothing is known yet, or nothing of that site' };

/** The exit codes of a command, each with its meaning. */
export function exitsOf(own: NonNullable<Command['exits']> = {}): readonly (readonly [code: string, meaning: string])[] {
  return Object.entries({ ...EXIT_MEANINGS, ...own }).flatMap(([code, meaning]) => (meaning === undefined ? [] : [[code, meaning] as const]));
}
