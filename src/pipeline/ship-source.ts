import { PortlogError } from '../core/errors.ts';
import { yieldToEventLoop } from '../core/event-loop.ts';
import { mistake } from '../core/mistake.ts';
import type { Delivery } from '../delivery/delivery.ts';
import type { Source } from '../source/source.ts';
import { InputReading } from './input-reading.ts';
import { completeRemarks, type InputInProgress, type InputReport, newInputReport, noteMisdated, notAScan } from './input-report.ts';
import type { Shipping } from './shipping.ts';
import { whileIdle } from './while-idle.ts';

/** How long a sink may delay reading a file, and reading a running scan, before its events go to disk. */
const FILE_PATIENCE_MS = 10_000;
const LIVE_PATIENCE_MS = 500;

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
  const reading = new InputReading(source, shipping, report);
  tracker?.beginInput(report);
  delivery.patienceMs = source.live ? LIVE_PATIENCE_MS : FILE_PATIENCE_MS;
  try {
    report.partOnly = await readBytes(source, shipping, reading);
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
  noteMisdated(report, reading.misdated);
  delivery.endAckGroup();
  if (report.runs === 0) report.problem ??= notAScan(source.name, reading.beginning);
}

/** Reads all bytes. True when reading was given up because no sink accepts anything. */
async function readBytes(source: Source, { delivery, stop, tracker, clock, onProgress }: Shipping, reading: InputReading): Promise<boolean> {
  const { report } = reading;
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
    noteAbandoned(report, source, delivery);
    await yieldToEventLoop();
    if (reading.isTooLongWithoutRun) return false;
    if (!delivery.isPointless) continue;
    tracker?.flush();
    await delivery.commit();
    return true;
  }
  return false;
}

function noteAbandoned(report: InputInProgress, { live }: Source, delivery: Delivery): void {
  const stuck = delivery.stuckSink;
  if (stuck === undefined || report.problem !== undefined) return;
  report.problem = new PortlogError('spool-full', `${report.name} was only read up to byte ${report.bytes} for ${stuck}: its spool is full`, {
    hint: `when the sink works again: portlog replay, then ${live ? 'scan again (what was piped cannot be read again)' : 'ship this again'}; or allow more with --spool-max-mib, or --spool-when-full drop-oldest`,
  });
}
