import { currentValue, isPort, type KnownFinding, type KnownHost, type KnownPort } from '../state/known-host.ts';
import { SERVICE } from '../event/finding-source.ts';
import { isOpen } from './coverage.ts';
import { isLessExact } from './service.ts';
import { findingId, parsePortKey, type PortSighting, type Sighting } from './sighting.ts';

/** Numbers of known open ports, protocols and findings of a host that a scan lists without having tested them. */
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
    ([id, finding]) => currentValue(finding.open, 1) === 'yes' && !seen.has(id) && !isGone(finding, known, sighting),
  );
  return { ports, protocols: untested.length - ports, findings: findings.length };
}

/** Whether a finding that a scan does not have is resolved by it: its port is closed, or its source has looked again. */
export function isGone({ port, source }: Pick<KnownFinding, 'port' | 'source'>, known: Pick<KnownHost, 'ports'>, sighting: Sighting): boolean {
  // Nothing answered (-Pn): the host may be down.
  if (sighting.presence === 'unknown') return false;
  if (port === undefined) return sighting.presence === 'up' && sighting.hasLooked(undefined, source);
  const { protocol, number } = parsePortKey(port);
  const found = sighting.find(protocol, number);
  if (!found.tested) return false;
  if (found.state !== 'open') return isOpen(found.state) === false;
  return sighting.hasLooked(port, source) && !(source === SERVICE && isLessPrecise(known.ports[port], sighting.ports.get(port)));
}

/** Whether the service is named less precisely than before: plain `http` does not disprove the Elasticsearch that nmap recognised there. */
function isLessPrecise(known: KnownPort | undefined, now: PortSighting | undefined): boolean {
  return now?.asked !== undefined && known?.service !== undefined && isLessExact(now.asked, known.service.value);
}
