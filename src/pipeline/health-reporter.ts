import { SiteWatch } from '../change/overdue-sites.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { whyGivenUp } from '../delivery/given-up.ts';
import type { SinkPipeline } from '../delivery/sink-pipeline.ts';
import { forgetCut, noteCut } from '../state/cut-inputs.ts';
import { isAlive } from '../core/process-alive.ts';
import type { Store } from '../state/store.ts';
import type { EventOptions } from '../event/context.ts';
import type { LogEvent } from '../event/event.ts';
import {
  type DeliveryProblem,
  deliveryProblemEvent,
  fileNotShippedEvent,
  scanMisdatedEvent,
  scanOverdueEvent,
  scheduledScanFailedEvent,
} from '../event/health.ts';
import { runSummaryEvent } from '../event/run-summary.ts';
import { digest } from '../event/id.ts';
import type { InputReport, WhatWasRead } from './input-report.ts';
import { ReportedOutages, tolerant } from './reported-outages.ts';
import { markReported, unreportedFiles } from '../state/file-attempts.ts';
import { ScheduledScans } from '../state/scheduled-scans.ts';

/** Sends `nmap.health` events to every sink that keeps undelivered events; standard output depends on its input alone. */
export class HealthReporter {
  private readonly delivery: Delivery;
  private readonly store: Store;
  private readonly options: EventOptions;
  private readonly started: number;
  private readonly runKey: string;
  private readonly patienceMs: number;
  /** Reported failures: since when the sink failed (by `elapsed`), and the number of its failures by then. */
  private readonly reported = new Map<SinkPipeline, { readonly since: number | undefined; readonly times: number }>();
  /** Those that earlier runs have reported. */
  private readonly earlier: ReportedOutages;

  /** A sink that fails for longer than `patienceMs` is reported during the run. */
  constructor(delivery: Delivery, store: Store, options: EventOptions, patienceMs: number) {
    this.patienceMs = patienceMs;
    this.delivery = delivery.kept;
    this.store = store;
    this.options = options;
    this.started = options.now();
    this.earlier = new ReportedOutages(options.now);
    this.runKey = digest(['run', options.site, store.path, store.run, this.started]);
  }

  /** Whether a failing sink was not reported yet. */
  get hasUnreportedFailure(): boolean {
    return this.delivery.pipelines.some((pipeline) => this.isUnreported(pipeline));
  }

  /** Whether a failure is new: a sink that has worked since its last report is reported again. */
  private isUnreported(pipeline: SinkPipeline): boolean {
    const { failure, health } = pipeline;
    if (failure === undefined || this.reported.get(pipeline)?.since === health.failingSince) return false;
    if (!this.earlier.has(pipeline, 'outage')) return true;
    this.reported.set(pipeline, { since: health.failingSince, times: 0 });
    return false;
  }

  /** Reports overdue sites, failed scheduled scans, and files that were not shipped. */
  async reportMissed(maxAges: ReadonlyMap<string, number>): Promise<void> {
    const { database } = this.store;
    const sites = new SiteWatch(database);
    const scans = new ScheduledScans(database);
    const now = this.options.now();
    const hasProblems = maxAges.size > 0 || scans.failed(isAlive, now).length > 0 || unreportedFiles(database).length > 0;
    if (this.delivery.pipelines.length === 0 || !hasProblems) return;
    const overdue = (): readonly LogEvent[] =>
      sites.overdue(maxAges, now).map((one) => {
        sites.markReported(one);
        return scanOverdueEvent(this.options, this.runKey, one);
      });
    const failed = (): readonly LogEvent[] =>
      scans.failed(isAlive, now).map((scan) => {
        scans.markAnnounced(scan);
        return scheduledScanFailedEvent(this.options, this.runKey, scan, scans.lastGood(scan.name));
      });
    const notShipped = (): readonly LogEvent[] =>
      unreportedFiles(database).map((file) => {
        markReported(database, file);
        return fileNotShippedEvent(this.options, this.runKey, file);
      });
    await this.delivery.announceFrom(() => [...overdue(), ...failed(), ...notShipped()]);
  }

  /** Called between hosts: reports a sink that has been failing for too long to the others. */
  async watch(): Promise<void> {
    this.earlier.forgetOver(this.delivery.pipelines);
    const events = this.failing((pipeline) => pipeline.health.failingForMs > this.patienceMs);
    if (events.length > 0) await this.delivery.announce(events);
  }

