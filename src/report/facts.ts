import { type Level, SEVERITY } from '../event/event.ts';

/** The content of a report. Times are epoch milliseconds; texts are untrusted. */
export interface ReportFacts {
  readonly made: number;
  /** The scans that it covers; empty for a report of what is known. */
  readonly scans: readonly ScanFact[];
  /** What could not be read or was not scanned. */
  readonly gaps: readonly string[];
  readonly sites: readonly string[];
  /** Changes since this time; undefined: between the scans. */
  readonly since: number | undefined;
  /** When the latest host was seen; undefined when there is none. */
  readonly seen: number | undefined;
  readonly totals: Totals;
  readonly changes: Bounded<ChangeFact>;
  /** Baselines: first sightings, which are not changes. */
  readonly baselines: Bounded<BaselineFact>;
  readonly findings: Bounded<FindingFact>;
  readonly certificates: Bounded<CertificateFact>;
  readonly ports: Bounded<PortFact>;
  readonly hosts: Bounded<HostFact>;
}

/** A bounded list with the total number. */
export interface Bounded<T> {
  readonly rows: readonly T[];
  readonly total: number;
}

export interface ScanFact {
  readonly time: number;
  readonly outcome: string;
  readonly message: string;
  readonly args: string;
}

interface Totals {
  readonly hostsUp: number;
  readonly hostsNotUp: number;
  readonly openPorts: number;
  /** Open IP protocols (`nmap -sO`), which have no ports. */
  readonly openProtocols: number;
  readonly findings: Readonly<Record<Level, number>>;
  /** Findings that nothing has confirmed (guesses and the like): only counted. */
  readonly unconfirmed: number;
}

export interface BaselineFact {
  readonly time: number;
  readonly site: string;
  readonly message: string;
}

export interface ChangeFact extends BaselineFact {
  readonly action: string;
  readonly host: string;
  readonly port: string;
}

export interface FindingFact {
  readonly severity: number;
  readonly level: Level;
  readonly site: string;
  readonly host: string;
  /** Of the host; empty when it has none. */
  readonly name: string;
  readonly port: string;
  readonly rule: string;
  /** The name of the rule, without details of the host. */
  readonly ruleName: string;
  readonly title: string;
  readonly remedy: string;
  readonly since: number | undefined;
}

export interface CertificateFact {
  readonly site: string;
  readonly host: string;
  readonly port: string;
  readonly subject: string;
  readonly notAfter: number | undefined;
}

export interface PortFact {
  readonly site: string;
  readonly host: string;
  readonly name: string;
  readonly port: string;
  readonly state: string;
  readonly service: string;
  readonly since: number | undefined;
  readonly lastSeen: number | undefined;
}

export interface HostFact {
  readonly site: string;
  readonly host: string;
  readonly name: string;
  readonly state: 'up' | 'down' | 'unknown';
  readonly os: string;
  readonly mac: string;
  readonly openPorts: number;
  readonly findings: number;
  readonly worst: Level | undefined;
  readonly firstSeen: number | undefined;
  readonly lastSeen: number | undefined;
}

/** Most severe first. */
export const LEVELS = (Object.keys(SEVERITY) as readonly Level[]).toReversed();
