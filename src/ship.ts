import { type Clock, systemClock } from './clock.ts';
import { deadLetterFile } from './delivery/dead-letters.ts';
import { Lane } from './delivery/lane.ts';
import type { Tally } from './delivery/tally.ts';
import { PortlogError } from './errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from './event/context.ts';
import { EventMapper } from './event/map.ts';
import { type InputReport, newInputReport, noteEvent, noteItem, notAScan } from './input-report.ts';
import type { ScanItem } from './nmap/item.ts';
import { ScanReader } from './nmap/read.ts';
import type { Sink, SinkError } from './sink/sink.ts';
import type { Source } from './source/source.ts';

export interface ShipOptions {
  readonly sources: readonly Source[];
  readonly sinks: readonly Sink[];
  readonly event?: Partial<EventOptions>;
  /** Where dead letters are kept. */
  readonly stateDir: string;
  readonly retryForMs?: number;
  readonly clock?: Clock;
  /** Aborted: read no more, deliver what was read. */
  readonly stop?: AbortSignal;
  /** Aborted: wait for nothing any more, keep what was not delivered. */
  readonly giveUp?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
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
  /** Events could neither be delivered nor kept; the sums do not close by so many. */
  readonly unaccountable: PortlogError | undefined;
}

export interface SinkReport {
  readonly tally: Tally;
  readonly failure: SinkError | undefined;
  readonly firstRejection: string | undefined;
  readonly deadLetters: string;
}

const MAX_BATCH_AGE_MS = 1000;
const NEVER = new AbortController().signal;

/**
 * Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves
 * when every event has its fate; `unaccountable` says when that could not be had (a full disk).
 */
export async function ship(options: ShipOptions): Promise<ShipReport> {
  const { clock = systemClock, stop = NEVER, giveUp = NEVER, retryForMs = 60_000, stateDir } = options;
  const letters = (sink: Sink): ReturnType<typeof deadLetterFile> => deadLetterFile(stateDir, sink.name, clock.now);
  const lanes = options.sinks.map(
    (sink) => new Lane(sink, { clock, deadLetters: letters(sink), retryForMs, maxAgeMs: MAX_BATCH_AGE_MS, signal: giveUp }),
  );
  const eventOptions: EventOptions = { ...DEFAULT_OPTIONS, now: clock.now, ...options.event };
  const inputs: InputReport[] = [];
  const reading = whileFlushing(lanes, clock, async () => {
    for (const source of options.sources) {
      if (stop.aborted || lanes.every(isOver)) break;
      inputs.push(await shipSource(source, lanes, eventOptions, stop, options.onProgress));
    }
  });
  const whileReading = await stateError(reading);
  const atTheEnd = await stateError(finish(lanes));
  const sinks = lanes.map((lane) => ({
    tally: lane.tally,
    failure: lane.failure,
    firstRejection: lane.firstRejection,
    deadLetters: letters(lane.sink).path,
  }));
  return { inputs, sinks, interrupted: stop.aborted, unaccountable: whileReading ?? atTheEnd };
}

/** Reads one source to its end, or as far as it can be read, and hands its events to all lanes. */
async function shipSource(
  source: Source,
  lanes: readonly Lane[],
  options: EventOptions,
  stop: AbortSignal,
  onProgress: ShipOptions['onProgress'],
): Promise<InputReport> {
  const report = newInputReport(source.name);
  const reader = new ScanReader();
  const mapper = new EventMapper(options);
  try {
    for await (const chunk of source.bytes(stop)) {
      report.bytes += chunk.length;
      await forward(reader.push(chunk), mapper, lanes, report);
      onProgress?.({ source: source.name, bytes: report.bytes, hosts: report.hosts, events: report.events, task: report.task });
      if (lanes.every(isOver)) return report;
    }
  } catch (error) {
    if (!(error instanceof PortlogError) || error.code === 'state-unusable') throw error;
    report.problem = error;
  }
  // A file that we stopped reading is not cut; a live scan that we stopped is.
  if (stop.aborted && !source.live) return report;
  await forward(reader.end(), mapper, lanes, report);
  if (report.runs === 0) report.problem ??= notAScan(source.name, reader.beginning);
  return report;
}

async function forward(items: Iterable<ScanItem>, mapper: EventMapper, lanes: readonly Lane[], report: InputReport): Promise<void> {
  for (const item of items) {
    noteItem(report, item);
    for (const event of mapper.events(item)) {
      noteEvent(report, event);
      for (const lane of lanes) {
        const wait = lane.push(event);
        // Awaiting nothing would still cost a turn of the event loop per event.
        if (wait !== undefined) await wait;
      }
    }
  }
  report.openPorts = mapper.openPorts;
}

/** Nobody reads this sink any more, so reading on would change nothing. */
function isOver(lane: Lane): boolean {
  return lane.failure?.kind === 'closed';
}

/** Sends batches that have waited long enough, as long as `work` takes. */
async function whileFlushing(lanes: readonly Lane[], clock: Clock, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const flushing = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(MAX_BATCH_AGE_MS, done.signal);
      // Whatever fails here fails again, and is reported, at the next push or at the end.
      await Promise.allSettled(lanes.map((lane) => lane.flushOld()));
    }
  })();
  try {
    await work();
  } finally {
    done.abort();
    await flushing;
  }
}

/** The error when it says that events could not be kept; any other is a mistake of ours and goes on. */
async function stateError(work: Promise<unknown>): Promise<PortlogError | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof PortlogError && error.code === 'state-unusable') return error;
    throw error;
  }
}

/** Every lane to its end, even if one of them cannot say what became of its events. */
async function finish(lanes: readonly Lane[]): Promise<void> {
  const ends = await Promise.allSettled(lanes.map((lane) => lane.finish()));
  await Promise.allSettled(lanes.map(({ sink }) => sink.close()));
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}
