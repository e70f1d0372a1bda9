import type { Host, Port, Run } from '../nmap/model.ts';
import { openAccess } from './access.ts';
import { certificates } from './certificate.ts';
import { EXPIRED, UNEXPECTED } from './exposure.ts';
import { exposedServices, type Guesses } from './exposed-service.ts';
import type { Check, Finding, Rule, Subject } from './finding.ts';
import { RISKY_SERVICES, type RiskyService } from './risky-services.ts';
import { scriptsAt } from './script.ts';
import { sshAlgorithms } from './ssh.ts';
import { tlsProtocols } from './tls.ts';
import { namedVulnerabilities } from './mentioned.ts';
import { versionVulnerabilities } from './version-vulnerability.ts';
import { nseVulnerabilities } from './vulnerability.ts';

/** All kinds, with a catalogue of services: the user's own stand before ours. */
export function checksWith(own: readonly RiskyService[], guesses?: Guesses): readonly Check[] {
  const services = exposedServices([...own, ...RISKY_SERVICES], guesses);
  return [nseVulnerabilities, versionVulnerabilities, namedVulnerabilities, certificates, tlsProtocols, sshAlgorithms, openAccess, services];
}

const CHECKS = checksWith([]);

/** Every rule that there is: docs/reference/rules.md is made from this. */
export const RULES: readonly Rule[] = rulesOf(CHECKS);

/** The rules of these checks, and those of the file of expected exposure. */
export function rulesOf(checks: readonly Check[]): readonly Rule[] {
  return [...checks.flatMap(({ rules }) => rules), UNEXPECTED, EXPIRED];
}

/** What is wrong with an open port, or with a host (`port` undefined), each once. */
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
  // What is named, and was found at the same place by somebody who knows more, is said.
  const said = new Set(once.flatMap(({ confidence, vulnerability }) => (confidence === 'mentioned' ? [] : (vulnerability?.id ?? []))));
  return once.filter(({ confidence, vulnerability }) => confidence !== 'mentioned' || !said.has(vulnerability?.id ?? ''));
}

/** What tells a finding from the others at the same place. */
export function findingKey({ rule, detail }: Pick<Finding, 'rule' | 'detail'>): string {
  return detail === undefined ? rule.id : `${rule.id}:${detail}`;
}

/** All places of a host where findings can be: itself, and its ports. */
export function* subjectsOf(run: Pick<Run, 'args'>, host: Host, time: number): Generator<Subject & { readonly port: Port | undefined }> {
  yield { run, host, port: undefined, time };
  for (const port of host.ports) yield { run, host, port, time };
}
