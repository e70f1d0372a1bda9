import { type Clock, systemClock } from '../../core/clock.ts';
import { PortlogError } from '../../core/errors.ts';
import { ecsParts } from '../../event/ecs.ts';
import { ALERTING } from '../../event/event.ts';
import { digest } from '../../event/id.ts';
import { accepting } from '../only.ts';
import { scopeOf } from '../address.ts';
import { mergedOutcome, NOTHING } from '../outcome.ts';
import { MAX_EVENT_BYTES, type Outcome, type Sink } from '../sink.ts';
import { encoded } from '../transport/body.ts';
import type { ExecOptions } from './options.ts';
import { type Command, checkProgram, runProgram, unseen } from './program.ts';

const DEFAULT_CONCURRENCY = 4;
const DEFAULT_EVENTS_PER_SECOND = 10;
/** Linux limits an argument to 128 KiB (MAX_ARG_STRLEN); in UTF-16 units, of which each may take three bytes. */
const MAX_WORD_LENGTH = 40_000;
/**
 * Starts a program for each event, which it reads as a line of ECS on standard input. Exit code 0: done; 75: retry later;
 * anything else rejects the event, with standard error as the reason.
 */
export function execSink(options: ExecOptions): Sink {
  const {
    environment = {},
    concurrency = DEFAULT_CONCURRENCY,
    eventsPerSecond = DEFAULT_EVENTS_PER_SECOND,
    timeoutMs,
    clock = systemClock,
  } = options;
  const command = checkedCommand(options.command);
  const [program, ...args] = command;
  // Arguments may contain a secret, so the name has a hash of them instead.
  const argsDigest = args.length === 0 ? undefined : digest(args);
  const pace = new Pace(clock, 1000 / eventsPerSecond);

  return {
    name: `exec ${program}${argsDigest === undefined ? '' : ` (arguments ${argsDigest.slice(0, 8)})`}`,
    identity: { type: 'exec', target: program, scope: scopeOf({ args: argsDigest }, options) },
    // One event per batch: when portlog is killed, only the programs that were running are run again.
    limits: { maxEvents: 1, maxBytes: 1 << 20, maxEventBytes: MAX_EVENT_BYTES, inFlight: concurrency, inFlightPerPartition: concurrency },
    undeliverable: 'keep',
    accepts: accepting({ datasets: options.datasets ?? ALERTING }),
    encode: (event) => encoded([...ecsParts(event), '\n']),
    async check() {
      const bounds = `${concurrency} at the same time, ${eventsPerSecond} a second, ${timeoutMs / 1000} s each`;
      return [checkProgram(program, bounds), ...unseen(program, args)];
    },
    async send({ entries }, signal) {
      const outcomes: Outcome[] = [];
      for (const entry of entries) {
        await pace.turn(signal);
        outcomes.push(
          signal.aborted ? { ...NOTHING, retry: [entry] } : await runProgram(command, entry, { env: environment, limitMs: timeoutMs, signal }),
        );
      }
      return outcomes.reduce(mergedOutcome, NOTHING);
    },
    async close() {},
  };
}

function checkedCommand([program, ...args]: readonly string[] = []): Command {
  if (program === undefined)
    throw new PortlogError('sink-options', 'the sink "exec" needs a program', {
      hint: 'write command: [/usr/local/bin/respond] at the sink in the configuration file',
    });
  // A program found by PATH could be another one, and its owner could not be checked.
  if (!program.startsWith('/'))
    throw new PortlogError('sink-options', `the sink "exec" needs the whole path of a program, and "${program}" is none`, {
      hint: `command -v ${program} says where it is`,
    });
  if ([program, ...args].some((word) => word.includes('\0') || word.length > MAX_WORD_LENGTH))
    throw new PortlogError('sink-options', `a word of the command ${program} cannot be given to a program: it has a NUL in it, or is too long`, {
      hint: 'let the program read it from a file',
    });
  return [program, ...args];
}

/** Spaces out the starts of programs, also of those that run at the same time. */
class Pace {
  private readonly clock: Clock;
  private readonly intervalMs: number;
  /** When the next program may be started, by the clock's `elapsed`. */
  private free = 0;

  constructor(clock: Clock, intervalMs: number) {
    this.clock = clock;
    this.intervalMs = intervalMs;
  }

  async turn(signal: AbortSignal): Promise<void> {
    const now = this.clock.elapsed();
    const at = Math.max(this.free, now);
    this.free = at + this.intervalMs;
    if (at > now) await this.clock.sleep(at - now, signal);
  }
}
