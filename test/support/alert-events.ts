import { type Fields, type LogEvent, SEVERITY, Shared } from '../../src/event/event.ts';
import { digest, eventId, hostEntityId, portEntityId } from '../../src/event/id.ts';

/** A change as portlog tells it, with as much in it as alert rules ask for. Times are epoch milliseconds. */
export interface Told {
  readonly action: string;
  readonly time: number;
  readonly site?: string;
  readonly ip?: string;
  readonly port?: number | undefined;
  readonly zone?: string;
  /** Of a weakness. */
  readonly rule?: { readonly id: string; readonly name?: string; readonly category: string };
  readonly severity?: number;
  readonly dataset?: 'nmap.change' | 'nmap.scan' | 'nmap.health';
  readonly message?: string;
  readonly nmap?: Fields;
}

export function told(given: Told): LogEvent {
  const { action, time, site = 'default', ip, port, zone, rule, severity = SEVERITY.medium, dataset = 'nmap.change', nmap = {} } = given;
  const host = ip === undefined ? digest(['site', site]) : hostEntityId(site, ip);
  const place = port === undefined ? host : portEntityId(host, 'tcp', String(port));
  const entity = rule === undefined ? place : `${place}.${rule.id}`;
  const id = eventId(dataset, action, '', entity, String(time));
  const message = given.message ?? `${ip ?? site} ${port ?? ''} ${action}`;
  return {
    id,
    ackGroup: '',
    dataset,
    action,
    time,
    created: time,
    severity,
    message,
    shared: new Shared({ '@timestamp': new Date(time).toISOString() }),
    own: {
      event: { action, id, dataset, severity },
      server: ip === undefined ? undefined : { address: ip, ip, port },
      network: { transport: port === undefined ? undefined : 'tcp' },
      rule,
      nmap: { site, zone, entity: { id: entity }, finding: rule && { level: 'high', remedy: 'Close it.' }, ...nmap },
      message,
    },
  };
}