  /** At the end of a run: reports problems, and the sums. A run without news or problems reports nothing. */
  async reportEnd({ inputs, notRead }: WhatWasRead): Promise<void> {
    this.earlier.forgetOver(this.delivery.pipelines);
    const isIdle = inputs.length === 0 && this.delivery.pipelines.every(({ account }) => account.replayed.delivered === 0);
    // A replay without effect would only add to what waits.
    if (isIdle) return;
    for (const pipeline of this.delivery.pipelines) noteWhole(pipeline, { inputs, notRead }, this.options.now());
    const events = this.failing(() => true);
    for (const problem of this.delivery.pipelines.flatMap((pipeline) => [...this.refusalOf(pipeline), ...problemsOf(pipeline)]))
      events.push(deliveryProblemEvent(this.options, this.runKey, problem));
    const hasNewEvents = this.delivery.pipelines.some(({ account: { tally, replayed } }) => tally.delivered + tally.spooled + replayed.delivered > 0);
    const isWorthASummary = hasNewEvents || events.length > 0 || inputs.some((input) => problemsIn(input) > 0) || notRead.length > 0;
    // One event per scan, which a sink recognises when it comes again.
    for (const scan of inputs.flatMap(({ misdated }) => misdated)) events.push(scanMisdatedEvent(this.options, this.runKey, scan));
    if (!isWorthASummary) return this.delivery.announce(events);
    await this.delivery.announce([...events, this.summary(inputs, notRead.length)]);
  }

  private summary(inputs: readonly InputReport[], notRead: number): LogEvent {
    const sumOf = (count: (input: InputReport) => number): number => inputs.reduce((sum, input) => sum + count(input), 0);
    return runSummaryEvent(this.options, {
      key: this.runKey,
      started: this.started,
      inputs: inputs.length,
      unfinished: sumOf(({ partOnly }) => (partOnly ? 1 : 0)) + notRead,
      scans: sumOf(({ runs }) => runs),
      hosts: sumOf(({ hosts }) => hosts),
      openPorts: sumOf(({ openPorts }) => openPorts),
      portScans: sumOf(({ portScans }) => portScans),
      openProtocols: sumOf(({ openProtocols }) => openProtocols),
      problems: sumOf(problemsIn) + notRead,
      sinks: this.delivery.pipelines.map(({ sink, account: { tally, replayed } }) => ({
        name: sink.name,
        acknowledges: sink.acknowledges !== false,
        sums: tally,
        replayed,
      })),
    });
  }

  private failing(isDue: (pipeline: SinkPipeline) => boolean): LogEvent[] {
    const unreported = this.delivery.pipelines.filter((pipeline) => this.isUnreported(pipeline) && isDue(pipeline));
    return unreported.map((pipeline) => {
      const times = (this.reported.get(pipeline)?.times ?? 0) + 1;
      this.reported.set(pipeline, { since: pipeline.health.failingSince, times });
      this.earlier.note(pipeline, 'outage');
      const reason = pipeline.failure?.message ?? '';
      return deliveryProblemEvent(this.options, this.runKey, { kind: 'sink-failing', sink: pipeline.sink.name, reason, events: undefined, times });
    });
  }

  /** What a working sink refuses until a person changes something. */
  private refusalOf(pipeline: SinkPipeline): readonly DeliveryProblem[] {
    const { sink, failure, health } = pipeline;
    if (health.blocked === undefined || failure !== undefined || this.earlier.has(pipeline, 'refusal')) return [];
    this.earlier.note(pipeline, 'refusal');
    return [{ kind: 'sink-failing', sink: sink.name, reason: health.blocked.message, events: undefined }];
  }
}

/** Notes which inputs were cut because the spool of a sink was full, and which were not. */
function noteWhole({ spoolWriter }: SinkPipeline, { inputs, notRead }: WhatWasRead, now: number): void {
  if (spoolWriter === undefined) return;
  const { memory } = spoolWriter.tables;
  const isCut = ({ problem }: InputReport): boolean => problem?.code === 'spool-full';
  const names = (some: readonly InputReport[]): readonly string[] => some.map(({ name }) => name);
  const whole = names(inputs.filter((input) => !input.partOnly && input.problem === undefined));
  tolerant(() => (spoolWriter.stuck ? noteCut(memory, [...names(inputs.filter(isCut)), ...notRead], now) : forgetCut(memory, whole, now)));
}

function problemsIn({ problem, partOnly, refused, incomplete, failed, empty }: InputReport): number {
  return (problem === undefined && !partOnly ? 0 : 1) + refused + incomplete + failed + empty;
}

function problemsOf({ sink, account, firstRejection, spoolWriter }: SinkPipeline): readonly DeliveryProblem[] {
  const { tally, replayed } = account;
  const dead = tally.dead + replayed.dead;
  const discarded = tally.discarded + replayed.discarded;
  const problems: DeliveryProblem[] = [];
  if (dead > 0) problems.push({ kind: 'dead-letters', sink: sink.name, reason: firstRejection ?? 'no reason given', events: dead });
  if (discarded > 0)
    problems.push({
      kind: 'discarded',
      sink: sink.name,
      reason: whyGivenUp(account.givenUp) || 'they could not be kept',
      events: discarded,
    });
  const removed = tally.removed + replayed.removed;
  if (removed > 0) problems.push({ kind: 'removed', sink: sink.name, reason: 'only so many files are kept (keepFiles)', events: removed });
  if (spoolWriter?.stuck === true) problems.push({ kind: 'spool-full', sink: sink.name, reason: 'the sink did not come back', events: undefined });
  return problems;
}
