import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { type Ended, runWithInput } from '../../core/child.ts';
import type { Environment } from '../../core/environment.ts';
import { interpreterOf } from '../../core/interpreter.ts';
import { reasonOf } from '../../core/reason.ts';
import { clipBytes, printable } from '../../event/text.ts';
import { NOTHING } from '../outcome.ts';
import { type Diagnosis, type Entry, type Outcome, SinkError } from '../sink.ts';
import { secretsIn, textWithoutEcho } from '../transport/echo.ts';

/** EX_TEMPFAIL of sysexits.h: "temporary failure; user is invited to retry". */
const TRY_AGAIN = 75;
const MAX_REASON_BYTES = 500;
/** Arguments whose next word is a program text. */
const INLINE: ReadonlySet<string> = new Set(['-c', '-e', '-m', '-S', '--eval', '--split-string']);
/** Errors that pass: there are no resources for another process now. */
const PASSING: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

export type Command = readonly [program: string, ...args: string[]];

interface RunLimits {
  readonly env: Environment;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** Runs the program for one event. */
export async function runProgram(command: Command, entry: Entry, limits: RunLimits): Promise<Outcome> {
  try {
    const ended = await runWithInput(command, { input: entry.parts.join(''), ...limits });
    // A program that fails often repeats its arguments.
    const stderr = textWithoutEcho(ended.stderr, secretsIn(command.slice(1)));
    return outcomeOf(entry, { ...ended, stderr }, limits.limitMs);
  } catch (error) {
    throw notStarted(command[0], error as NodeJS.ErrnoException);
  }
}

function outcomeOf(entry: Entry, { code, signal, stderr, endedBy }: Ended, timeoutMs: number): Outcome {
  const errorText = printable(clipBytes(stderr.trim(), MAX_REASON_BYTES));
  const words = (what: string): string => (errorText === '' ? what : `${what}: ${errorText}`);
  if (code === 0) return { ...NOTHING, delivered: 1 };
  if (endedBy === 'time') return { ...NOTHING, retry: [entry], refusal: { reason: words(`it had not ended after ${timeoutMs / 1000} s`) } };
  if (endedBy === 'stop') return { ...NOTHING, retry: [entry] };
  if (code === TRY_AGAIN) return { ...NOTHING, retry: [entry], refusal: { reason: words(`it ended with ${TRY_AGAIN}`) } };
  return { ...NOTHING, rejected: [{ entry, reason: words(code === null ? `it was ended by ${signal ?? 'a signal'}` : `it ended with ${code}`) }] };
}

function notStarted(program: string, error: NodeJS.ErrnoException): SinkError {
  const kind = PASSING.has(error.code) ? 'temporary' : 'permanent';
  // The kernel reports a script without its interpreter like a missing script.
  const isWithoutInterpreter = error.code === 'ENOENT' && existsSync(program);
  const reason = isWithoutInterpreter ? 'the interpreter in its first line does not exist' : reasonOf(error);
  return new SinkError(kind, `${program} cannot be run: ${reason}`, {
    hint: 'run it by hand, as the user of portlog, to see why',
    cause: error,
  });
}

/** Warns about a program text in the command itself, which may start anything and cannot be checked. */
export function unseen(program: string, args: readonly string[]): readonly Diagnosis[] {
  const word = args.find((one) => INLINE.has(one));
  if (word === undefined) return [];
  return [
    {
      level: 'warning',
      message: `${program} gets a program within its arguments (${word}): whose files that runs cannot all be seen`,
      hint: 'write it into a file, and name that by its absolute path',
      lasting: true,
    },
  ];
}

export function checkProgram(program: string, bounds: string): Diagnosis {
  try {
    if (!statSync(program).isFile()) throw Object.assign(new Error('it is not a file'), { code: 'EACCES' });
    for (const one of [program, ...interpreterOf(program).slice(0, 1)]) accessSync(one, constants.X_OK);
  } catch (error) {
    throw notStarted(program, error as NodeJS.ErrnoException);
  }
  return { level: 'ok', message: `${program} can be run; at most ${bounds}` };
}
