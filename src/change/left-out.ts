import { currentValue, isPort, type KnownFinding, type KnownHost } from '../state/known-host.ts';
import { isOpen } from './coverage.ts';
import { parsePortKey, type Sighting } from './sighting.ts';

/** What stands at a host, and what a scan that lists it has not looked at. */
interface LeftOut {
  readonly ports: number;
  readonly protocols: number;
  readonly findings: number;
}

export function leftOut(known: KnownHost, sighting: Sighting): LeftOut {
  if (sighting.presence === 'down') return { ports: 0, protocols: 0, findings: 0 };
  const untested = Object.values(known.ports).filter(
    ({ open, protocol, number }) => currentValue(open, 1) === 'yes' && !sighting.find(protocol, number).tested,
  );
  const ports = untested.filter(isPort).length;
  const seen = new Set(sighting.findings.map(findingId));
  const findings = Object.entries(known.findings).filter(
    ([id, finding]) => currentValue(finding.open, 1) === 'yes' && !seen.has(id) && !isGone(finding, sighting),
  );
  return { ports, protocols: untested.length - ports, findings: findings.length };
}

/** By which a host knows a finding: `443/tcp nmap-certificate-expired`. */
export function findingId({ port, key }: Pick<KnownFinding, 'port' | 'key'>): string {
  return port === undefined ? key : `${port} ${key}`;
}

/** Whether a finding that a scan does not have is resolved by it: its port is closed, or its source has looked again. */
export function isGone({ port, source }: Pick<KnownFinding, 'port' | 'source'>, sighting: Sighting): boolean {
  if (port === undefined) return sighting.presence === 'up' && sighting.hasLooked(undefined, source);
  const { protocol, number } = parsePortKey(port);
  const found = sighting.find(protocol, number);
  if (!found.tested) return false;
  return found.state === 'open' ? sighting.hasLooked(port, source) : isOpen(found.state) === false;
}
