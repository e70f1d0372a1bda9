import { type Level, SEVERITY } from '../event/event.ts';

/** What a report says, whatever it is made from. Times are epoch milliseconds; texts are as strangers wrote them. */
export interface ReportFacts {
  readonly made: number;
  /** Made from these scans, or from what is known when there are none. */
  readonly scans: readonly ScanFact[];
  /** What could not be read, or was not looked at: the report knows nothing of it. */
  readonly gaps: readonly string[];
  readonly sites: readonly string[];
  /** Changes and news are those since then; undefined: between the scans. */
  readonly since: number | undefined;
  /** When the latest host of all was seen; undefined: none was. */
  readonly seen: number | undefined;
  readonly totals: Totals;
  readonly changes: Bounded<ChangeFact>;
  /** What was seen for the first time, where nobody had looked before: no change. */
  readonly baselines: Bounded<BaselineFact>;
  readonly findings: Bounded<FindingFact>;
  readonly certificates: Bounded<CertificateFact>;
  readonly ports: Bounded<PortFact>;
  readonly hosts: Bounded<HostFact>;
}

/** Some of all: a report stays readable, and says what it leaves out. */
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
  readonly findings: Readonly<Record<Level, number>>;
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
  readonly port: string;
  readonly rule: string;
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

/** The gravest first. */
export const LEVELS = (Object.keys(SEVERITY) as readonly Level[]).toReversed();
