import type { Settings } from '../../config/settings.ts';
import { openDatabase } from '../../state/store.ts';
import { EXIT, type ExitCode, PortlogError } from '../../core/errors.ts';
import { mistake } from '../../core/mistake.ts';
import type { ShipReport } from '../../pipeline/ship.ts';
import type { Source } from '../../source/source.ts';
import type { Database } from '../../state/database.ts';
import { sinkKey } from '../../state/seen-files.ts';
import { Totals } from '../../state/totals.ts';
import type { Destination } from '../../unattended/watcher.ts';
import type { Schedule } from '../../unattended/schedule.ts';
import type { SinkAnswer } from '../../unattended/readiness.ts';
import type { Service } from '../../unattended/service.ts';
import { type CommandContext, settingsOf } from './context.ts';
import { deliverWaiting, shipSources } from './deliver.ts';
import { askSinks, type NamedSink, refuseTableTo, sinkNames } from './sinks.ts';
import { scanAndShip } from './scan-and-ship.ts';
import { exitCode, mostSevere } from './report/exit-code.ts';
import { takesHangUp } from './hang-up.ts';
import { type Interruption, onInterrupt } from './signals.ts';
import { Outages } from './outages.ts';
import { systemClock } from '../../core/clock.ts';

/**
 * The work of `watch` and `run`. Settings are evaluated for each piece of work, so that a changed password or file of expected
 * exposure takes effect. An error ends only the work at hand.
 */
export class Unattended {
  readonly database: Database;
  /** The settings of the current configuration. */
  settings: Settings;
  /** Aborted by an interruption, or when the reader of standard output has gone. */
  readonly stop: AbortSignal;
  private context: CommandContext;
  private readonly interruption: Interruption;
  private readonly outputClosed = new AbortController();
  /** Receives its status. */
  private service: Service | undefined;
  private working = 0;
  /** Problems that are not reported, because they were shortly before. */
  private readonly unreported = new WeakSet<PortlogError>();
  /** Interrupted in the middle of work. */
  wasCut = false;
  private worst: ExitCode = EXIT.delivered;

  private constructor(context: CommandContext, settings: Settings) {
    this.context = context;
    this.settings = settings;
    this.database = openDatabase(settings.stateDir);
    const signals = ['SIGINT', 'SIGTERM', ...(takesHangUp(context) ? [] : (['SIGHUP'] as const))] as const;
    this.interruption = onInterrupt((text) => context.log.info(text), 'stopping: what was read is delivered first', signals);
    this.stop = AbortSignal.any([this.interruption.stop, this.outputClosed.signal]);
    this.interruption.stop.addEventListener('abort', () => {
      this.wasCut = this.working > 0;
    });
  }

  /** Throws when settings or state are invalid. Changes are reported to all sinks unless disabled. */
  static async open(given: CommandContext, isOnce: boolean): Promise<Unattended> {
    const context = { ...withChanges(given), outages: isOnce ? undefined : new Outages(given.log, systemClock) };
    const settings = await settingsOf(context);
    refuseTableTo(context, settings);
    const unattended = new Unattended(context, settings);
    try {
      await unattended.recallOutages();
      return unattended;
    } catch (error) {
      unattended.close();
      throw error;
    }
  }

  /** Outages that began before this process did are as old as the state says. */
  private async recallOutages(): Promise<void> {
    const { outages } = this.context;
    if (outages === undefined) return;
    const down = new Map(new Totals(this.database).sinks().flatMap(({ sink, isUp, since }) => (isUp === false ? [[sink, since] as const] : [])));
    if (down.size === 0) return;
    for (const { name, identity } of await this.sinks()) outages.recall(name, down.get(sinkKey(identity)));
  }

  /**
   * Applies a reloaded configuration; work in progress is not affected. Throws when it is invalid, and changes nothing then.
   * Returns settings that need a restart.
   */
  async take(given: CommandContext): Promise<readonly string[]> {
    const context = withChanges(given);
    const settings = await settingsOf(context);
    refuseTableTo(context, settings);
    const sinks = await sinkNames(context, settings);
    this.context.outages?.keepOnly(new Set(sinks.map(({ name }) => name)));
    const { stateDir, metrics } = this.settings;
    const late = [...(settings.stateDir === stateDir ? [] : ['stateDir']), ...(settings.metrics.listen === metrics.listen ? [] : ['metrics.listen'])];
    // The state is open where it was.
    this.context = { ...context, outages: this.context.outages, values: { ...context.values, 'state-dir': stateDir } };
    this.settings = { ...settings, stateDir, metrics };
    return late;
  }

