import type { Host, Port, Run } from '../nmap/model.ts';
import type { Finding } from './finding.ts';
import { findingStatement } from './event.ts';
import { SEVERITY } from '../event/event.ts';
import { EXPIRED, UNEXPECTED } from './exposure.ts';
import type { Finder, FindingsAt } from './finder.ts';
import { LookedFor } from './looked-for.ts';
import { findingKey, subjectsOf } from './registry.ts';

/** A finding as change detection needs it. */
interface SeenFinding {
  /** `443/tcp`; undefined for the host itself. */
  readonly port?: string;
  readonly key: string;
  readonly rule: { readonly id: string; readonly name: string; readonly category: string };
  readonly title: string;
  readonly due?: string;
  readonly severity: number;
  readonly source: string;
  readonly vulnerability?: string;
  readonly exploited?: true;
  readonly isSevere: boolean;
  readonly isOpenAccess: boolean;
  /** As in the finding. Without, change detection ignores it: neither a change, nor stored, nor does it resolve anything. */
  readonly alerts: boolean;
  /** It does not alert because nothing has confirmed it, rather than because somebody has silenced it. */
  readonly isUnconfirmed: boolean;
  /** Its fields for the event. */
  readonly about: () => ReturnType<typeof findingStatement>;
}

/** A host at a time (epoch milliseconds), with its findings. */
interface Looked {
  readonly run: Pick<Run, 'args'>;
  readonly host: Host;
  readonly time: number;
  readonly places?: Iterable<FindingsAt>;
}

/** The findings of a host, each once (of a port that is listed again, the last), and which sources have looked. */
export function seenFindings(
  finder: Finder,
  { run, host, time, places = finder.of(run, host, time) }: Looked,
): { readonly findings: readonly SeenFinding[]; hasLooked(port: string | undefined, source: string): boolean } {
  let looks: ReadonlyMap<string | undefined, LookedFor> | undefined;
  return {
    findings: eachOnce(places),
    hasLooked(place, source) {
      // Rarely needed, only for known findings that were not found again; but these may be thousands.
      looks ??= looksByPlace({ run, host, time });
      const here = looks.get(place);
      return here !== undefined && finder.hasLooked(here, source);
    },
  };
}

function looksByPlace({ run, host, time }: Looked): ReadonlyMap<string | undefined, LookedFor> {
  const byPlace = new Map<string | undefined, LookedFor>();
  for (const subject of subjectsOf(run, host, time)) {
    const place = portKeyOf(subject.port);
    const looks = byPlace.get(place) ?? new LookedFor(run.args);
    looks.add(subject);
    byPlace.set(place, looks);
  }
  return byPlace;
}

function eachOnce(places: Iterable<FindingsAt>): readonly SeenFinding[] {
  const byId = new Map<string, SeenFinding>();
  for (const { port, findings } of places) {
    const place = portKeyOf(port);
    for (const finding of findings) byId.set(`${place ?? ''} ${findingKey(finding)}`, seen(place, finding));
  }
  return [...byId.values()];
}

function portKeyOf(port: Port | undefined): string | undefined {
  return port === undefined ? undefined : `${port.number ?? ''}/${port.protocol ?? ''}`;
}

function seen(place: string | undefined, finding: Finding): SeenFinding {
  const { rule, title, due, severity, source, vulnerability, alerts, isSilenced = false } = finding;
  return {
    ...(place === undefined ? {} : { port: place }),
    key: findingKey(finding),
    rule: { id: rule.id, name: rule.name, category: rule.category },
    title,
    ...(due === undefined ? {} : { due }),
    severity,
    source,
    ...(vulnerability === undefined ? {} : { vulnerability: vulnerability.id }),
    ...(vulnerability?.exploit === true || vulnerability?.knownExploited !== undefined ? { exploited: true } : {}),
    // Expected exposure is stated by the user, so there is no baseline.
    isSevere: severity >= SEVERITY.high || rule === UNEXPECTED || rule === EXPIRED,
    isOpenAccess: finding.isOpenAccess === true,
    alerts,
    isUnconfirmed: !alerts && !isSilenced,
    about: () => findingStatement(finding),
  };
}
