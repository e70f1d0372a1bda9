import { dataStream } from './context.ts';
import { type Dataset, type Fields, INVENTORY, type LogEvent, type Shared } from './event.ts';
import { messageLine } from './markup.ts';
import { isoTime } from './time.ts';

/** `event.kind`, `event.category`, `event.type`, and members of `event` that other events do not have. */
interface EventKind {
  readonly kind: string;
  readonly category: readonly string[];
  readonly type: readonly string[] | undefined;
  readonly more?: Fields;
}

/** What an event states; the envelope adds what all events have. */
export interface Statement {
  readonly id: string;
  /** See {@link LogEvent}. */
  readonly ackGroup: string;
  readonly dataset: Dataset;
  readonly action: string;
  /** When nmap saw it, and when portlog read it: epoch milliseconds. */
  readonly time: number;
  readonly created: number;
  /** 0 to 100. */
  readonly severity: number;
  /** For people; it may contain text from a scan, and becomes a {@link messageLine}. */
  readonly message: string;
  readonly shared: Shared;
  readonly event: EventKind;
  /** Namespace of the data stream; undefined when `shared` holds it, or there is no data stream. */
  readonly namespace?: string | undefined;
  readonly revision?: number;
}

const MODULE = 'nmap';
/** Observations repeat with each scan and have no severity of their own; findings and changes have. */
const UNRATED: ReadonlySet<Dataset> = new Set<Dataset>(['nmap.host', 'nmap.port', INVENTORY]);

/** Makes the event. `own`: its members beside those that every event has; the order of all is the order of the document. */
export function envelope(statement: Statement, own: Fields): LogEvent {
  const { id, ackGroup, dataset, action, time, created, severity, shared, namespace, revision } = statement;
  const message = messageLine(statement.message);
  const event = eventFields(statement);
  const whole: Fields =
    namespace === undefined ? { event, ...own, message } : { event, data_stream: dataStream(dataset, namespace), ...own, message };
  const made = { id, ackGroup, dataset, action, time, created, severity, message, shared, own: whole };
  return revision === undefined ? made : { ...made, revision };
}

function eventFields({ event: { kind, category, type, more }, id, action, dataset, created: at, severity }: Statement): Fields {
  const created = isoTime(at);
  if (UNRATED.has(dataset)) return { kind, category, type, action, id, module: MODULE, dataset, created, ...more };
  return { kind, category, type, ...more, action, id, module: MODULE, dataset, created, severity };
}
