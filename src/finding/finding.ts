import type { Host, Port, Run } from '../nmap/model.ts';
import type { ExploitProbability, KnownExploited } from './intel.ts';
import { SEVERITY } from '../event/event.ts';

/** What a rule is about: alert rules go by it, so that a new rule or a service of the user's alerts like its kin. */
export const RULE_CATEGORIES = [
  'vulnerability',
  'certificate',
  'encryption',
  'access',
  'exposure',
  'cleartext',
  'remote-administration',
  'file-sharing',
  'database',
  'management-api',
  'messaging',
  'industrial',
  'other',
] as const;
export type RuleCategory = (typeof RULE_CATEGORIES)[number];

/** What kind of weakness there is to find. The registry of all of them makes docs/reference/rules.md. */
export interface Rule {
  /** Stable: alert rules and exceptions name it. */
  readonly id: string;
  readonly name: string;
  readonly category: RuleCategory;
  /** 0 to 100, see `SEVERITY`; what a finding says of itself (a CVSS score, a zone) goes before it. */
  readonly severity: number;
  /** Why it matters, and what to do. */
  readonly why: string;
  readonly remedy: string;
  readonly references: readonly string[];
}

/**
 * How sure it is. `checked`: tested against the service, or it has said what it is; `likely`: tested, and what was seen fits; `version`: a
 * database knows it of the version that the service tells; `guess`: from the number of the port alone; `mentioned`: a script names it.
 */
type Confidence = 'checked' | 'likely' | 'version' | 'guess' | 'mentioned';

/** A weakness of a host or of one of its ports. */
export interface Finding {
  readonly rule: Rule;
  /** What tells it from others of the same rule at the same place: a CVE, a share. */
  readonly detail?: string;
  /** The script that looked, `service` (what nmap has asked with `-sV`) or `port` (its number): when it has looked again and not found it, it is gone. */
  readonly source: string;
  /** One line: what was found. */
  readonly title: string;
  readonly severity: number;
  readonly confidence: Confidence;
  /** Whether it is news when it comes; a version that may be patched is not, and neither is a guess. */
  readonly alerts: boolean;
  /** Somebody does not want to hear of it. */
  readonly isSilenced?: boolean;
  readonly vulnerability?: Vulnerability;
}

export interface Vulnerability {
  /** `CVE-2017-0143`, else the id of whoever found it. */
  readonly id: string;
  /** CVSS base score. */
  readonly score?: number | undefined;
  /** An exploit is known. */
  readonly exploit?: boolean | undefined;
  readonly references?: readonly string[];
  /** From snapshots, each with its date. */
  readonly knownExploited?: (KnownExploited & { readonly snapshot: string | undefined }) | undefined;
  readonly probability?: (ExploitProbability & { readonly snapshot: string | undefined }) | undefined;
}

/** Where a check looks: at a port, or at the host itself. */
export interface Subject {
  readonly run: Pick<Run, 'args'>;
  readonly host: Host;
  readonly port: Port | undefined;
  /** When nmap was there, epoch milliseconds. */
  readonly time: number;
  /** Everyone can reach it. */
  readonly external?: boolean;
}

/** One kind of weakness. */
export interface Check {
  /** What it can find. */
  readonly rules: readonly Rule[];
  /** Where no script has said anything, there is nothing to find. */
  readonly needsScripts: boolean;
  find(subject: Subject): readonly Finding[];
}

/** Low, medium, high, critical as in CVSS 3.1 (https://www.first.org/cvss/v3.1/specification-document#5-Qualitative-Severity-Rating-Scale). */
export function severityOfScore(score: number): number {
  if (score >= 9) return SEVERITY.critical;
  if (score >= 7) return SEVERITY.high;
  return score >= 4 ? SEVERITY.medium : score > 0 ? SEVERITY.low : SEVERITY.info;
}

/** A finding that was tested, as most are. */
export function checked(
  rule: Rule,
  source: string,
  title: string,
  more: Partial<Pick<Finding, 'detail' | 'severity' | 'vulnerability'>> = {},
): Finding {
  return { rule, source, title, severity: rule.severity, confidence: 'checked', alerts: true, ...more };
}
