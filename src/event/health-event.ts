import { baseFields, type EventOptions, PORTLOG_VERSION } from './context.ts';
import { envelope } from './envelope.ts';
import { type Fields, type LogEvent, Shared } from './event.ts';
import { eventId } from './id.ts';
import { isoTime } from './time.ts';

/** What portlog states about itself, or about what it was to read. */
interface HealthStatement {
  readonly action: string;
  /** Identifies the run of portlog that states it; undefined when any run would. */
  readonly run?: string;
  /** `nmap.entity.id` of what it is about. */
  readonly entity: string;
  /** The event id. Default: of the only event of this action that the run has about this entity. */
  readonly id?: string;
  readonly severity: number;
  readonly message: string;
  /** Members of `event` and of `nmap`. */
  readonly event: Fields;
  readonly nmap: Fields;
}

/** An event of `nmap.health`. */
export function healthEvent(options: EventOptions, health: HealthStatement): LogEvent {
  const { action, run, entity, severity, message, event, nmap } = health;
  const { id = eventId('nmap.health', action, run ?? '', entity, '') } = health;
  const now = options.now();
  const statement = {
    id,
    ackGroup: id,
    dataset: 'nmap.health',
    action,
    time: now,
    created: now,
    severity,
    message,
    shared: sharedFields(options, now),
    event: { kind: 'event', category: ['host'], type: ['info'], more: event },
    namespace: options.namespace,
  } as const;
  const runFields = { id: run, ...(nmap['run'] as Fields | undefined) };
  return envelope(statement, { nmap: { site: options.site, entity: { id: entity }, ...nmap, run: runFields } });
}

/** Without a scanner: portlog itself is the observer. */
function sharedFields(options: EventOptions, now: number): Shared {
  return new Shared({
    '@timestamp': isoTime(now),
    ...baseFields({}, options),
    'observer': { name: options.sensor, product: 'portlog', version: PORTLOG_VERSION, type: 'scanner' },
  });
}
