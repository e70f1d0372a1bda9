import { dataStream } from './context.ts';
import { type Dataset, type Fields, INVENTORY, type LogEvent, type Shared } from './event.ts';
import { printable } from './text.ts';
import { isoTime } from './time.ts';

/** `event.kind`, `event.category`, `event.type`, and what else it says of itself. */
interface EventKind {
  readonly kind: string;
  readonly category: readonly string[];
  readonly type: readonly string[] | undefined;
  readonly more?: Fields;
}

/** Members of the event that every event has. */
interface Frame {
  readonly event: Fields;
  /** Undefined where `shared` names the stream, or there is none. */
  readonly data_stream: Fields | undefined;
  readonly message: string;
}

/** What an event states; the envelope adds what is the same in all of them. */
export interface Statement {
  readonly id: string;
  /** See {@link LogEvent}. */
  readonly ackGroup: string;
  readonly dataset: Dataset;
  readonly action: string;
  /** When it was so, and when portlog read it: epoch milliseconds. */
  readonly time: number;
  readonly created: number;
  /** 0 to 100. */
  readonly severity: number;
  /** One line that a person reads; it may hold what a stranger wrote. */
  readonly message: string;
  readonly shared: Shared;
  readonly event: EventKind;
  /** Of its data stream; undefined where `shared` names the stream, or there is none. */
  readonly namespace?: string | undefined;
  readonly revision?: number;
}

const MODULE = 'nmap';
/** What is seen night for night says nothing of how grave it is: that is what findings and changes are for. */
const UNRATED: ReadonlySet<Dataset> = new Set<Dataset>(['nmap.host', 'nmap.port', INVENTORY]);

/** What every event has in it; who makes one puts these members among all else that stands in it, in the order in which it is written. */
export function frameOf(statement: Statement): Frame {
  const { dataset, namespace } = statement;
  return {
    event: eventFields(statement),
    data_stream: namespace === undefined ? undefined : dataStream(dataset, namespace),
    message: printable(statement.message),
  };
}

/** The event: its identity beside it for delivery, and in it for whoever reads it. `own`: all that stands in it, the members of `frame` among it. */
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
