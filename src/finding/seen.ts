import type { Host, Port, Run } from '../nmap/model.ts';
import type { Finding } from './finding.ts';
import { statementOf } from './event.ts';
import { SEVERITY } from '../event/event.ts';
import { EXPIRED, UNEXPECTED } from './exposure.ts';
import type { Finder, FindingsAt } from './finder.ts';
import { findingKey, subjectsOf } from './registry.ts';

/** A finding as change detection needs it. */
interface SeenFinding {
  /** `443/tcp`; undefined of the host itself. */
  readonly port?: string;
  readonly key: string;
  readonly rule: { readonly id: string; readonly name: string; readonly category: string };
  readonly title: string;
  readonly severity: number;
  readonly source: string;
  readonly vulnerability?: string;
  readonly isGrave: boolean;
  /** No news, and not entered into what is known; what was told before is not resolved by it. */
  readonly isSilent: boolean;
  /** All that is said of it when it comes. */
  readonly about: () => ReturnType<typeof statementOf>;
}

/** A host at a time in epoch milliseconds, and where something is wrong with it. */
interface Looked {
  readonly run: Pick<Run, 'args'>;
  readonly host: Host;
  readonly time: number;
  readonly places?: readonly FindingsAt[];
}

/** What is wrong with a host, and who has looked. */
export function seenFindings(
  finder: Finder,
  { run, host, time, places = finder.of(run, host, time) }: Looked,
): { readonly findings: readonly SeenFinding[]; hasLooked(port: string | undefined, source: string): boolean } {
  const findings = places.flatMap(({ port, findings: here }) => here.map((finding) => seen(portKeyOf(port), finding)));
  return {
    findings,
    hasLooked(place, source) {
      // Seldom asked: of what was known and is not found again.
      for (const subject of subjectsOf(run, host, time)) if (portKeyOf(subject.port) === place && finder.hasLooked(subject, source)) return true;
      return false;
    },
  };
}

function portKeyOf(port: Port | undefined): string | undefined {
  return port === undefined ? undefined : `${port.number ?? ''}/${port.protocol ?? ''}`;
}

function seen(place: string | undefined, finding: Finding): SeenFinding {
  const { rule, title, severity, source, vulnerability, alerts } = finding;
  return {
    ...(place === undefined ? {} : { port: place }),
    key: findingKey(finding),
    rule: { id: rule.id, name: rule.name, category: rule.category },
    title,
    severity,
    source,
    ...(vulnerability === undefined ? {} : { vulnerability: vulnerability.id }),
    // What somebody has written down is no baseline to be learned.
    isGrave: severity >= SEVERITY.high || rule === UNEXPECTED || rule === EXPIRED,
    isSilent: !alerts,
    about: () => statementOf(finding),
  };
}
