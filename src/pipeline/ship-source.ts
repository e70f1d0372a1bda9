import type { Delivery } from '../delivery/delivery.ts';
import type { Clock } from '../core/clock.ts';
import { PortlogError } from '../core/errors.ts';
import type { EventOptions } from '../event/context.ts';
import type { Finder } from '../finding/finder.ts';
import type { HealthReporter } from './health-reporter.ts';
import type { EventMapper } from '../event/map.ts';
import {
  completeRemarks,
  type InputInProgress,
  type InputReport,
  newInputReport,
  noteEvent,
  noteItem,
  noteMisdated,
  notAScan,
} from './input-report.ts';
import { Interpreter } from './interpreter.ts';
import { mistake } from '../core/mistake.ts';
import type { ScanItem } from '../nmap/item.ts';
import { ScanReader } from '../nmap/read.ts';
import type { Source } from '../source/source.ts';
import { PieceReader } from './threads/pieces.ts';
import type { Threads } from './threads/threads.ts';
import type { ChangeTracker } from './change-tracker.ts';
import { whileIdle } from './while-idle.ts';
import { yieldToEventLoop } from '../core/event-loop.ts';

/** How long a sink may delay reading a file, and reading a running scan, before its events go to disk. */
const FILE_PATIENCE_MS = 10_000;
const LIVE_PATIENCE_MS = 500;

/** Called for every piece of input; cheap to ignore. */
export interface Progress {
  readonly source: string;
  readonly bytes: number;
  readonly hosts: number;
  readonly events: number;
  /** nmap's current task, for example `SYN Stealth Scan 42.5%`. */
  readonly task: string | undefined;
}

