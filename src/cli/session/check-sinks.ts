import { systemClock } from '../../core/clock.ts';
import { EXIT, type ExitCode } from '../../core/errors.ts';
import { timeLimit } from '../../core/deadline.ts';
import type { Unanswered } from '../../delivery/unanswered.ts';
import type { Sink } from '../../sink/sink.ts';
import type { Source } from '../../source/source.ts';
import type { CommandContext } from './context.ts';
import { diagnose, type SinkDiagnosis } from './diagnose.ts';

/** Time limit of the check before shipping, so that a slow server does not delay a running scan. */
export const CHECK_TIMEOUT_MS = 10_000;

interface ToShip {
  readonly sinks: readonly Sink[];
  readonly sources: readonly Pick<Source, 'live'>[];
  /** Whether undelivered events can be kept. */
  readonly isKept: boolean;
  /** The oldest of them are given up when the spool is full. */
  readonly dropsOldest: boolean;
}

/**
 * Checks every sink. When all of them need a person (wrong key, no template), files are not read, and the result is the exit code. A pipe or
 * running nmap is read anyway and kept on disk, because it would be lost otherwise. Events of a sink that is down wait on disk; the result
 * contains these sinks.
 */
export async function checkSinks(
  context: CommandContext,
  { sinks, sources, isKept, dropsOldest }: ToShip,
  stop: AbortSignal,
): Promise<ExitCode | readonly Unanswered[]> {
  const { log, outages } = context;
  const since = systemClock.elapsed();
  const signal = AbortSignal.any([stop, timeLimit(CHECK_TIMEOUT_MS)]);
  const found = await Promise.all(sinks.map((sink) => diagnose(sink, signal)));
  const isNews = sinks.some(({ name }, index) => found[index]?.code !== undefined && outages?.has(name) !== true);
  for (const [index, { name }] of sinks.entries()) logDiagnoses(context, name, found[index]?.found ?? []);
  const codes = found.map(({ code }) => code).filter((code) => code !== undefined);
  if (codes.length === 0) return [];
  if (codes.length === sinks.length && codes.every((code) => code === EXIT.usage) && sources.every(({ live }) => !live)) {
    if (isNews) log.info(sources.length === 0 ? 'nothing was sent' : 'nothing was read, so nothing is lost: ship again once this is fixed');
    return EXIT.usage;
  }
  if (sources.length > 0 && isKept && isNews && !stop.aborted)
    log.warn(
      `the scan is read all the same; what cannot be delivered waits on disk${dropsOldest ? ', the newest of it if there is not enough room' : ''}`,
    );
  return sinks.flatMap((sink, index) => {
    const error = found[index]?.unanswered;
    return error === undefined ? [] : [{ sink, error, since }];
  });
}

function logDiagnoses({ log, outages }: CommandContext, sink: string, found: SinkDiagnosis['found']): void {
  const errors = found.filter(({ level }) => level === 'error');
  const warnings = found.filter(({ level, lasting = false }) => level === 'warning' && !lasting).map(({ message }) => message);
  if (outages === undefined) {
    for (const { message, hint } of errors) log.error({ message, hint });
    for (const message of warnings) log.warn(message);
  } else {
    if (errors.length > 0) outages.isDown(sink, { message: errors.map(({ message }) => message).join('; '), hint: errors[0]?.hint });
    outages.warn(sink, warnings);
  }
  for (const one of found) if (!errors.includes(one) && !warnings.includes(one.message)) log.debug(one.message);
}
