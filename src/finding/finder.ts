import { SEVERITY } from '../event/event.ts';
import type { Host, Port } from '../nmap/model.ts';
import type { Check, Finding, Subject } from './finding.ts';
import { EXPOSURE, type ExposurePolicy, type NetworkEntry } from './exposure.ts';
import type { Guesses } from './exposed-service.ts';
import type { Intel } from './intel.ts';
import { checksWith, findingsAt, rulesOf, subjectsOf } from './registry.ts';
import { wouldFindAgain } from './script.ts';
import type { RiskyService } from './risky-services.ts';

/** How the findings of a rule are judged. */
interface Judgement {
  readonly severity?: number | undefined;
  /** Nobody is told. */
  readonly silence?: boolean | undefined;
}

/** The same, with what is another in single zones. */
export interface RuleSetting extends Judgement {
  readonly zones?: ReadonlyMap<string, Judgement> | undefined;
}

/** What somebody has set about rules, and brought. */
export interface FindingOptions {
  readonly rules?: ReadonlyMap<string, RuleSetting>;
  /** Kinds of services beside the catalogue. */
  readonly services?: readonly RiskyService[];
  /** Of what the number of a port alone suggests; stored, if nothing is said. */
  readonly guesses?: Guesses | undefined;
  readonly intel?: Intel | undefined;
  readonly exposure?: ExposurePolicy | undefined;
}

/** A port, or the host itself, with what is wrong with it. */
export interface FindingsAt {
  readonly port: Port | undefined;
  readonly findings: readonly Finding[];
}

/** Finds what is wrong, and adds what the world knows of it, as far as somebody has brought that. */
export class Finder {
  private readonly options: FindingOptions;
  private readonly checks: readonly Check[];
  private readonly remedies: ReadonlyMap<string, string>;

  constructor(options: FindingOptions = {}) {
    this.options = options;
    this.checks = checksWith(options.services ?? [], options.guesses);
    this.remedies = new Map(rulesOf(this.checks).map(({ id, remedy }) => [id, remedy]));
  }

  /** Where something is wrong with a host: with itself, or with a port. Looks for it each time it is asked. */
  of(run: Subject['run'], host: Host, time: number): readonly FindingsAt[] {
    const places: FindingsAt[] = [];
    for (const subject of subjectsOf(run, host, time)) {
      const findings = this.at(subject);
      if (findings.length > 0) places.push({ port: subject.port, findings });
    }
    return places;
  }

  /** What is wrong at one place. */
  at(subject: Subject): readonly Finding[] {
    const { exposure, intel, rules } = this.options;
    const { run, host, port, time } = subject;
    const network = this.networkOf(subject);
    const external = network?.external === true;
    let found: readonly Finding[] = findingsAt({ run, host, port, time, external }, this.checks);
    if (exposure !== undefined) found = [...found, ...unexpected(exposure, subject)];
    if (intel !== undefined) found = found.map((finding) => enriched(finding, intel));
    return rules === undefined ? found : found.map((finding) => adjusted(finding, rules.get(finding.rule.id), network?.zone));
  }

  /** Whether what a source once found at a subject would be found again, were it still so. */
  hasLooked(subject: Subject, source: string): boolean {
    return source === EXPOSURE ? this.options.exposure?.judges === true : wouldFindAgain(subject, source);
  }

  /** What to do about what a rule finds; undefined of a rule that is no more. */
  remedyOf(rule: string): string | undefined {
    return this.remedies.get(rule);
  }

  private networkOf({ host }: Subject): NetworkEntry | undefined {
    return this.options.exposure?.networkOf(host.addresses.map(({ addr }) => addr));
  }
}

/** What nobody has written down is meant to be open. */
function unexpected(exposure: ExposurePolicy, { host, port, time }: Subject): readonly Finding[] {
  if (port?.state?.state !== 'open' || port.number === undefined) return [];
  const ips = host.addresses.map(({ addr }) => addr);
  const finding = exposure.judge(ips, port.number, port.protocol ?? '', time);
  return finding === undefined ? [] : [finding];
}

/** As somebody has set it. What is silenced is still there, for what is known of it, but nobody is told. */
function adjusted(finding: Finding, setting: RuleSetting | undefined, zone = ''): Finding {
  if (setting === undefined) return finding;
  const inZone = setting.zones?.get(zone);
  const severity = inZone?.severity ?? setting.severity ?? finding.severity;
  const silence = inZone?.silence ?? setting.silence ?? false;
  return { ...finding, severity, ...(silence ? { alerts: false, isSilenced: true } : {}) };
}

/** What is exploited in the world is at least high, and news, unless a script only names it. */
function enriched(finding: Finding, intel: Intel): Finding {
  const { vulnerability } = finding;
  if (vulnerability?.id.startsWith('CVE-') !== true) return finding;
  const knownExploited = intel.knownExploited(vulnerability.id);
  const probability = intel.probability(vulnerability.id);
  const more = { ...vulnerability, knownExploited, probability };
  if (knownExploited === undefined || finding.confidence === 'mentioned') return { ...finding, vulnerability: more };
  return { ...finding, alerts: true, severity: Math.max(finding.severity, SEVERITY.high), vulnerability: { ...more, exploit: true } };
}
