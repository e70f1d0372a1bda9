import type { Host, Port, Run } from '../nmap/model.ts';
import type { ExploitProbability, KnownExploited } from './intel.ts';
import { SEVERITY } from '../event/event.ts';

/** Category of a rule. Alert rules select by category, so that new rules and the user's own services alert like others of the category. */
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

/** A kind of weakness. docs/reference/rules.md is generated from all of them. */
export interface Rule {
  /** Stable: alert rules and exceptions name it. */
  readonly id: string;
  readonly name: string;
  readonly category: RuleCategory;
  /** 0 to 100, see `SEVERITY`; a finding may have its own (a CVSS score, a zone). */
  readonly severity: number;
  /** Why it matters, and what to do. */
  readonly why: string;
  readonly remedy: string;
  readonly references: readonly string[];
}

/**
 * `checked`: tested against the service, or reported by it; `likely`: a test suggests it; `version`: a database lists it for
 * the detected version; `guess`: from the port number alone; `mentioned`: a script names it.
 */
type Confidence = 'checked' | 'likely' | 'version' | 'guess' | 'mentioned';

/** A weakness of a host or of one of its ports. */
export interface Finding {
  readonly rule: Rule;
  /** Distinguishes findings of one rule at one port: a CVE, a share. */
  readonly detail?: string;
  /**
   * The script that found it, `service` (version detection) or `port` (its number). The finding is resolved when the same
   * source has looked again without finding it.
   */
  readonly source: string;
  /** One line: what was found. */
  readonly title: string;
  /** The future day that the title mentions, `2026-01-31`. */
  readonly due?: string;
  readonly severity: number;
  readonly confidence: Confidence;
  /** Whether it raises an alert when it is new. Guesses do not, nor do versions that may be patched. */
  readonly alerts: boolean;
  /** The service has answered without a password: told as a change even if the service was known to be reachable. */
  readonly isOpenAccess?: boolean;
  /** The user has silenced it. */
  readonly isSilenced?: boolean;
  readonly vulnerability?: Vulnerability;
}

export interface Vulnerability {
  /** `CVE-2017-0143`, else the id in another database. */
  readonly id: string;
  /** CVSS base score. */
  readonly score?: number | undefined;
  /** An exploit is known. */
  readonly exploit?: boolean | undefined;
  readonly references?: readonly string[];
  /** From local snapshots, with their dates. */
  readonly knownExploited?: (KnownExploited & { readonly snapshot: string | undefined }) | undefined;
  readonly probability?: (ExploitProbability & { readonly snapshot: string | undefined }) | undefined;
}

/** What a check examines: a port, or the host itself. */
export interface Subject {
  readonly run: Pick<Run, 'args'>;
  readonly host: Host;
  readonly port: Port | undefined;
  /** When nmap scanned it, epoch milliseconds. */
  readonly time: number;
  /** Whether it can be reached from everywhere. */
  readonly external?: boolean;
}

/** A check, for one or more rules. */
export interface Check {
  /** The rules that it evaluates. */
  readonly rules: readonly Rule[];
  /** It only reads script output. */
  readonly needsScripts: boolean;
  find(subject: Subject): readonly Finding[];
}

/** Low, medium, high, critical as in CVSS 3.1 (https://www.first.org/cvss/v3.1/specification-document#5-Qualitative-Severity-Rating-Scale). */
export function severityOfScore(score: number): number {
  if (score >= 9) return SEVERITY.critical;
  if (score >= 7) return SEVERITY.high;
  return score >= 4 ? SEVERITY.medium : score > 0 ? SEVERITY.low : SEVERITY.info;
}

/** A finding with confidence `checked`. */
export function checked(
  rule: Rule,
  source: string,
  title: string,
  more: Partial<Pick<Finding, 'detail' | 'due' | 'severity' | 'vulnerability'>> = {},
): Finding {
  return { rule, source, title, severity: rule.severity, confidence: 'checked', alerts: true, ...more };
}
