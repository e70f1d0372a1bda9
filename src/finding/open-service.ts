import { SEVERITY } from '../event/event.ts';
import type { Port, Service } from '../nmap/model.ts';
import type { Finding } from './finding.ts';

/** What a service says to version detection only when it asks for no password. */
interface OpenService {
  readonly shows: (service: Service) => boolean;
  readonly severity: number;
  /** Behind `Redis is reachable`. */
  readonly words: string;
  /** The script that tests the same, and has a finding of its own. */
  readonly script?: string;
}

const WITHOUT_PASSWORD = ', and answers without a password';

/** By rule. The probes, and what they match: https://svn.nmap.org/nmap/nmap-service-probes */
const OPEN_SERVICES: Readonly<Record<string, OpenService>> = {
  // `INFO`: otherwise -NOAUTH, and nmap tells no version.
  'nmap-service-redis': {
    shows: ({ product = '', version = '' }) => product.startsWith('Redis') && version !== '',
    severity: SEVERITY.critical,
    words: WITHOUT_PASSWORD,
    script: 'redis-info',
  },
  // `stats`
  'nmap-service-memcached': {
    shows: ({ product = '', version = '' }) => product === 'Memcached' && version !== '',
    severity: SEVERITY.high,
    words: WITHOUT_PASSWORD,
    script: 'memcached-info',
  },
  // `GET /`: otherwise 401, and nmap tells no version.
  'nmap-service-elasticsearch': {
    shows: ({ product = '', version = '' }) => product === 'Elasticsearch REST API' && version !== '',
    severity: SEVERITY.high,
    words: WITHOUT_PASSWORD,
  },
  // The probe asks with the community "public".
  'nmap-service-snmp': {
    shows: ({ product = '', extrainfo = '' }) => product.startsWith('SNMPv1 server') && /\bpublic\b/.test(extrainfo),
    severity: SEVERITY.medium,
    words: ', and answers to the community "public"',
    script: 'snmp-sysdescr',
  },
};

/** A finding that a service is reachable, more severe if version detection shows that it asks for no password. */
export function withOpenAccess(finding: Finding, { service, scripts }: Port): Finding {
  const open = Object.hasOwn(OPEN_SERVICES, finding.rule.id) ? OPEN_SERVICES[finding.rule.id] : undefined;
  if (open === undefined || service === undefined || !open.shows(service) || scripts.some(({ id }) => id === open.script)) return finding;
  return { ...finding, title: `${finding.title}${open.words}`, severity: Math.max(finding.severity, open.severity), isOpenAccess: true };
}