/** What every source is shipped with. */
interface Shipping {
  readonly delivery: Delivery;
  readonly healthReporter: HealthReporter | undefined;
  readonly tracker: ChangeTracker | undefined;
  readonly finder: Finder;
  readonly threads: Threads | undefined;
  readonly event: EventOptions;
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/**
 * Reads one source to its end, or as far as possible, and delivers its events. A bug of portlog ends this source only: what
 * was committed stays, the rest is rolled back.
 */
export async function shipSource(source: Source, shipping: Shipping): Promise<InputReport> {
  const { delivery, tracker } = shipping;
  const report = newInputReport(source.name);
  try {
    await readAll(source, shipping, report);
  } catch (error) {
    // Not caused by the input: the next source would fail in the same way.
    if (delivery.isBroken) throw error;
    report.problem = mistake(`reading ${source.name} at byte ${report.bytes}`, error);
    delivery.abandonAckGroup();
    await delivery.commit();
    tracker?.abandon();
  }
  completeRemarks(report);
  return report;
}

async function readAll(source: Source, shipping: Shipping, report: InputInProgress): Promise<void> {
  const { delivery, stop, tracker } = shipping;
  const reader = new ScanReader();
  const reading = readingOf(reader, source, shipping, report);
  tracker?.beginInput(report);
  delivery.patienceMs = source.live ? LIVE_PATIENCE_MS : FILE_PATIENCE_MS;
  try {
    report.partOnly = await readBytes(source, shipping, report, reading, reader);
    if (report.partOnly) return;
  } catch (error) {
    if (!(error instanceof PortlogError)) throw error;
    report.problem = error;
  }
  // A file that we stopped reading is not incomplete; a live scan that we stopped is.
  if (stop.aborted && !source.live) {
    report.partOnly = true;
    await reading.settle();
    tracker?.flush();
    await delivery.commit();
    return;
  }
  await reading.end();
  if (source.live) await delivery.commit();
  noteMisdated(report, reading.mapper.misdated);
  delivery.endAckGroup();
  if (report.runs === 0) report.problem ??= notAScan(source.name, reader.beginning);
}

/** Reads all bytes. True when reading was given up because no sink accepts anything. */
async function readBytes(source: Source, shipping: Shipping, report: InputInProgress, reading: Reading, reader: ScanReader): Promise<boolean> {
  const { delivery, stop, tracker, clock, onProgress } = shipping;
  const commit = (): Promise<void> => delivery.commit();
  for await (const chunk of whileIdle(source.bytes(stop), clock, () => delivery.hasWaiting, commit)) {
    // Nothing of it would be taken.
    if (stop.aborted && !source.live) return false;
    report.bytes += chunk.length;
    await reading.push(chunk);
    // Hosts of a running scan are compared immediately.
    if (source.live) tracker?.flush();
    await (source.live ? delivery.commit() : delivery.commitAfter(chunk.length));
    onProgress?.({ source: source.name, bytes: report.bytes, hosts: report.hosts, events: report.events, task: report.task });
    // A sink with a full spool does not stop healthy ones.
    noteAbandoned(report, delivery);
    await yieldToEventLoop();
    if (reader.isTooLongWithoutRun) return false;
    if (!delivery.isPointless) continue;
    tracker?.flush();
    await delivery.commit();
    return true;
  }
  return false;
}

/** Turns bytes into delivered events. */
interface Reading {
  push(chunk: Uint8Array): Promise<void>;
  /** Waits until everything pushed was taken over by delivery. */
  settle(): Promise<void>;
  /** The input has ended. */
  end(): Promise<void>;
  readonly mapper: EventMapper;
}

/** Reads in this thread, or in several when only lines are wanted and the input can be read ahead. */
function readingOf(reader: ScanReader, { live }: Source, shipping: Shipping, report: InputInProgress): Reading {
  const { threads, delivery } = shipping;
  const interpreter = new Interpreter(shipping.event, shipping.finder);
  const { mapper } = interpreter;
  /** Whether to stop: what was read of a file but not delivered can be read again. */
  const isStopped = (): boolean => shipping.stop.aborted && !live;
  const take = (items: Iterable<ScanItem>): Promise<void> => forward(items, isStopped, interpreter, shipping, report);
  if (threads === undefined || live)
    return { mapper, push: (chunk) => take(reader.push(chunk)), settle: async () => undefined, end: () => take(reader.end()) };
  const pieces = new PieceReader(reader, threads, {
    get run() {
      return mapper.run?.run;
    },
    take,
    async takeRendered({ body, events, counts, others }) {
      if (!mapper.add(counts)) return false;
      report.events += events;
      report.findings += sumOf(counts.findings);
      await take(others);
      if (events > 0) await delivery.pushRendered(events, body);
      return true;
    },
  });
  return { mapper, push: (chunk) => pieces.push(chunk), settle: () => pieces.settle(), end: () => pieces.end() };
}

async function forward(
  items: Iterable<ScanItem>,
  isStopped: () => boolean,
  interpreter: Interpreter,
  shipping: Shipping,
  report: InputInProgress,
): Promise<void> {
  try {
    await forwardAll(items, isStopped, interpreter, shipping, report);
  } finally {
    // However it ends, the report says what was read.
    noteCounts(report, interpreter.mapper);
  }
}

async function forwardAll(
  items: Iterable<ScanItem>,
  isStopped: () => boolean,
  interpreter: Interpreter,
  { delivery, healthReporter, tracker, event: { scannerHost } }: Shipping,
  report: InputInProgress,
): Promise<void> {
  for (const item of items) {
    if (isStopped()) break;
    const others = yieldToEventLoop();
    if (others !== undefined) await others;
    noteItem(report, item);
    const { events, host } = interpreter.read(item);
    for (const event of events) {
      // A host may have 65,535 ports with findings on each, so other work gets a turn between.
      const turnOfOthers = yieldToEventLoop();
      if (turnOfOthers !== undefined) {
        await turnOfOthers;
        if (isStopped()) return delivery.abandonAckGroup();
      }
      noteEvent(report, event);
      const wait = delivery.push(event);
      // Awaiting undefined would cost a microtask per event.
      if (wait !== undefined) await wait;
    }
    // Committed events are sent after those pushed before, so `scan-started` is committed before any host.
    if (item.kind === 'run' && scannerHost !== undefined) await delivery.commit();
    if (tracker !== undefined) await tracker.take(item, interpreter.mapper.run, host);
    if (healthReporter?.hasUnreportedFailure === true) await healthReporter.watch();
  }
}

function noteCounts(report: InputInProgress, { openPorts, openProtocols, unconfirmed, portScans, hostsListed: hosts }: EventMapper): void {
  Object.assign(report, { openPorts, openProtocols, unconfirmed, portScans, hosts });
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, one) => sum + one, 0);
}

function noteAbandoned(report: InputInProgress, delivery: Delivery): void {
  const stuck = delivery.stuckSink;
  if (stuck === undefined || report.problem !== undefined) return;
  report.problem = new PortlogError('spool-full', `${report.name} was only read up to byte ${report.bytes} for ${stuck}: its spool is full`, {
    hint: 'when the sink works again: portlog replay, then ship this again; or allow more with --spool-max-mib, or --spool-when-full drop-oldest',
  });
}
