import { hostname } from 'node:os';
import type { Settings } from '../../config/settings.ts';
import type { TargetLists } from '../../nmap/target-lists.ts';
import { systemClock } from '../../core/clock.ts';
import type { Store } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { timeLimit } from '../../core/deadline.ts';
import { Intel } from '../../finding/intel.ts';
import { type PreparedShipOptions, ship, type ShipOptions, type ShipReport } from '../../pipeline/ship.ts';
import { openState } from './open-state.ts';
import { narrowed } from '../../sink/only.ts';
import { accepting } from '../../sink/options.ts';
import type { SinkOptions } from '../../sink/kinds.ts';
import { createSink } from '../../sink/registry.ts';
import type { Sink } from '../../sink/sink.ts';
import { stdoutSink } from '../../sink/stdout/stdout.ts';
import { filesystemOf } from '../../state/filesystem.ts';
import { isOutOfRoom } from '../../state/state-error.ts';
import { tableSink } from '../../sink/stdout/table.ts';
import type { Source } from '../../source/source.ts';
import { sinkKey } from '../../state/seen-files.ts';
import { CHECK_TIMEOUT_MS, checkSinks } from './check-sinks.ts';
import { diagnose } from './diagnose.ts';
import { exitCode, jsonSummary, printLostRuns, printSummary, printReplayed } from './report/summary.ts';
import { refuseSinksThatOverwrite } from './overwritten.ts';
import { progressReporter } from './report/progress.ts';
import type { SinkAnswer } from '../../unattended/readiness.ts';
import { type Interruption, onInterrupt } from './signals.ts';
import type { Log } from './log.ts';
import { duplicateSinkProblem } from './duplicate-sinks.ts';
import { type CommandContext, text } from './context.ts';

/** Most sources that a message names. */
const MAX_NAMED = 10;

/** The result of a run; `report` is missing when no sink was ready and nothing was read. */
export interface Shipped {
  readonly code: ExitCode;
  readonly report: ShipReport | undefined;
}

/** Options of a run: facts of a scan that portlog runs itself, and a shared interruption. */
interface How {
  readonly scannerHost?: string;
  readonly lists?: TargetLists | undefined;
  readonly interruption?: Interruption | undefined;
  /** Overrides the option `--again`. */
  readonly again?: boolean;
  /** Called for each chunk read. */
  readonly onAlive?: () => void;
}

/** Keys of the sinks to ship to. */
interface OnlySinks {
  readonly only?: readonly string[];
}

interface Shipment extends How, Pick<PreparedShipOptions, 'sources' | 'sinks' | 'store' | 'retryDeadLetters' | 'takeOver'> {
  /** Why there is no state file although one is needed. */
  readonly without?: PortlogError | undefined;
}

/** Ships sources to the configured sinks, and prints the summary. */
export async function shipSources(
  context: CommandContext,
  settings: Settings,
  sources: readonly Source[],
  how: How & OnlySinks = {},
): Promise<Shipped> {
  const { only, ...shipping } = how;
  await refuseSinksThatOverwrite(
    context,
    settings,
    sources.map(({ name }) => name),
  );
  const all = await sinksOf(context, settings);
  const sinks = all.filter(({ identity }) => only?.includes(sinkKey(identity)) !== false);
  await Promise.all(all.filter((sink) => !sinks.includes(sink)).map((sink) => sink.close()));
  // No state for standard output alone, unless asked for.
  const keeps = sinks.some(({ undeliverable }) => undeliverable === 'keep');
  const opened = keeps || context.values['changes'] === true ? storeOrProblem(context, settings, sources) : undefined;
  const without = opened instanceof PortlogError ? opened : undefined;
  return shipAndReport(context, settings, { sources, sinks, store: opened instanceof PortlogError ? undefined : opened, without, ...shipping });
}

/** Names of the sources, shortened when there are very many: they are written with each commit of the run. */
function namesOf(sources: readonly Source[]): string {
  const named = sources.slice(0, MAX_NAMED).map(({ name }) => name);
  return [...named, ...(sources.length > MAX_NAMED ? [`and ${sources.length - MAX_NAMED} more`] : [])].join(', ');
}

/** On a full disk, shipping goes on without state: a running scan happens only once. */
function storeOrProblem(context: CommandContext, settings: Settings, sources: readonly Source[]): Store | PortlogError {
  try {
    return openState(context, settings, namesOf(sources));
  } catch (error) {
    if (!(error instanceof PortlogError) || !isOutOfRoom(error)) throw error;
    context.log.warn(`${error.message}: it is delivered without state, and what a destination does not take now is lost`);
    return error;
  }
}

/** Ships with open sinks and store, and closes both. */
export async function shipAndReport(context: CommandContext, settings: Settings, shipment: Shipment): Promise<Shipped> {
  const { log } = context;
  const { sinks, store, without, ...shipping } = shipment;
  const interruption = shipment.interruption ?? onInterrupt((text) => log.info(text));
  try {
    if (store !== undefined) printLostRuns(store.lostRuns, log);
    const asked = await checkSinks(context, { ...shipment, isKept: without === undefined && settings.spool.maxBytes > 0 }, interruption.giveUp);
    if (typeof asked === 'number') return { code: asked, report: undefined };
    const shipped = await ship({ ...shipOptions(context, settings, { ...shipping, sinks, store, interruption }), unanswered: asked });
    const report = { ...shipped, untracked: shipped.untracked ?? without };
    return { code: conclude(context, settings, report), report };
  } finally {
    if (shipment.interruption === undefined) interruption.release();
    await Promise.allSettled(sinks.map((sink) => sink.close()));
    store?.close();
  }
}

