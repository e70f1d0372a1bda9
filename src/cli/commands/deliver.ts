import type { Settings } from '../../config/settings.ts';
import { systemClock } from '../../clock.ts';
import { EXIT, type ExitCode, PortlogError } from '../../errors.ts';
import { ship, type ShipReport } from '../../ship.ts';
import { createSink } from '../../sink/registry.ts';
import type { Sink } from '../../sink/sink.ts';
import { stdoutSink } from '../../sink/stdout.ts';
import { tableSink } from '../../sink/table.ts';
import type { Source } from '../../source/source.ts';
import { diagnose } from '../diagnose.ts';
import { exitCode, jsonSummary, printSummary } from '../report/summary.ts';
import { progressReporter } from '../report/progress.ts';
import { onInterrupt } from '../signals.ts';
import { type CommandContext, text } from './context.ts';

/** Ships what the sources give to the sinks of the settings, and says how it went: `ship` and `scan`. */
export async function deliver(context: CommandContext, settings: Settings, sources: readonly Source[], scannerHost?: string): Promise<ExitCode> {
  const { speaker, terminal } = context;
  const sinks = await sinksOf(context, settings);
  const interruption = onInterrupt((text) => speaker.say(text));
  try {
    const ready = await checkAll(context, sinks, sources, interruption.giveUp);
    if (ready !== undefined) return ready;
    const report = await ship({
      sources,
      sinks,
      event: { ...settings.event, scannerHost },
      stateDir: settings.stateDir,
      retryForMs: settings.retryForMs,
      stop: interruption.stop,
      giveUp: interruption.giveUp,
      // On a terminal the table itself shows how far reading has come.
      ...(terminal.stdout.isTTY === true && showsTable(context, settings) ? {} : { onProgress: progressReporter(speaker, systemClock.now) }),
    });
    return conclude(context, settings, report);
  } finally {
    interruption.release();
    await Promise.allSettled(sinks.map((sink) => sink.close()));
  }
}

function conclude(context: CommandContext, settings: Settings, report: ShipReport): ExitCode {
  const { speaker, values } = context;
  printSummary(report, speaker);
  if (values['json'] === true) speaker.raw(`${jsonSummary(report)}\n`);
  if (settings.sinks.length === 0 && context.terminal.stdout.isTTY === true)
    speaker.say('to ship this to a SIEM: portlog --to elasticsearch=https://HOST:9200 FILE (portlog --help)');
  return exitCode(report);
}

async function sinksOf(context: CommandContext, settings: Settings): Promise<readonly Sink[]> {
  const { stdout } = context.terminal;
  if (settings.sinks.length === 0) return [standardOutput(context, settings)];
  return Promise.all(settings.sinks.map(async (sink) => (sink.type === 'stdout' ? stdoutSink(stdout, lineFormat(context)) : createSink(sink))));
}

function standardOutput(context: CommandContext, settings: Settings): Sink {
  const { stdout } = context.terminal;
  return showsTable(context, settings)
    ? tableSink(stdout, stdout.isTTY === true && (context.env['NO_COLOR'] ?? '') === '')
    : stdoutSink(stdout, lineFormat(context));
}

/** Without `--to`: a table for a person at a terminal, lines for a program behind a pipe. */
function showsTable({ values, terminal }: CommandContext, settings: Settings): boolean {
  const format = text(values, 'format');
  return settings.sinks.length === 0 && (format === 'table' || (format === undefined && terminal.stdout.isTTY === true));
}

function lineFormat({ values }: CommandContext): 'ecs' | 'otel' {
  return text(values, 'format') === 'otel' ? 'otel' : 'ecs';
}

/**
 * Asks every sink whether it is ready. A file can be shipped later, so nothing is read when none is;
 * what comes from a pipe or from nmap would be lost, so it is read and kept all the same. A sink that
 * is not ready costs the others nothing.
 */
async function checkAll(
  context: CommandContext,
  sinks: readonly Sink[],
  sources: readonly Source[],
  signal: AbortSignal,
): Promise<ExitCode | undefined> {
  const { speaker } = context;
  const codes: ExitCode[] = [];
  for (const sink of sinks) {
    const code = await checkOne(context, sink, signal);
    if (code !== undefined) codes.push(code);
  }
  if (codes.length === 0) return undefined;
  if (codes.length === sinks.length && sources.every(({ live }) => !live)) {
    speaker.say('nothing was read, so nothing is lost: ship again when this is mended');
    return codes.includes(EXIT.usage) ? EXIT.usage : EXIT.sinkDown;
  }
  speaker.warn('the scan is read all the same; what cannot be delivered is kept');
  return undefined;
}

async function checkOne({ speaker }: CommandContext, sink: Sink, signal: AbortSignal): Promise<ExitCode | undefined> {
  const { found, code } = await diagnose(sink, signal);
  for (const { level, message, hint } of found) {
    if (level === 'error') speaker.error({ message, hint });
    else if (level === 'warning') speaker.warn(message);
    else speaker.detail(message);
  }
  return code;
}

export function refuseTableTo(context: CommandContext, settings: Settings): void {
  if (text(context.values, 'format') === 'table' && settings.sinks.length > 0)
    throw new PortlogError('usage', '--format table is for standard output without --to', { hint: 'leave --to or --format out' });
}
