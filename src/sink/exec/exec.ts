import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { runWithInput, type Ended } from '../../core/child.ts';
import { systemClock } from '../../core/clock.ts';
import { PortlogError } from '../../core/errors.ts';
import { interpreterOf } from '../../core/interpreter.ts';
import { reasonOf } from '../../core/reason.ts';
import { ecsParts } from '../../event/ecs.ts';
import { ALERTING } from '../../event/event.ts';
import { digest } from '../../event/id.ts';
import { clipBytes, printable } from '../../event/text.ts';
import { accepting, scopeOf } from '../options.ts';
import { merged, NOTHING } from '../outcome.ts';
import { type Diagnosis, type Entry, MAX_EVENT_BYTES, type Outcome, type Sink, SinkError } from '../sink.ts';
import { encoded } from '../transport/body.ts';
import type { ExecOptions } from './options.ts';

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_EVENTS_PER_SECOND = 10;
/** EX_TEMPFAIL of sysexits.h: "temporary failure; user is invited to retry". */
const TRY_AGAIN = 75;
const MAX_REASON_BYTES = 500;
/** Linux limits an argument to 128 KiB (MAX_ARG_STRLEN); in UTF-16 units, of which each may take three bytes. */
const MAX_WORD_LENGTH = 40_000;
/** Arguments whose next word is a program text. */
const INLINE: ReadonlySet<string> = new Set(['-c', '-e', '-m', '-S', '--eval', '--split-string']);
/** Errors that pass: there are no resources for another process now. */
const PASSING: ReadonlySet<unknown> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']);

/**
 * Starts a program for each event, which it reads as a line of ECS on standard input. Exit code 0: done; 75: retry later;
 * anything else rejects the event, with standard error as the reason.
 */
export function execSink(options: ExecOptions): Sink {
  const {
    command = [],
    environment = {},
    concurrency = DEFAULT_CONCURRENCY,
    eventsPerSecond = DEFAULT_EVENTS_PER_SECOND,
    timeoutMs,
    clock = systemClock,
  } = options;
  const [program, ...args] = command;
  if (program === undefined)
    throw new PortlogError('sink-options', 'the sink "exec" needs a program', {
      hint: 'write command: [/usr/local/bin/respond] at the sink in the configuration file',
    });
  // A program found by PATH could be another one, and its owner could not be checked.
  if (!program.startsWith('/'))
    throw new PortlogError('sink-options', `the sink "exec" needs the whole path of a program, and "${program}" is none`, {
      hint: `command -v ${program} says where it is`,
    });
  if (command.some((word) => word.includes('\0') || word.length > MAX_WORD_LENGTH))
    throw new PortlogError('sink-options', `a word of the command ${program} cannot be given to a program: it has a NUL in it, or is too long`, {
      hint: 'let the program read it from a file',
    });
  /** When the next program may be started, by the clock's `elapsed`. */
  let free = 0;

  return {
    // Arguments may contain a secret, so the name has a hash of them instead.
    name: `exec ${program}${args.length === 0 ? '' : ` (arguments ${digest(args).slice(0, 8)})`}`,
    identity: { type: 'exec', target: program, scope: scopeOf({ args: args.length === 0 ? undefined : digest(args) }, options) },
    // One event per batch: when portlog is killed, only the programs that were running are run again.
    limits: { maxEvents: 1, maxBytes: 1 << 20, maxEventBytes: MAX_EVENT_BYTES, inFlight: concurrency, inFlightPerPartition: concurrency },
    undeliverable: 'keep',
    accepts: accepting({ datasets: options.datasets ?? ALERTING }),
    encode: (event) => encoded([...ecsParts(event), '\n']),
    async check() {
      const bounds = `${concurrency} at the same time, ${eventsPerSecond} a second, ${timeoutMs / 1000} s each`;
      return [diagnose(program, bounds), ...unseen(program, args)];
    },
    async send({ entries }, signal) {
      const outcomes: Outcome[] = [];
      for (const entry of entries) outcomes.push(await run(entry, signal));
      return outcomes.reduce(merged, NOTHING);
    },
    async close() {},
  };

  async function run(entry: Entry, signal: AbortSignal): Promise<Outcome> {
    await turn(signal);
    if (signal.aborted) return { ...NOTHING, retry: [entry] };
    try {
      return outcomeOf(entry, await runWithInput(command, { input: entry.parts.join(''), env: environment, limitMs: timeoutMs, signal }), timeoutMs);
    } catch (error) {
      throw notStarted(program ?? '', error as NodeJS.ErrnoException);
    }
  }

  async function turn(signal: AbortSignal): Promise<void> {
    const now = clock.elapsed();
    const at = Math.max(free, now);
    free = at + 1000 / eventsPerSecond;
    if (at > now) await clock.sleep(at - now, signal);
  }
}

function outcomeOf(entry: Entry, { code, signal, stderr, endedBy }: Ended, timeoutMs: number): Outcome {
  const said = printable(clipBytes(stderr.trim(), MAX_REASON_BYTES));
  const words = (what: string): string => (said === '' ? what : `${what}: ${said}`);
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
  const reason = isWithoutInterpreter ? 'the interpreter that its first line names is not there' : reasonOf(error);
  return new SinkError(kind, `${program} cannot be run: ${reason}`, {
    hint: 'run it by hand, as the user of portlog, to see why',
    cause: error,
  });
}

/** Warns about a program text in the command itself, which may start anything and cannot be checked. */
function unseen(program: string, args: readonly string[]): readonly Diagnosis[] {
  const word = args.find((one) => INLINE.has(one));
  if (word === undefined) return [];
  return [
    {
      level: 'warning',
      message: `${program} gets a program within its arguments (${word}): whose files that runs cannot all be seen`,
      hint: 'write it into a file of its own, and name that by its whole path',
      lasting: true,
    },
  ];
}

function diagnose(program: string, bounds: string): Diagnosis {
  try {
    if (!statSync(program).isFile()) throw Object.assign(new Error('it is not a file'), { code: 'EACCES' });
    for (const one of [program, ...interpreterOf(program).slice(0, 1)]) accessSync(one, constants.X_OK);
  } catch (error) {
    throw notStarted(program, error as NodeJS.ErrnoException);
  }
  return { level: 'ok', message: `${program} can be run; at most ${bounds}` };
}
