import type { ChangeOptions } from './change/options.ts';
import type { TargetLists } from './change/scope.ts';
import { type Clock, systemClock } from './clock.ts';
import { announce, isAnnounced } from './delivery/announce.ts';
import { Lane } from './delivery/lane.ts';
import type { LostRun } from './delivery/runs.ts';
import type { Store } from './delivery/store.ts';
import type { Tally } from './delivery/tally.ts';
import { PortlogError } from './errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from './event/context.ts';
import { Finder, type FindingOptions } from './finding/finder.ts';
import { Herald } from './herald.ts';
import { type InputReport, newInputReport, noteEvent, noteItem, notAScan } from './input-report.ts';
import { Interpreter } from './interpreter.ts';
import type { ScanItem } from './nmap/item.ts';
import { ScanReader } from './nmap/read.ts';
import type { Sink, SinkError } from './sink/sink.ts';
import type { Source } from './source/source.ts';
import { ChangeTracker } from './tracker.ts';

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
  readonly revive?: boolean;
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

/** Called for every piece of input; cheap to ignore. */
export interface Progress {
  readonly source: string;
  readonly bytes: number;
  readonly hosts: number;
  readonly events: number;
  /** nmap's own word about what it is doing, for example `SYN Stealth Scan 42.5%`. */
  readonly task: string | undefined;
}

export interface ShipReport {
  readonly inputs: readonly InputReport[];
  readonly sinks: readonly SinkReport[];
  readonly interrupted: boolean;
  /** Runs before this one that ended without a word. */
  readonly lostRuns: readonly LostRun[];
  /** The state could not be read or written, so changes were not looked for to the end. */
  readonly untracked: PortlogError | undefined;
}

