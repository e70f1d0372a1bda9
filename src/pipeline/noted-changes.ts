import type { LogEvent } from '../event/event.ts';
import { fieldAt, textAt } from '../event/text-at.ts';
import { hasPorts } from '../nmap/transport.ts';

/** The changes of an input: their number by kind, and the first places. */
export interface NotedChanges {
  /** Numbers by `event.action`, in order of appearance, `scope-shrank` and `mass-change` included. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first places by `event.action`, each once, one more than are shown: `192.0.2.7 23/tcp`. */
  readonly first: Readonly<Record<string, readonly string[]>>;
  /** Whether something was seen for the first time, without anything earlier to compare with. */
  readonly isBaseline: boolean;
  /** Changes that were announced before, and go now to a sink that did not have them: their number by the sink's name. */
  readonly earlier: Readonly<Record<string, number>>;
}

/** The same while the input is compared. */
export interface ChangesInProgress {
  readonly counts: Record<string, number>;
  readonly first: Record<string, string[]>;
  isBaseline: boolean;
  readonly earlier: Record<string, number>;
}

/** Places that are shown of each kind of change. */
export const MAX_NAMED = 3;

export function noChanges(): ChangesInProgress {
  return { counts: {}, first: {}, isBaseline: false, earlier: {} };
}

/** Counts announced events: changes, and events about the run as a whole. */
export function noteChanges(noted: ChangesInProgress, events: readonly LogEvent[]): void {
  for (const event of events) {
    if (event.dataset !== 'nmap.change') continue;
    if (event.action === 'baseline') noted.isBaseline = true;
    else noted.counts[event.action] = (noted.counts[event.action] ?? 0) + 1;
    if (ABOUT_THE_RUN.has(event.action)) continue;
    const named = (noted.first[event.action] ??= []);
    const place = placeOf(event);
    if (named.length <= MAX_NAMED && !named.includes(place)) named.push(place);
  }
}

/** Counts earlier changes that a sink gets now; 0 when it gets only what concerns a run as a whole. */
export function noteEarlier({ earlier }: ChangesInProgress, sink: string, events: readonly LogEvent[]): void {
  if (events.length > 0) earlier[sink] = (earlier[sink] ?? 0) + events.filter(({ action }) => !ABOUT_THE_RUN.has(action)).length;
}

const ABOUT_THE_RUN: ReadonlySet<string> = new Set(['baseline', 'mass-change', 'scope-shrank']);

function placeOf({ own }: LogEvent): string {
  const transport = textAt(own, 'network', 'transport');
  const port = fieldAt(own, ['server', 'port']) ?? protocolOf(own, transport);
  const host = textAt(own, 'server', 'address') ?? '';
  return typeof port === 'number' || typeof port === 'string' ? `${host} ${port}/${transport ?? ''}` : host;
}

/** A protocol of IP has no port (`server.port`); its number is at the end of its entity. */
function protocolOf(own: LogEvent['own'], transport: string | undefined): string | undefined {
  return transport === undefined || hasPorts(transport) ? undefined : textAt(own, 'nmap', 'entity', 'id')?.split('.')[2];
}
