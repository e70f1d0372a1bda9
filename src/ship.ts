import { type Clock, systemClock } from './clock.ts';
import { deadLetterFile } from './delivery/dead-letters.ts';
import { Lane } from './delivery/lane.ts';
import type { Tally } from './delivery/tally.ts';
import { PortlogError } from './errors.ts';
import { DEFAULT_OPTIONS, type EventOptions } from './event/context.ts';
import { EventMapper } from './event/map.ts';
import type { ScanItem } from './nmap/item.ts';
import { ScanReader } from './nmap/read.ts';
import { recognise } from './nmap/recognise.ts';
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

export interface InputReport {
  readonly name: string;
  bytes: number;
  runs: number;
  hosts: number;
  openPorts: number;
  /** Elements that could not be read. */
  refused: number;
  /** Runs that were cut, and runs that nmap ended with an error. */
  incomplete: number;
  failed: number;
  /** In the words of the scan events, and where something was refused. */
  readonly remarks: string[];
  problem: PortlogError | undefined;
}

export interface ShipReport {
  readonly inputs: readonly InputReport[];
  readonly sinks: readonly SinkReport[];
  readonly interrupted: boolean;
}

export interface SinkReport {
  readonly tally: Tally;
  readonly failure: SinkError | undefined;
  readonly firstRejection: string | undefined;
  readonly deadLetters: string;
}

const MAX_BATCH_AGE_MS = 1000;
const MAX_REMARKS = 20;
const NEVER = new AbortController().signal;

/**
 * Reads scans from `sources`, one after the other, and ships their events to all `sinks`. Resolves
 * when every event has its fate; throws only when that cannot be said (`state-unusable`).
 */
export async function ship(options: ShipOptions): Promise<ShipReport> {
  const { clock = systemClock, stop = NEVER, giveUp = NEVER, retryForMs = 60_000, stateDir } = options;
  const letters = (sink: Sink): ReturnType<typeof deadLetterFile> => deadLetterFile(stateDir, sink.name, clock.now);
  const lanes = options.sinks.map(
    (sink) => new Lane(sink, { clock, deadLetters: letters(sink), retryForMs, maxAgeMs: MAX_BATCH_AGE_MS, signal: giveUp }),
  );
  const eventOptions: EventOptions = { ...DEFAULT_OPTIONS, now: clock.now, ...options.event };
  const inputs = await whileFlushing(lanes, clock, async () => {
    const reports: InputReport[] = [];
    for (const source of options.sources) {
      if (stop.aborted || lanes.every(isOver)) break;
      reports.push(await shipSource(source, lanes, eventOptions, stop, options.onProgress));
    }
    return reports;
  });
  await finish(lanes);
  const sinks = lanes.map((lane) => ({
    tally: lane.tally,
    failure: lane.failure,
    firstRejection: lane.firstRejection,
    deadLetters: letters(lane.sink).path,
  }));
  return { inputs, sinks, interrupted: stop.aborted };
}

async function shipSource(
  source: Source,
  lanes: readonly Lane[],
  options: EventOptions,
  stop: AbortSignal,
  onProgress: ShipOptions['onProgress'],
): Promise<InputReport> {
  const report: InputReport = {
    name: source.name,
    bytes: 0,
    runs: 0,
    hosts: 0,
    openPorts: 0,
    refused: 0,
    incomplete: 0,
    failed: 0,
    remarks: [],
    problem: undefined,
  };
  const reader = new ScanReader();
  const mapper = new EventMapper(options);
  let events = 0;
  let task: string | undefined;

  const forward = async (items: Iterable<ScanItem>): Promise<void> => {
    for (const item of items) {
      note(report, item);
      if (item.kind === 'task') task = `${item.task.task ?? ''} ${item.task.percent === undefined ? '' : `${item.task.percent}%`}`.trim();
      for (const event of mapper.events(item)) {
        events++;
        if (event.dataset === 'nmap.scan') noteEnd(report, event.action, event.message);
        for (const lane of lanes) {
          const wait = lane.push(event);
          if (wait !== undefined) await wait;
        }
      }
    }
  };

  try {
    for await (const chunk of source.bytes(stop)) {
      report.bytes += chunk.length;
      await forward(reader.push(chunk));
      onProgress?.({ source: source.name, bytes: report.bytes, hosts: report.hosts, events, task });
      if (lanes.every(isOver)) return report;
    }
  } catch (error) {
    if (!(error instanceof PortlogError) || error.code === 'state-unusable') throw error;
    report.problem = error;
  }
  // A file that we stopped reading is not cut; a live scan that we stopped is.
  if (stop.aborted && !source.live) return report;
  await forward(reader.end());
  if (report.runs === 0) report.problem ??= notAScan(source.name, reader.beginning);
  return report;
}

function note(report: InputReport, item: ScanItem): void {
  if (item.kind === 'run') report.runs++;
  else if (item.kind === 'host') {
    report.hosts++;
    for (const port of item.host.ports) if (port.state?.state === 'open') report.openPorts++;
  } else if (item.kind === 'refused') {
    report.refused++;
    const { element, address, offset, reason } = item.refusal;
    remark(report, `the ${element} element${address === undefined ? '' : ` of ${address}`} at byte ${offset} could not be read: ${reason}`);
  }
}

function noteEnd(report: InputReport, action: string, message: string): void {
  if (action === 'scan-incomplete') report.incomplete++;
  else if (action === 'scan-failed') report.failed++;
  else return;
  remark(report, message);
}

function remark(report: InputReport, text: string): void {
  if (report.remarks.length < MAX_REMARKS) report.remarks.push(text);
}

function notAScan(name: string, beginning: string): PortlogError {
  const { what, hint } = recognise(beginning);
  return new PortlogError('input-not-a-scan', `${name} is no scan: ${what}`, { hint });
}

/** Nobody reads this sink any more, so reading on would change nothing. */
function isOver(lane: Lane): boolean {
  return lane.failure?.kind === 'closed';
}

/** Sends batches that have waited long enough, as long as `work` takes. */
async function whileFlushing<T>(lanes: readonly Lane[], clock: Clock, work: () => Promise<T>): Promise<T> {
  const done = new AbortController();
  const flushing = (async () => {
    while (!done.signal.aborted) {
      await clock.sleep(MAX_BATCH_AGE_MS, done.signal);
      // Whatever fails here fails again, and is reported, at the next push or at the end.
      await Promise.allSettled(lanes.map((lane) => lane.flushOld()));
    }
  })();
  try {
    return await work();
  } finally {
    done.abort();
    await flushing;
  }
}

/** Every lane to its end, even if one of them cannot say what became of its events. */
async function finish(lanes: readonly Lane[]): Promise<void> {
  const ends = await Promise.allSettled(lanes.map((lane) => lane.finish()));
  await Promise.allSettled(lanes.map(({ sink }) => sink.close()));
  const broken = ends.find((end) => end.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
}