export interface SinkReport {
  /** As people know it. */
  readonly sink: string;
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
/** How long a sink may hold up a file, and a scan that nobody can stop for a while, before its events go to disk. */
const FILE_PATIENCE_MS = 10_000;
const LIVE_PATIENCE_MS = 500;
const NEVER = new AbortController().signal;

/** Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves when every event has its fate. */
export async function ship(options: ShipOptions): Promise<ShipReport> {
  const { clock = systemClock, stop = NEVER, giveUp = NEVER, retryForMs = 60_000, store, again = false } = options;
  const lanes = options.sinks.map((sink) => new Lane(sink, { clock, store, retryForMs, again, signal: giveUp, onWaiting: options.onWaiting }));
  const eventOptions: EventOptions = { ...DEFAULT_OPTIONS, now: clock.now, ...options.event };
  store?.watch(() => lanes.map(({ sink, tally }) => ({ sink: sink.name, tally })));
  const herald = store === undefined ? undefined : new Herald(lanes, store, eventOptions, retryForMs);
  const finder = new Finder(options.findings);
  const tracker = trackerOf(options, lanes, eventOptions.site, finder);
  const { maxAges = new Map<string, number>() } = options;
  for (const lane of lanes) lane.start(options.revive === true);
  const inputs: InputReport[] = [];
  await whileFlushing(lanes, clock, async () => {
    await herald?.lookAfter(maxAges);
    for (const source of options.sources) {
      if (stop.aborted || isPointless(lanes)) break;
      inputs.push(await shipSource(source, { lanes, store, herald, tracker, finder, event: eventOptions, stop, onProgress: options.onProgress }));
    }
  });
  await finish(lanes);
  if (herald !== undefined) {
    await herald.lookAfter(maxAges);
    await herald.conclude(inputs);
    await finish(lanes);
  }
  await Promise.allSettled(lanes.map(({ sink }) => sink.close()));
  return { inputs, sinks: lanes.map(reportOf), interrupted: stop.aborted, lostRuns: store?.lostRuns ?? [], untracked: tracker?.problem };
}

function trackerOf({ changes, store }: ShipOptions, lanes: readonly Lane[], site: string, finder: Finder): ChangeTracker | undefined {
  if (changes === undefined || store === undefined) return undefined;
  const told = changes.everywhere ? lanes : lanes.filter(({ keeping }) => keeping !== undefined);
  return new ChangeTracker(store, told, site, changes, finder, changes.lists);
}

/** What every source is shipped with. */
interface Shipping extends Pick<ShipOptions, 'store' | 'onProgress'> {
  readonly lanes: readonly Lane[];
  readonly herald: Herald | undefined;
  readonly tracker: ChangeTracker | undefined;
  readonly finder: Finder;
  readonly event: EventOptions;
  readonly stop: AbortSignal;
}

/** Reads one source to its end, or as far as it can be read, and hands its events to all lanes. */
async function shipSource(source: Source, shipping: Shipping): Promise<InputReport> {
  const { lanes, stop, onProgress } = shipping;
  const report = newInputReport(source.name);
  const reader = new ScanReader();
  const interpreter = new Interpreter(shipping.event, shipping.finder);
  for (const lane of lanes) lane.patienceMs = source.live ? LIVE_PATIENCE_MS : FILE_PATIENCE_MS;
  try {
    for await (const chunk of source.bytes(stop)) {
      report.bytes += chunk.length;
      await forward(reader.push(chunk), interpreter, shipping, report);
      // What a running scan has found is told as soon as it is known.
      if (source.live) await shipping.tracker?.flush();
      onProgress?.({ source: source.name, bytes: report.bytes, hosts: report.hosts, events: report.events, task: report.task });
      if (isPointless(lanes)) {
        await shipping.tracker?.flush();
        return abandoned(report, lanes);
      }
    }
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
    report.problem = error;
  }
  // A file that we stopped reading is not cut; a live scan that we stopped is.
  if (stop.aborted && !source.live) {
    await shipping.tracker?.flush();
    return report;
  }
  await forward(reader.end(), interpreter, shipping, report);
  for (const lane of lanes) lane.endUnit();
  if (report.runs === 0) report.problem ??= notAScan(source.name, reader.beginning);
  return report;
}

async function forward(
  items: Iterable<ScanItem>,
  interpreter: Interpreter,
  { lanes, store, herald, tracker }: Shipping,
  report: InputReport,
): Promise<void> {
  for (const item of items) {
    noteItem(report, item);
    for (const event of interpreter.events(item)) {
      noteEvent(report, event);
      if (isAnnounced(event)) await announce([event], lanes, store);
      else
        for (const lane of lanes) {
          const wait = lane.push(event);
          // Awaiting nothing would still cost a turn of the event loop per event.
          if (wait !== undefined) await wait;
        }
    }
    if (tracker !== undefined) await tracker.take(item, interpreter.mapper);
    if (herald?.isAlarmed === true) await herald.watch();
  }
  report.openPorts = interpreter.mapper.openPorts;
}

/** Reading on would change nothing, or its result could not be kept. */
function isPointless(lanes: readonly Lane[]): boolean {
  return lanes.some(({ isStuck }) => isStuck) || lanes.every(({ isOver }) => isOver);
}

function abandoned(report: InputReport, lanes: readonly Lane[]): InputReport {
  const stuck = lanes.find(({ isStuck }) => isStuck);
  if (stuck !== undefined)
    report.problem = new PortlogError(
      'spool-full',
      `${report.name} was read up to byte ${report.bytes} only: the spool for ${stuck.sink.name} is full`,
      {
        hint: 'when the sink works again: portlog replay, then ship this again; or allow more with --spool-max-mib, or --spool-when-full drop-oldest',
      },
    );
  return report;
}

/** Sends batches that have waited long enough, as long as `work` takes. */
async function whileFlushing(lanes: readonly Lane[], clock: Clock, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const flushing = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(MAX_BATCH_AGE_MS, done.signal);
      // Whatever fails here fails again, and is reported, at the next push or at the end.
      await Promise.allSettled(lanes.map((lane) => lane.flush(MAX_BATCH_AGE_MS)));
    }
  })();
  try {
    await work();
  } finally {
    done.abort();
    await flushing;
  }
}

/** Every lane to its end, even if one of them fails by a mistake of ours. */
async function finish(lanes: readonly Lane[]): Promise<void> {
  const ends = await Promise.allSettled(lanes.map((lane) => lane.finish()));
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}

function reportOf({ sink, tally, own, replayed, failure, firstRejection, keeping }: Lane): SinkReport {
  const { events = 0, damaged = 0 } = keeping?.shelf.spool.usage() ?? {};
  return {
    sink: sink.name,
    tally,
    own,
    replayed,
    failure,
    firstRejection,
    waiting: events - damaged,
    damaged,
    spoolFull: keeping?.stuck ?? false,
    unaccountable: keeping?.fatal,
    bookkeeping: keeping?.bookkeeping,
  };
}