/** Tries once to send what waits on disk, and health events. */
export async function deliverWaiting(context: CommandContext, settings: Settings, interruption: Interruption): Promise<ShipReport> {
  const sinks = await sinksOf(context, settings);
  const store = openState(context, settings, 'the spool');
  try {
    printLostRuns(store.lostRuns, context.log);
    const report = await ship({ ...shipOptions(context, settings, { sources: [], sinks, store, interruption }), retryForMs: 0 });
    printReplayed(report, context.log, context.outages);
    return report;
  } finally {
    await Promise.allSettled(sinks.map((sink) => sink.close()));
    store.close();
  }
}

function shipOptions(
  context: CommandContext,
  settings: Settings,
  {
    scannerHost,
    lists,
    interruption,
    again = context.values['again'] === true,
    onAlive,
    ...shipment
  }: Omit<Shipment, 'without'> & { readonly interruption: Interruption },
): PreparedShipOptions {
  const { log, terminal, values } = context;
  return {
    ...shipment,
    again,
    changes: values['changes'] === false ? undefined : { ...settings.changes, everywhere: values['changes'] === true, lists },
    maxAges: settings.maxAges,
    findings: { ...settings.findings, exposure: settings.exposure, intel: shipment.sources.length === 0 ? undefined : intelOf(settings, log) },
    // Without other sinks, standard output must depend on the input alone.
    event: { ...settings.event, scannerHost, agentHost: settings.sinks.some(({ type }) => type !== 'stdout') ? hostname() : undefined },
    retryForMs: settings.retryForMs,
    stop: interruption.stop,
    giveUp: interruption.giveUp,
    onWaiting:
      settings.retryForMs === 0
        ? undefined
        : (sink) => {
            if (context.outages?.has(sink) !== true)
              log.info(`${sink}: tried again for up to ${settings.retryForMs / 1000} s (Ctrl-C leaves the rest on disk)`);
          },
    // On a terminal the table itself shows progress.
    onProgress: all(onAlive, terminal.stdout.isTTY === true && showsTable(context, settings) ? undefined : progressReporter(log, systemClock.now)),
  };
}

function all(onAlive: How['onAlive'], report: ShipOptions['onProgress']): ShipOptions['onProgress'] {
  if (onAlive === undefined) return report;
  return (progress) => {
    onAlive();
    report?.(progress);
  };
}

function conclude(context: CommandContext, settings: Settings, report: ShipReport): ExitCode {
  const { log, values } = context;
  if (report.sinks.some(({ waiting }) => waiting > 0) && filesystemOf(settings.stateDir).ephemeral)
    log.warn(`the state directory ${settings.stateDir} does not survive a restart, and what waits there neither`);
  printSummary(report, log, context.outages);
  if (values['json'] === true) log.raw(`${jsonSummary(report)}\n`);
  if (report.inputs.length > 0 && settings.sinks.length === 0 && context.terminal.stdout.isTTY === true)
    log.info('to ship this to a SIEM: portlog --to elasticsearch=https://HOST:9200 FILE (portlog --help)');
  return exitCode(report);
}

/** Reads snapshots first, so that a broken one is reported before scanning. */
function intelOf({ intelDir }: Settings, log: Log): Intel | undefined {
  if (intelDir === undefined) return undefined;
  const intel = new Intel(intelDir);
  for (const warning of intel.warnings(systemClock.now())) log.warn(warning);
  return intel;
}

/** Names and state keys of the configured sinks. Throws for an invalid sink. */
export async function sinkNames(context: CommandContext, settings: Settings): Promise<readonly Pick<Sink, 'name' | 'identity' | 'undeliverable'>[]> {
  const sinks = await sinksOf(context, settings);
  await Promise.all(sinks.map((sink) => sink.close()));
  return sinks.map(({ name, identity, undeliverable }) => ({ name, identity, undeliverable }));
}

/** Checks whether each configured sink is ready. */
export async function askSinks(context: CommandContext, settings: Settings): Promise<readonly SinkAnswer[]> {
  const sinks = await sinksOf(context, settings);
  const answers = sinks.map(async (sink): Promise<SinkAnswer> => {
    const { found, code } = await diagnose(sink, timeLimit(CHECK_TIMEOUT_MS));
    await sink.close();
    const reason = found.find(({ level }) => level === 'error')?.message ?? '';
    return { sink: sink.name, is: code === undefined ? 'ready' : code === EXIT.usage ? 'refused' : 'down', reason };
  });
  return Promise.all(answers);
}

async function sinksOf(context: CommandContext, settings: Settings): Promise<readonly Sink[]> {
  const tell = (sentence: string): void => context.log.info(sentence);
  if (settings.sinks.length === 0) return [standardOutput(context, settings)];
  const sinks = await Promise.all(settings.sinks.map(async (sink) => (sink.type === 'stdout' ? linesTo(context, sink) : createSink(sink, tell))));
  const problem = duplicateSinkProblem(sinks);
  if (problem === undefined) return sinks;
  await Promise.all(sinks.map((sink) => sink.close()));
  throw problem;
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
function showsTable({ values, terminal }: CommandContext, settings: Settings): boolean {
  const format = text(values, 'format');
  return settings.sinks.length === 0 && (format === 'table' || (format === undefined && terminal.stdout.isTTY === true));
}

function lineFormat({ values }: CommandContext): 'ecs' | 'otel' {
  return text(values, 'format') === 'otel' ? 'otel' : 'ecs';
}

export function refuseTableTo(context: CommandContext, settings: Settings): void {
  if (text(context.values, 'format') === 'table' && settings.sinks.length > 0)
    throw new PortlogError('usage', '--format table shows a scan and ships nothing, so --to does not go with it', {
      hint: 'leave --to out to see the table, or --format out to ship events',
    });
}
