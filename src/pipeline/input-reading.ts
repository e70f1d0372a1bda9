import { yieldToEventLoop } from '../core/event-loop.ts';
import type { LogEvent } from '../event/event.ts';
import type { MisdatedScan } from '../event/health.ts';
import type { ScanItem } from '../nmap/item.ts';
import type { Run } from '../nmap/model.ts';
import { ScanReader } from '../nmap/read.ts';
import type { Source } from '../source/source.ts';
import { type InputInProgress, noteEvent, noteItem } from './input-report.ts';
import { Interpreter } from './interpreter.ts';
import type { ScannedHost } from './scanned-host.ts';
import type { Shipping } from './shipping.ts';
import { PieceReader, type ResultReceiver } from './threads/pieces.ts';
import type { Rendered } from './threads/render.ts';

/** Turns the bytes of one input into delivered events: in this thread, or in several when only lines are wanted and it can be read ahead. */
export class InputReading implements ResultReceiver {
  readonly report: InputInProgress;
  private readonly shipping: Shipping;
  private readonly isLive: boolean;
  private readonly reader = new ScanReader();
  private readonly interpreter: Interpreter;
  private readonly pieces: PieceReader | undefined;

  constructor({ live }: Source, shipping: Shipping, report: InputInProgress) {
    const { event, finder, threads } = shipping;
    this.shipping = shipping;
    this.report = report;
    this.isLive = live;
    this.interpreter = new Interpreter(event, finder);
    this.pieces = threads === undefined || live ? undefined : new PieceReader(this.reader, threads, this);
  }

  /** The run that is being read. */
  get run(): Run | undefined {
    return this.interpreter.mapper.run?.run;
  }

  /** The beginning of the input, to recognise what it is when it is no scan. */
  get beginning(): string {
    return this.reader.beginning;
  }

  get isTooLongWithoutRun(): boolean {
    return this.reader.isTooLongWithoutRun;
  }

  /** Its scans with impossible times. */
  get misdated(): readonly MisdatedScan[] {
    return this.interpreter.mapper.misdated;
  }

  async push(chunk: Uint8Array): Promise<void> {
    await (this.pieces === undefined ? this.take(this.reader.push(chunk)) : this.pieces.push(chunk));
  }

  /** Waits until everything pushed was taken over by delivery. */
  async settle(): Promise<void> {
    await this.pieces?.settle();
  }

  /** The input has ended. */
  async end(): Promise<void> {
    await (this.pieces === undefined ? this.take(this.reader.end()) : this.pieces.end());
  }

  /** Delivers what items say, in order. */
  async take(items: Iterable<ScanItem>): Promise<void> {
    try {
      for (const item of items) {
        if (this.isStopped) return;
        const others = yieldToEventLoop();
        if (others !== undefined) await others;
        noteItem(this.report, item);
        const { events, host } = this.interpreter.read(item);
        if (!(await this.deliver(events))) return;
        await this.conclude(item, host);
      }
    } finally {
      // However it ends, the report says what was read.
      this.noteCounts();
    }
  }

  /** Delivers what a thread has rendered; false, without doing so, when one of its hosts was seen before. */
  async takeRendered({ body, events, counts, others }: Rendered): Promise<boolean> {
    if (!this.interpreter.mapper.add(counts)) return false;
    this.report.events += events;
    this.report.findings += Object.values(counts.findings).reduce((sum, one) => sum + one, 0);
    await this.take(others);
    if (events > 0) await this.shipping.delivery.pushRendered(events, body);
    return true;
  }

  /** Whether to stop: what was read of a file but not delivered can be read again. */
  private get isStopped(): boolean {
    return this.shipping.stop.aborted && !this.isLive;
  }

  /** False when reading was stopped between two of the events. */
  private async deliver(events: Iterable<LogEvent>): Promise<boolean> {
    const { delivery } = this.shipping;
    for (const event of events) {
      // A host may have 65,535 ports with findings on each, so other work gets a turn between.
      const turnOfOthers = yieldToEventLoop();
      if (turnOfOthers !== undefined) {
        await turnOfOthers;
        if (this.isStopped) {
          delivery.abandonAckGroup();
          return false;
        }
      }
      noteEvent(this.report, event);
      const wait = delivery.push(event);
      // Awaiting undefined would cost a microtask per event.
      if (wait !== undefined) await wait;
    }
    return true;
  }

  /** After the events of an item: hands it to change detection, and looks after the sinks. */
  private async conclude(item: ScanItem, host: ScannedHost | undefined): Promise<void> {
    const { delivery, tracker, healthReporter, event } = this.shipping;
    // Committed events are sent after those pushed before, so `scan-started` is committed before any host.
    if (item.kind === 'run' && event.scannerHost !== undefined) await delivery.commit();
    if (tracker !== undefined) await tracker.take(item, this.interpreter.mapper.run, host);
    if (healthReporter?.hasUnreportedFailure === true) await healthReporter.watch();
  }

  private noteCounts(): void {
    const { openPorts, openProtocols, unconfirmed, portScans, hostsListed: hosts } = this.interpreter.mapper;
    Object.assign(this.report, { openPorts, openProtocols, unconfirmed, portScans, hosts });
  }
}
