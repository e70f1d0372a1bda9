import { hostname } from 'node:os';
import type { Settings } from '../../config/settings.ts';
import type { TargetLists } from '../../nmap/target-lists.ts';
import { systemClock } from '../../core/clock.ts';
import { isFolder } from '../../core/stat-of.ts';
import type { Store } from '../../state/store.ts';
import { type ExitCode, PortlogError } from '../../core/errors.ts';
import { Intel } from '../../finding/intel.ts';
import { type PreparedShipOptions, ship, type ShipReport } from '../../pipeline/ship.ts';
import { openState } from './open-state.ts';
import { filesystemOf } from '../../state/filesystem.ts';
import { lostState } from '../../state/place.ts';
import { isOutOfRoom } from '../../state/state-error.ts';
import type { Source } from '../../source/source.ts';
import { sinkKey } from '../../state/seen-files.ts';
import { endAlertsAboutExpected } from './end-accepted.ts';
import { checkSinks } from './check-sinks.ts';
import { exitCode, mostSevere } from './report/exit-code.ts';
import { jsonSummary } from './report/json-summary.ts';
import { printLostRuns, printSummary, printReplayed } from './report/summary.ts';
import { refuseSinksThatOverwrite } from './overwritten.ts';
import { progressReporter } from './report/progress.ts';
import { type Interruption, onInterrupt } from './signals.ts';
import type { Log } from './log.ts';
import type { CommandContext } from './context.ts';
import { showsTable, sinksOf } from './sinks.ts';

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
  readonly scannerArgs?: string;
  readonly scannerStopped?: () => string | undefined;
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

/** What is shipped, and how. */
export interface Shipment extends How, Pick<PreparedShipOptions, 'sources' | 'sinks' | 'store' | 'retryDeadLetters' | 'takeOver'> {
  /** Why there is no state file although one is needed. */
  readonly stateProblem?: PortlogError | undefined;
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
  const state = opened instanceof PortlogError ? { store: undefined, stateProblem: opened } : { store: opened };
  return shipAndReport(context, settings, { sources, sinks, ...state, ...shipping });
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
    context.log.warn(`${error.message}: events are delivered without state, and those that a destination does not accept now are lost`);
    return error;
  }
}

/** Ships with open sinks and store, and closes both. */
export async function shipAndReport(context: CommandContext, settings: Settings, shipment: Shipment): Promise<Shipped> {
  const { log } = context;
  const { sinks, store, stateProblem, ...shipping } = shipment;
  const interruption = shipment.interruption ?? onInterrupt((text) => log.info(text));
  const dropsOldest = settings.spool.whenFull === 'drop-oldest';
  try {
    if (store !== undefined) {
      printLostRuns(store.lostRuns, log);
      endAlertsAboutExpected(store.database, settings, log);
    }
    const asked = await checkSinks(context, { ...shipment, isKept: stateProblem === undefined, dropsOldest }, interruption.stop);
    if (typeof asked === 'number') return { code: asked, report: undefined };
    const shipped = await ship({ ...shipOptions(context, settings, { ...shipping, sinks, store, interruption }), unanswered: asked });
    const report = { ...shipped, untracked: shipped.untracked ?? stateProblem };
    const code = conclude(context, settings, report);
    return { code: store?.database.isLost === true ? mostSevere([code, tellLost(store, log)]) : code, report };
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

function tellLost({ path }: Store, log: Log): ExitCode {
  const problem = lostState(path);
  log.error(problem);
  return problem.exitCode;
}

function shipOptions(
  context: CommandContext,
  settings: Settings,
  {
    scannerHost,
    scannerArgs,
    scannerStopped,
    lists,
    interruption,
    again = context.values['again'] === true,
    onAlive,
    ...shipment
  }: Omit<Shipment, 'stateProblem'> & { readonly interruption: Interruption },
): PreparedShipOptions {
  const { log, terminal, values } = context;
  // On a terminal the table itself shows progress.
  const show = terminal.stdout.isTTY === true && showsTable(context, settings) ? undefined : progressReporter(log, systemClock.now);
  return {
    ...shipment,
    again,
    changes: values['changes'] === false ? undefined : { ...settings.changes, everywhere: values['changes'] === true, lists },
    maxAges: settings.maxAges,
    findings: { ...settings.findings, exposure: settings.exposure, intel: shipment.sources.length === 0 ? undefined : intelOf(settings, log) },
    event: { ...settings.event, scannerHost, scannerArgs, scannerStopped, agentHost: agentHostOf(settings) },
    retryForMs: settings.retryForMs,
    stop: interruption.stop,
    giveUp: interruption.giveUp,
    onWaiting: settings.retryForMs === 0 ? undefined : (sink) => tellWaiting(context, settings, sink),
    onProgress: (progress) => {
      onAlive?.();
      show?.(progress);
    },
  };
}

/** Without other sinks, standard output must depend on the input alone. */
function agentHostOf({ sinks }: Settings): string | undefined {
  return sinks.some(({ type }) => type !== 'stdout') ? hostname() : undefined;
}

function tellWaiting({ log, outages }: CommandContext, { retryForMs }: Settings, sink: string): void {
  if (outages?.has(sink) !== true) log.info(`${sink}: retrying for up to ${retryForMs / 1000} s (Ctrl-C keeps the rest on disk)`);
}

function conclude(context: CommandContext, settings: Settings, report: ShipReport): ExitCode {
  const { log, values } = context;
  if (report.sinks.some(({ waiting }) => waiting > 0) && isFolder(settings.stateDir) && filesystemOf(settings.stateDir).ephemeral)
    log.warn(`the state directory ${settings.stateDir} does not survive a restart of the machine, nor do events that wait there`);
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
