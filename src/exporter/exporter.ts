import { randomUUID } from 'node:crypto';
import type { LogRecordExporter, ReadableLogRecord } from '@opentelemetry/sdk-logs';
import { systemClock } from '../core/clock.ts';
import { Delivery } from '../delivery/delivery.ts';
import type { SinkReport } from '../delivery/report.ts';
import type { Store } from '../state/store.ts';
import { dataStream } from '../event/context.ts';
import { type Fields, GENERIC, levelOf, type LogEvent, SEVERITY, Shared } from '../event/event.ts';
import { isoTime } from '../event/time.ts';
import { type Sink, SinkError } from '../sink/sink.ts';
import { expectKind, expectOptions } from '../library/given.ts';
import { MILLISECONDS, SINK, STORE } from '../library/kinds.ts';
import { otlpLogRecord } from './log-record.ts';
import { ordinaryRecord } from './ordinary.ts';

export interface SinkExporterOptions {
  /** Keeps undelivered records; without it they are given up, and the export fails. Closed by `shutdown`. */
  readonly store?: Store;
  /** How long a failing sink is retried, in milliseconds. Default: 60,000. */
  readonly retryForMs?: number;
}

type Done = Parameters<LogRecordExporter['export']>[1];
/** `ExportResultCode` of @opentelemetry/core. */
const [SUCCESS, FAILED] = [0, 1] as const;
const NEVER = new AbortController().signal;

/**
 * An exporter for the OpenTelemetry SDK that delivers a program's own log records as portlog delivers events: to any
 * sink, in batches, with retries, and to disk when it is down. An export succeeds when each of its records is at
 * the sink, or in `store`.
 * Throws `usage` for an argument of another kind. https://opentelemetry.io/docs/specs/otel/logs/sdk/#logrecordexporter
 */
export function sinkExporter(sink: Sink, options: SinkExporterOptions = {}): LogRecordExporter {
  expectKind('sinkExporter: sink', sink, SINK);
  expectOptions('sinkExporter', options, { store: STORE, retryForMs: MILLISECONDS });
  return new SinkExporter(sink, options);
}

class SinkExporter implements LogRecordExporter {
  private readonly delivery: Delivery;
  private readonly store: Store | undefined;
  /** Exports are processed one after the other. */
  private work: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(sink: Sink, { store, retryForMs = 60_000 }: SinkExporterOptions) {
    this.store = store;
    this.delivery = Delivery.to([sink], { clock: systemClock, store, retryForMs, signal: NEVER });
    this.delivery.start(false);
  }

  export(records: ReadableLogRecord[], done: Done): void {
    const exporting = this.isClosed ? Promise.reject(new Error('the exporter was shut down')) : this.work.then(() => this.take(records));
    this.work = exporting.catch(() => undefined);
    exporting.then(
      () => done({ code: SUCCESS }),
      (error: unknown) => done({ code: FAILED, error: error as Error }),
    );
  }

  async forceFlush(): Promise<void> {
    await this.work;
  }

  async shutdown(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    await this.work;
    await this.delivery.finish();
    await this.delivery.close();
    this.store?.close();
  }

  /** Throws when some of them are neither delivered nor kept. */
  private async take(records: readonly ReadableLogRecord[]): Promise<void> {
    const lostBefore = this.lost();
    const unreadable: Error[] = [];
    for (const record of records) {
      const event = eventOf(record);
      if (event instanceof Error) unreadable.push(event);
      else {
        const wait = this.delivery.push(event);
        if (wait !== undefined) await wait;
      }
    }
    await this.delivery.drain();
    const lost = this.lost() - lostBefore;
    if (lost > 0) throw this.reason(lost + unreadable.length);
    const [first] = unreadable;
    if (first !== undefined)
      throw new SinkError('temporary', `${this.report().sink}: ${unreadable.length} of these records could not be read: ${first.message}`);
  }

  private report(): SinkReport {
    return this.delivery.report()[0] as SinkReport;
  }

  private lost(): number {
    const { dead, discarded } = this.report().tally;
    return dead + discarded;
  }

  private reason(lost: number): Error {
    const { failure, firstRejection, sink, unaccountable } = this.report();
    const why = unaccountable?.message ?? failure?.message ?? firstRejection ?? 'it does not say why';
    return new SinkError('temporary', `${sink}: ${lost} of these records were not delivered: ${why}`);
  }
}

/** A log record as an event without a scan; an error when it cannot be read, as one of a getter, which costs no other record. */
function eventOf(record: ReadableLogRecord): LogEvent | Error {
  try {
    return eventOfOrdinary(ordinaryRecord(record));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function eventOfOrdinary(record: ReadableLogRecord): LogEvent {
  const { hrTime, hrTimeObserved, body, attributes, resource, severityText, eventName, instrumentationScope: scope } = record;
  // Identical records are separate events.
  const id = typeof attributes['log.record.uid'] === 'string' ? attributes['log.record.uid'] : randomUUID().replaceAll('-', '');
  const severity = severityOf(record.severityNumber ?? 0);
  const [time, created] = [millisecondsOf(hrTime), millisecondsOf(hrTimeObserved)];
  const message = typeof body === 'string' ? body : (JSON.stringify(body) ?? '');
  return {
    id,
    ackGroup: '',
    dataset: GENERIC,
    action: eventName ?? 'log',
    time,
    created,
    severity,
    message,
    shared: new Shared({ data_stream: dataStream(GENERIC, 'default') }),
    own: {
      '@timestamp': isoTime(time),
      message,
      'log': { level: severityText ?? levelOf(severity), logger: scope.name },
      'event': { id, action: eventName, dataset: GENERIC, created: isoTime(created), severity },
      'service': serviceOf(resource.attributes),
      'attributes': attributes as Fields,
      'resource': { attributes: resource.attributes as Fields },
    },
    otlp: otlpLogRecord(record),
  };
}

function serviceOf(attributes: Readonly<Record<string, unknown>>): Fields {
  const text = (name: string): string | undefined => (typeof attributes[name] === 'string' ? attributes[name] : undefined);
  return { name: text('service.name'), version: text('service.version') };
}

function millisecondsOf([seconds, nanoseconds]: ReadableLogRecord['hrTime']): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1_000_000);
}

/** https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
function severityOf(number: number): number {
  if (number >= 21) return SEVERITY.critical;
  if (number >= 17) return SEVERITY.high;
  return number >= 13 ? SEVERITY.medium : SEVERITY.info;
}
