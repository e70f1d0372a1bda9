import { SEVERITY } from '../event/event.ts';
import type { Finding, Subject } from './finding.ts';
import type { ExposurePolicy } from './exposure.ts';
import type { Intel } from './intel.ts';
import { findingsAt } from './registry.ts';

/** Finds what is wrong, and adds what the world knows of it, as far as somebody has brought that. */
export class Finder {
  private readonly intel: Intel | undefined;
  private readonly exposure: ExposurePolicy | undefined;

  constructor(intel?: Intel, exposure?: ExposurePolicy) {
    this.intel = intel;
    this.exposure = exposure;
  }

  at(subject: Subject): readonly Finding[] {
    const { intel } = this;
    const found = [...findingsAt({ ...subject, external: this.isExternal(subject) }), ...this.unexpected(subject)];
    return intel === undefined ? found : found.map((finding) => enriched(finding, intel));
  }

  private isExternal({ host }: Subject): boolean {
    return this.exposure?.networkOf(host.addresses.map(({ addr }) => addr))?.external === true;
  }

  private unexpected({ host, port, time }: Subject): readonly Finding[] {
    if (this.exposure === undefined || port?.state?.state !== 'open' || port.number === undefined) return [];
    const ips = host.addresses.map(({ addr }) => addr);
    const finding = this.exposure.judge(ips, port.number, port.protocol ?? '', time);
    return finding === undefined ? [] : [finding];
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
