import { SEVERITY } from '../event/event.ts';
import type { Finding, Subject } from './finding.ts';
import type { Intel } from './intel.ts';
import { findingsAt } from './registry.ts';

/** Finds what is wrong, and adds what the world knows of it, as far as somebody has brought that. */
export class Finder {
  private readonly intel: Intel | undefined;

  constructor(intel?: Intel) {
    this.intel = intel;
  }

  at(subject: Subject): readonly Finding[] {
    const found = findingsAt(subject);
    return this.intel === undefined ? found : found.map((finding) => enriched(finding, this.intel as Intel));
  }
}

/** What is exploited in the world is at least high, and news, however it was found. */
function enriched(finding: Finding, intel: Intel): Finding {
  const { vulnerability } = finding;
  if (vulnerability?.id.startsWith('CVE-') !== true) return finding;
  const knownExploited = intel.knownExploited(vulnerability.id);
  const probability = intel.probability(vulnerability.id);
  const more = { ...vulnerability, knownExploited, probability };
  if (knownExploited === undefined) return { ...finding, vulnerability: more };
  return { ...finding, alerts: true, severity: Math.max(finding.severity, SEVERITY.high), vulnerability: { ...more, exploit: true } };
}