  /** Reports each result to the service from now on. */
  report(service: Service): void {
    this.service = service;
  }

  /** The exit code of all work. */
  exitCode(): ExitCode {
    return this.wasCut ? EXIT.interrupted : this.worst;
  }

  close(): void {
    this.interruption.release();
    this.database.close();
  }

  /** Ships sources. Undefined when nothing was read; an error when it could not even start. */
  async ship(sources: readonly Source[], { site, sinks, again }: Destination): Promise<ShipReport | PortlogError | undefined> {
    const how = { interruption: this.interruption, only: sinks, again, onAlive: () => this.service?.heartbeat.show() };
    const shipped = await this.attempt(async () => shipSources(this.context, await this.settingsNow(site), sources, how));
    if (shipped instanceof PortlogError) return shipped;
    this.note(shipped.code, shipped.report);
    if (shipped.report?.sinks.every(({ failure }) => failure?.kind === 'closed') === true) this.outputClosed.abort();
    return shipped.report;
  }

  async sinks(): Promise<readonly NamedSink[]> {
    return sinkNames(this.context, this.settings);
  }

  /** Checks whether each sink is ready. */
  async askSinks(): Promise<readonly SinkAnswer[]> {
    const taken = new Set(new Totals(this.database).events().flatMap(({ sink, fate }) => (fate === 'delivered' ? [sink] : [])));
    return askSinks(this.context, await this.settingsNow(undefined), ({ identity }) => taken.has(sinkKey(identity)));
  }

  /** Resolves with the reason when no finished scan came of it. */
  async scan({ name, nmapArgs, site, limitMs }: Schedule): Promise<string | undefined> {
    this.context.log.info(`schedule ${name}: scanning`);
    this.service?.activity.begin(name);
    this.service?.show();
    const scanned = await this.attempt(async () =>
      scanAndShip(this.context, await this.settingsNow(site), { name: `nmap (${name})`, args: nmapArgs, limitMs }, this.interruption),
    );
    this.service?.activity.end(name);
    const problem = scanned instanceof PortlogError ? scanned.message : scanned.problem;
    const isKnown = scanned instanceof PortlogError && this.unreported.has(scanned);
    if (problem !== undefined && !isKnown) this.context.log.warn(`schedule ${name}: no finished scan: ${problem}`);
    if (!(scanned instanceof PortlogError)) this.note(scanned.code, scanned.report);
    return problem;
  }

  /** Sends what waits, and reports overdue scans. */
  async deliverWaiting(): Promise<ShipReport | undefined> {
    const report = await this.attempt(async () => deliverWaiting(this.context, await this.settingsNow(undefined), this.interruption));
    if (report instanceof PortlogError) return undefined;
    this.note(exitCode(report), report);
    return report;
  }

  /** Reports a problem of a piece of work. A lasting one, such as a state file of a newer version, is not reported each time. */
  problem(error: PortlogError): void {
    if (this.context.outages?.isToReport(error) === false) this.unreported.add(error);
    else this.context.log.error(error);
    this.note(error.exitCode);
  }

  private async settingsNow(site: string | undefined): Promise<Settings> {
    const settings = await settingsOf(this.context);
    return site === undefined ? settings : { ...settings, event: { ...settings.event, site } };
  }

  private async attempt<T>(work: () => Promise<T>): Promise<T | PortlogError> {
    this.working++;
    try {
      const done = await work();
      this.context.outages?.stateWorks();
      return done;
    } catch (error) {
      const problem = mistake('what was due', error);
      this.problem(problem);
      return problem;
    } finally {
      this.working--;
    }
  }

  private note(code: ExitCode, report?: ShipReport): void {
    this.worst = mostSevere([this.worst, code]);
    if (report !== undefined) this.service?.note(report);
  }
}

/** Reports changes to all sinks unless disabled. */
function withChanges(context: CommandContext): CommandContext {
  return { ...context, values: { ...context.values, changes: context.values['changes'] ?? true } };
}
