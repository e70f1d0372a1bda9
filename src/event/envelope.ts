import { dataStream } from './context.ts';
import { type Dataset, type Fields, INVENTORY, type LogEvent, type Shared } from './event.ts';
import { printable } from './text.ts';
import { isoTime } from './time.ts';

/** `event.kind`, `event.category`, `event.type`, and other members of `event`. */
interface EventKind {
  readonly kind: string;
  readonly category: readonly string[];
  readonly type: readonly string[] | undefined;
  readonly more?: Fields;
}

/** Members of every event. */
interface Frame {
  readonly event: Fields;
  /** Undefined when `shared` holds it, or there is no data stream. */
  readonly data_stream: Fields | undefined;
  readonly message: string;
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
  /** One line for people; it may contain text from a scan. */
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

/** The members that every event has. The caller places them among its own members, because their order is the order of the document. */
export function frameOf(statement: Statement): Frame {
  const { dataset, namespace } = statement;
  return {
    event: eventFields(statement),
    data_stream: namespace === undefined ? undefined : dataStream(dataset, namespace),
    message: printable(statement.message),
  };
}

/** Makes the event. `own`: all members of the document, those of `frame` included. */
export function envelope(statement: Statement, { message }: Frame, own: Fields): LogEvent {
  const { id, ackGroup, dataset, action, time, created, severity, shared, revision } = statement;
  const made = { id, ackGroup, dataset, action, time, created, severity, message, shared, own };
  return revision === undefined ? made : { ...made, revision };
}

function eventFields({ event: { kind, category, type, more }, id, action, dataset, created: at, severity }: Statement): Fields {
  const created = isoTime(at);
  if (UNRATED.has(dataset)) return { kind, category, type, action, id, module: MODULE, dataset, created };
  return { kind, category, type, ...more, action, id, module: MODULE, dataset, created, severity };
}
