import type { Service } from '../nmap/model.ts';
import type { Fields } from './event.ts';

/** A service as nmap shows it: `https`, `ssl/smtp` for a service within TLS. */
export function shownService(name: string | undefined, tunnel: string | undefined): string {
  if (tunnel !== 'ssl') return name ?? '';
  if (name === 'http' || name === 'https') return 'https';
  return `ssl/${name === undefined || name === '' ? 'unknown' : name}`;
}

/** `service` of every event about a port: its type as nmap shows it, the same in all events. */
export function serviceOf(service: Service | undefined): Fields | undefined {
  return service?.name === undefined ? undefined : { type: shownService(service.name, service.tunnel), version: service.version };
}
