import type { ChangeOptions } from '../change/options.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { SinkPipeline } from '../delivery/sink-pipeline.ts';
import type { OpenRun } from '../state/runs.ts';
import type { Store } from '../state/store.ts';
import type { Tally } from '../state/tally.ts';
import type { PortlogError } from '../core/errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from '../event/context.ts';
import { Finder, type FindingOptions } from '../finding/finder.ts';
import { HealthReporter } from './health-reporter.ts';
import type { InputReport } from './input-report.ts';
import { isPointless, type Progress, shipSource } from './ship-source.ts';
import type { Sink, SinkError } from '../sink/sink.ts';
import { lineFormatOf } from '../sink/stdout/stdout.ts';
import type { Source } from '../source/source.ts';
import { Threads } from './threads/threads.ts';
import { ChangeTracker } from './change-tracker.ts';

export interface ShipOptions {
  readonly sources: readonly Source[];
  readonly sinks: readonly Sink[];
  readonly event?: Partial<EventOptions>;
  /** Where what cannot be delivered now is kept; without one it is discarded, and counted as that. */
  readonly store?: Store | undefined;
  /** Compare with what is known, and announce what changed; needs a `store`. */
  readonly changes?: ShipChanges | undefined;
  /** How weaknesses are judged, and what is known of them. */
  readonly findings?: FindingOptions;
  /** By site: how old its latest finished scan may be, in milliseconds, before that is told. */
  readonly maxAges?: ReadonlyMap<string, number>;
  readonly retryForMs?: number;
  /** Try the dead letters again. */
  readonly retryDeadLetters?: boolean;
  /** Send what was delivered before as well. */
  readonly again?: boolean;
  readonly clock?: Clock;
  /** Aborted: read no more, deliver what was read. */
  readonly stop?: AbortSignal;
  /** Aborted: wait for nothing any more, keep what was not delivered. */
  readonly giveUp?: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Everything is read, and the end waits for a sink that fails: told once for each. */
  readonly onWaiting?: ((sink: string) => void) | undefined;
}

interface ShipChanges extends ChangeOptions {
  /** Also to sinks that are a pure function of their input otherwise. */
  readonly everywhere: boolean;
  /** What the files held that nmap was told to take its targets from, when portlog runs it. */
  readonly lists?: TargetLists | undefined;
}

export interface ShipReport {
  readonly inputs: readonly InputReport[];
  readonly sinks: readonly SinkReport[];
  readonly interrupted: boolean;
  /** Runs before this one that ended without a word. */
  readonly lostRuns: readonly OpenRun[];
  /** The state could not be read or written, so changes were not looked for to the end. */
  readonly untracked: PortlogError | undefined;
  /** What is known of some hosts could not be read, so with these nothing was compared. */
  readonly hostsLeftOut?: PortlogError | undefined;
}

export interface SinkReport {
  /** As people know it. */
  readonly sink: string;
  /** False: the sink does not say of an event that it has arrived, so "delivered" means that it was sent. */
  readonly acknowledges?: boolean;
  /** Of the events that were read. */
  readonly tally: Tally;
  /** Of portlog's own: events about this run, and records of the inventory. */
  readonly own: Tally;
  /** Of what earlier runs had left in the spool. */
  readonly replayed: Tally;
  /** Events of all runs that wait in the spool now, and those that lie there because the disk has damaged them. */
  readonly waiting: number;
  readonly damaged: number;
  readonly failure: SinkError | undefined;
  readonly firstRejection: string | undefined;
  /** Reading was given up because the spool is full. */
  readonly spoolFull: boolean;
  /** Events could neither be delivered nor kept; the sum does not close by so many. */
  readonly unaccountable: PortlogError | undefined;
  /** What was delivered could not be noted. */
  readonly bookkeeping: PortlogError | undefined;
}

const MAX_BATCH_AGE_MS = 1000;
const NEVER = new AbortController().signal;

/** Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves when every event has its fate. */
export async function ship(options: ShipOptions): Promise<ShipReport> {
  const { clock = systemClock, stop = NEVER, giveUp = NEVER, retryForMs = 60_000, store, again = false } = options;
  store?.shareBetween(options.sinks.filter(({ undeliverable }) => undeliverable === 'keep').length);
  const pipelines = options.sinks.map(
    (sink) => new SinkPipeline(sink, { clock, store, retryForMs, again, signal: giveUp, onWaiting: options.onWaiting }),
  );
  const eventOptions: EventOptions = { ...DEFAULT_OPTIONS, now: clock.now, ...options.event };
  store?.watch(() => pipelines.map(({ sink, tally }) => ({ sink: sink.name, acknowledges: sink.acknowledges !== false, tally })));
  const healthReporter = store === undefined ? undefined : new HealthReporter(pipelines, store, eventOptions, retryForMs);
  const finder = new Finder(options.findings);
  const tracker = trackerOf(options, pipelines, eventOptions.site, finder);
  const { maxAges = new Map<string, number>() } = options;
  const threads = threadsFor(options, eventOptions);
  for (const pipeline of pipelines) pipeline.start(options.retryDeadLetters === true);
  const inputs: InputReport[] = [];
  const readAll = async (): Promise<void> => {
    await healthReporter?.lookAfter(maxAges);
    for (const source of options.sources) {
      if (stop.aborted || isPointless(pipelines)) break;
      inputs.push(
        await shipSource(source, {
          pipelines,
          store,
          healthReporter,
          tracker,
          finder,
          threads,
          event: eventOptions,
          stop,
          onProgress: options.onProgress,
        }),
      );
    }
  };
  try {
    await whileFlushing(pipelines, clock, readAll);
  } finally {
    await threads?.close();
  }
  await finish(pipelines);
  if (healthReporter !== undefined) {
    await healthReporter.lookAfter(maxAges);
    await healthReporter.conclude(inputs);
    await finish(pipelines);
  }
  await Promise.allSettled(pipelines.map(({ sink }) => sink.close()));
  return {
    inputs,
    sinks: pipelines.map(reportOf),
    interrupted: stop.aborted,
    lostRuns: store?.lostRuns ?? [],
    untracked: tracker?.problem,
    hostsLeftOut: tracker?.damage,
  };
}

function trackerOf({ changes, store }: ShipOptions, pipelines: readonly SinkPipeline[], site: string, finder: Finder): ChangeTracker | undefined {
  if (changes === undefined || store === undefined) return undefined;
  const told = changes.everywhere ? pipelines : pipelines.filter(({ spoolWriter }) => spoolWriter !== undefined);
  return new ChangeTracker(store, told, site, changes, finder, changes.lists);
}

/** Threads for a sink that only wants lines, which are a pure function of the scan and of plain options. */
function threadsFor({ sinks: [sink, ...others], store, findings = {} }: ShipOptions, event: EventOptions): Threads | undefined {
  if (sink === undefined || others.length > 0 || store !== undefined || event.now !== systemClock.now) return undefined;
  const format = lineFormatOf(sink);
  const { now: _, ...plain } = event;
  const isPlain = [event.networkOf, event.expects, event.macNetworks, findings.exposure, findings.intel].every((part) => part === undefined);
  return format === undefined || !isPlain ? undefined : Threads.with({ event: plain, findings, format });
}

/** Sends batches that have waited long enough, as long as `work` takes. */
async function whileFlushing(pipelines: readonly SinkPipeline[], clock: Clock, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const flushing = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(MAX_BATCH_AGE_MS, done.signal);
      // Whatever fails here fails again, and is reported, at the next push or at the end.
      await Promise.allSettled(pipelines.map((pipeline) => pipeline.flush(MAX_BATCH_AGE_MS)));
    }
  })();
  try {
    await work();
  } finally {
    done.abort();
    await flushing;
  }
}

/** Every pipeline to its end, even if one of them fails by a mistake of ours. */
async function finish(pipelines: readonly SinkPipeline[]): Promise<void> {
  const ends = await Promise.allSettled(pipelines.map((pipeline) => pipeline.finish()));
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}

function reportOf({ sink, tally, own, replayed, failure, firstRejection, spoolWriter }: SinkPipeline): SinkReport {
  const { events = 0, damaged = 0 } = spoolWriter?.tables.spool.usage() ?? {};
  return {
    sink: sink.name,
    acknowledges: sink.acknowledges !== false,
    tally,
    own,
    replayed,
    failure,
    firstRejection,
    waiting: events - damaged,
    damaged,
    spoolFull: spoolWriter?.stuck ?? false,
    unaccountable: spoolWriter?.fatal,
    bookkeeping: spoolWriter?.bookkeeping,
  };
}
