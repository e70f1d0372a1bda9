import type { ChangeOptions } from '../change/options.ts';
import type { TargetLists } from '../nmap/target-lists.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { Delivery } from '../delivery/delivery.ts';
import { LastChance } from '../delivery/last-chance.ts';
import type { SinkReport } from '../delivery/report.ts';
import type { Unanswered } from '../delivery/unanswered.ts';
import type { OpenRun } from '../state/runs.ts';
import type { Store, WaitingSink } from '../state/store.ts';
import type { PortlogError } from '../core/errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from '../event/context.ts';
import { Finder, type FindingOptions } from '../finding/finder.ts';
import { HealthReporter } from './health-reporter.ts';
import type { InputReport, WhatWasRead } from './input-report.ts';
import { shipSource } from './ship-source.ts';
import type { Progress, Shipping } from './shipping.ts';
import type { Sink } from '../sink/sink.ts';
import type { Source } from '../source/source.ts';
import { Threads } from './threads/threads.ts';
import { ChangeTracker } from './change-tracker.ts';

export interface ShipOptions {
  readonly sources: readonly Source[];
  readonly sinks: readonly Sink[];
  readonly event?: Partial<EventOptions>;
  /** Keeps undelivered events; without it they are discarded, and counted as discarded. */
  readonly store?: Store | undefined;
  /** Detect and announce changes; needs a `store`. */
  readonly changes?: ShipChanges | undefined;
  /** Settings and data for findings. */
  readonly findings?: FindingOptions;
  /** Maximum age of the latest finished scan, by site, in milliseconds. */
  readonly maxAges?: ReadonlyMap<string, number>;
  readonly retryForMs?: number;
  /** Try the dead letters again. */
  readonly retryDeadLetters?: boolean;
  /** Also send events that were delivered before. */
  readonly again?: boolean;
  readonly clock?: Clock;
  /** Aborted: stop reading, deliver what was read. */
  readonly stop?: AbortSignal;
  /** Aborted: stop waiting, keep what was not delivered. */
  readonly giveUp?: AbortSignal;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called once per sink when everything is read and the end waits for it. */
  readonly onWaiting?: ((sink: string) => void) | undefined;
}

/** Also results of the preparation, which reads the state and checks the sinks. */
export interface PreparedShipOptions extends ShipOptions {
  /** Other sinks whose waiting events move to the one sink of the same kind. */
  readonly takeOver?: readonly WaitingSink[];
  /** Sinks that did not answer their check. */
  readonly unanswered?: readonly Unanswered[];
}

interface ShipChanges extends ChangeOptions {
  /** Also send changes to sinks whose output otherwise depends only on the input. Default: false. */
  readonly everywhere?: boolean;
  /** Content of nmap's target files, when portlog runs nmap. */
  readonly lists?: TargetLists | undefined;
}

export interface ShipReport extends WhatWasRead {
  readonly sinks: readonly SinkReport[];
  readonly interrupted: boolean;
  /** Earlier runs that were killed. */
  readonly lostRuns: readonly OpenRun[];
  /** Why the state failed, so that changes were not detected to the end. */
  readonly untracked: PortlogError | undefined;
  /** The known state of some hosts is damaged, so these were not compared. */
  readonly hostsLeftOut: PortlogError | undefined;
}

const NEVER = new AbortController().signal;
const NO_AGES: ReadonlyMap<string, number> = new Map();

/** Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves when every event has its fate. */
export async function ship(options: PreparedShipOptions): Promise<ShipReport> {
  const { sources, clock = systemClock, stop = NEVER, giveUp = NEVER, retryForMs = 60_000, store, again = false } = options;
  const lastChance = new LastChance({ stop, giveUp, clock });
  const delivery = Delivery.to(options.sinks, { clock, store, retryForMs, again, signal: lastChance.signal, onWaiting: options.onWaiting });
  let isRead = false;
  // Without a state, what waiting sinks do not take is lost.
  if (store !== undefined) lastChance.start(() => ({ settled: delivery.settled, isWaiting: isRead || delivery.isWaiting }));
  const shipping = shippingOf({ ...options, clock, stop, retryForMs }, delivery);
  const { maxAges = NO_AGES } = options;
  delivery.start(options.retryDeadLetters === true, options.takeOver, options.unanswered);
  const inputs: InputReport[] = [];
  const read = (): WhatWasRead => ({ inputs, notRead: sources.slice(inputs.length).map(({ name }) => name) });
  try {
    await delivery.whileFlushing(clock, () => readAll(sources, shipping, maxAges, inputs));
    isRead = true;
    await shipping.threads?.close();
    await conclude(shipping, maxAges, read());
  } finally {
    lastChance.end();
    await shipping.threads?.close();
    await delivery.close();
  }
  return { ...read(), sinks: delivery.report(), interrupted: stop.aborted, lostRuns: store?.lostRuns ?? [], ...whyUncompared(shipping) };
}

/** What all sources are shipped with. */
function shippingOf(options: ShipOptions & Pick<Required<ShipOptions>, 'clock' | 'stop' | 'retryForMs'>, delivery: Delivery): Shipping {
  const { clock, stop, retryForMs, store, onProgress } = options;
  const event: EventOptions = { ...DEFAULT_OPTIONS, now: clock.now, ...options.event };
  const healthReporter = store === undefined ? undefined : new HealthReporter(delivery, store, event, retryForMs);
  const finder = new Finder(options.findings);
  const tracker = trackerOf(options, delivery, event.site, finder);
  return { delivery, healthReporter, tracker, finder, threads: threadsFor(options, event), event, clock, stop, onProgress };
}

/** Adds a report to `inputs` for each source that is read. */
async function readAll(sources: readonly Source[], shipping: Shipping, maxAges: ReadonlyMap<string, number>, inputs: InputReport[]): Promise<void> {
  await shipping.healthReporter?.reportMissed(maxAges);
  for (const source of sources) {
    if (shipping.stop.aborted || shipping.delivery.isPointless) return;
    inputs.push(await shipSource(source, shipping));
  }
}

/** Everything was read: waits for the sinks, and sends them the events about the run. */
async function conclude({ delivery, healthReporter }: Shipping, maxAges: ReadonlyMap<string, number>, read: WhatWasRead): Promise<void> {
  await delivery.finish();
  await delivery.renew();
  if (healthReporter === undefined) return;
  await healthReporter.reportMissed(maxAges);
  await healthReporter.reportEnd(read);
  await delivery.finish();
}

function whyUncompared({ tracker }: Shipping): Pick<ShipReport, 'untracked' | 'hostsLeftOut'> {
  return { untracked: tracker?.problem, hostsLeftOut: tracker?.damage };
}

function trackerOf({ changes, store, again = false }: ShipOptions, delivery: Delivery, site: string, finder: Finder): ChangeTracker | undefined {
  if (changes === undefined || store === undefined) return undefined;
  const { everywhere = false, lists } = changes;
  return new ChangeTracker({ store, delivery: everywhere ? delivery : delivery.kept, site, options: changes, finder, lists, again });
}

/** Threads, for a single sink that writes lines which depend only on the scan and plain options. */
function threadsFor({ sinks: [sink, ...others], store, findings = {} }: ShipOptions, event: EventOptions): Threads | undefined {
  if (sink === undefined || others.length > 0 || store !== undefined || event.now !== systemClock.now) return undefined;
  const format = sink.lines;
  const { now: _, ...plain } = event;
  const isPlain = [event.networkOf, event.expects, event.macNetworks, findings.exposure, findings.intel].every((part) => part === undefined);
  return format === undefined || !isPlain ? undefined : Threads.with({ event: plain, findings, format });
}
