import type { Host, Port, Run } from '../nmap/model.ts';
import { openAccess } from './access.ts';
import { certificates } from './certificate.ts';
import { EXPIRED, UNEXPECTED } from './exposure.ts';
import { exposedServices, type Guesses } from './exposed-service.ts';
import type { Check, Finding, Rule, Subject } from './finding.ts';
import type { RiskyService } from './risky-service.ts';
import { RISKY_SERVICES } from './risky-services.ts';
import { scriptsAt } from './script.ts';
import { sshAlgorithms } from './ssh.ts';
import { tlsProtocols } from './tls.ts';
import { namedVulnerabilities } from './mentioned.ts';
import { versionVulnerabilities } from './version-vulnerability.ts';
import { nseVulnerabilities } from './vulnerability.ts';

/** All checks, with the user's own services in front of the catalogue. */
export function checksWith(own: readonly RiskyService[], guesses?: Guesses): readonly Check[] {
  const services = exposedServices([...own, ...RISKY_SERVICES], guesses);
  return [nseVulnerabilities, versionVulnerabilities, namedVulnerabilities, certificates, tlsProtocols, sshAlgorithms, openAccess, services];
}

const CHECKS = checksWith([]);

/** Every rule; docs/reference/rules.md is generated from this. */
export const RULES: readonly Rule[] = rulesOf(CHECKS);

/** The rules of these checks, and those of the exposure file. */
export function rulesOf(checks: readonly Check[]): readonly Rule[] {
  return [...checks.flatMap(({ rules }) => rules), UNEXPECTED, EXPIRED];
}

/** The findings of an open port, or of a host (`port` undefined), each once. */
export function findingsAt(subject: Subject, checks: readonly Check[] = CHECKS): readonly Finding[] {
  if (subject.port !== undefined && subject.port.state?.state !== 'open') return [];
  const isSilent = scriptsAt(subject).length === 0;
  const found: Finding[] = [];
  for (const check of checks) if (!isSilent || !check.needsScripts) found.push(...check.find(subject));
  return found.length < 2 ? found : eachOnce(found);
}

function eachOnce(found: readonly Finding[]): readonly Finding[] {
  const byKey = new Map<string, Finding>();
  for (const finding of found) if (!byKey.has(findingKey(finding))) byKey.set(findingKey(finding), finding);
  const once = [...byKey.values()];
  // A CVE that is only mentioned is dropped when another check found it at the same place.
  const checkedCves = new Set(once.flatMap(({ confidence, vulnerability }) => (confidence === 'mentioned' ? [] : (vulnerability?.id ?? []))));
  return once.filter(({ confidence, vulnerability }) => confidence !== 'mentioned' || !checkedCves.has(vulnerability?.id ?? ''));
}

/** Identifies a finding among those at the same port or host. */
export function findingKey({ rule, detail }: Pick<Finding, 'rule' | 'detail'>): string {
  return detail === undefined ? rule.id : `${rule.id}:${detail}`;
}

/** All subjects of a host: itself, and its open ports. */
export function* subjectsOf(run: Pick<Run, 'args'>, host: Host, time: number): Generator<Subject & { readonly port: Port | undefined }> {
  yield { run, host, port: undefined, time };
  for (const port of host.ports) yield { run, host, port, time };
}
