import type { Host, Run } from '../nmap/model.ts';
import type { Finding } from './finding.ts';
import { SEVERITY } from '../event/event.ts';
import { EXPIRED, UNEXPECTED } from './exposure.ts';
import type { Finder } from './finder.ts';
import { findingKey, subjectsOf } from './registry.ts';
import { isRequested, SERVICE } from './script.ts';

/** A finding as change detection needs it. */
interface SeenFinding {
  /** `443/tcp`; undefined of the host itself. */
  readonly port?: string;
  readonly key: string;
  readonly rule: { readonly id: string; readonly name: string };
  readonly title: string;
  readonly severity: number;
  readonly source: string;
  readonly vulnerability?: string;
  readonly isGrave: boolean;
  /** No news when it comes; but if it is known, it still stands. */
  readonly isSilent: boolean;
}

/** What is wrong with a host, and who has looked. */
export function seenFindings(
  finder: Finder,
  run: Pick<Run, 'args'>,
  host: Host,
  time: number,
): { readonly findings: readonly SeenFinding[]; hasLooked(port: string | undefined, source: string): boolean } {
  const subjects = new Map([...subjectsOf(run, host, time)].map((subject) => [placeOf(subject.port), subject]));
  const findings = [...subjects].flatMap(([place, subject]) => finder.at(subject).map((finding) => seen(place, finding)));
  return {
    findings,
    hasLooked(port, source) {
      const subject = subjects.get(port ?? '');
      return subject !== undefined && finder.hasLooked(subject, source);
    },
  };
}

/** Whether a run with these arguments looks for what a source finds. */
export function looksFor(args: string | undefined, source: string): boolean {
  return source === SERVICE || isRequested(args ?? '', source);
}

function placeOf(port: { readonly number: number | undefined; readonly protocol: string | undefined } | undefined): string {
  return port === undefined ? '' : `${port.number ?? ''}/${port.protocol ?? ''}`;
}

function seen(place: string, finding: Finding): SeenFinding {
  const { rule, title, severity, source, vulnerability, alerts } = finding;
  return {
    ...(place === '' ? {} : { port: place }),
    key: findingKey(finding),
    rule: { id: rule.id, name: rule.name },
    title,
    severity,
    source,
    ...(vulnerability === undefined ? {} : { vulnerability: vulnerability.id }),
    // What somebody has written down is no baseline to be learned.
    isGrave: severity >= SEVERITY.high || rule === UNEXPECTED || rule === EXPIRED,
    isSilent: !alerts,
  };
}
