import type { Settings } from '../../config/settings.ts';
import { timeLimit } from '../../core/deadline.ts';
import { EXIT, PortlogError } from '../../core/errors.ts';
import type { LineFormat } from '../../event/lines.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { narrowed, accepting } from '../../sink/only.ts';
import { createSink } from '../../sink/registry.ts';
import type { Sink } from '../../sink/sink.ts';
import { stdoutSink } from '../../sink/stdout/stdout.ts';
import { tableSink } from '../../sink/stdout/table.ts';
import type { SinkAnswer } from '../../unattended/readiness.ts';
import { CHECK_TIMEOUT_MS } from './check-sinks.ts';
import { type CommandContext, text } from './context.ts';
import { diagnose } from './diagnose.ts';
import { duplicateSinkProblem } from './duplicate-sinks.ts';

/** A sink without the means to send. */
export type NamedSink = Pick<Sink, 'name' | 'identity' | 'undeliverable'>;

/** Opens the configured sinks, or standard output without any. Throws for an invalid sink, and for two that are one. */
export async function sinksOf(context: CommandContext, settings: Settings): Promise<readonly Sink[]> {
  const notify = (sentence: string): void => context.log.info(sentence);
  if (settings.sinks.length === 0) return [standardOutput(context, settings)];
  const sinks = await Promise.all(settings.sinks.map(async (sink) => (sink.type === 'stdout' ? linesTo(context, sink) : createSink(sink, notify))));
  const problem = duplicateSinkProblem(sinks);
  if (problem === undefined) return sinks;
  await Promise.all(sinks.map((sink) => sink.close()));
  throw problem;
}

/** Names and state keys of the configured sinks. Throws for an invalid sink. */
export async function sinkNames(context: CommandContext, settings: Settings): Promise<readonly NamedSink[]> {
  const sinks = await sinksOf(context, settings);
  await Promise.all(sinks.map((sink) => sink.close()));
  return sinks.map(({ name, identity, undeliverable }) => ({ name, identity, undeliverable }));
}

/** Checks whether each configured sink is ready. `hasTaken`: whether it has accepted events before. */
export async function askSinks(
  context: CommandContext,
  settings: Settings,
  hasTaken: (sink: Pick<Sink, 'identity'>) => boolean,
): Promise<readonly SinkAnswer[]> {
  const sinks = await sinksOf(context, settings);
  return Promise.all(sinks.map(async (sink) => answerOf(sink, hasTaken(sink))));
}

async function answerOf(sink: Sink, hasTaken: boolean): Promise<SinkAnswer> {
  try {
    const { found, code } = await diagnose(sink, timeLimit(CHECK_TIMEOUT_MS));
    const reason = found.find(({ level }) => level === 'error')?.message ?? '';
    return { sink: sink.name, is: code === undefined ? 'ready' : code === EXIT.usage ? 'refused' : 'down', reason, hasTaken };
  } finally {
    await sink.close();
  }
}

function linesTo(context: CommandContext, options: SinkOptions): Sink {
  const all = stdoutSink(context.terminal.stdout, lineFormat(context));
  // Not wrapped when nothing is filtered, so that threads may render its lines.
  return options.datasets === undefined && options.only === undefined
    ? all
    : narrowed({ ...all, lines: undefined, accepts: accepting(options) }, options.only);
}

function standardOutput(context: CommandContext, settings: Settings): Sink {
  const { stdout } = context.terminal;
  return showsTable(context, settings)
    ? tableSink(stdout, stdout.isTTY === true && (context.env['NO_COLOR'] ?? '') === '')
    : stdoutSink(stdout, lineFormat(context));
}

/** Without `--to`: a table on a terminal, lines in a pipe. */
export function showsTable({ values, terminal }: CommandContext, settings: Settings): boolean {
  const format = text(values, 'format');
  return settings.sinks.length === 0 && (format === 'table' || (format === undefined && terminal.stdout.isTTY === true));
}

function lineFormat({ values }: CommandContext): LineFormat {
  return text(values, 'format') === 'otel' ? 'otel' : 'ecs';
}

export function refuseTableTo(context: CommandContext, settings: Settings): void {
  if (text(context.values, 'format') === 'table' && settings.sinks.length > 0)
    throw new PortlogError('usage', '--format table shows a scan and ships nothing, so --to does not go with it', {
      hint: 'leave --to out to see the table, or --format out to ship events',
    });
}
