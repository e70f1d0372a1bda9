import { hasPorts } from '../nmap/transport.ts';
import { SEVERITY } from '../event/event.ts';
import type { Host, Port } from '../nmap/model.ts';
import type { Check, Finding, Subject } from './finding.ts';
import { EXPOSURE, type ExposurePolicy, type NetworkEntry } from './exposure.ts';
import type { Guesses } from './exposed-service.ts';
import type { Intel } from './intel.ts';
import { checksWith, findingsAt, rulesOf, subjectsOf } from './registry.ts';
import type { LookedFor } from './looked-for.ts';
import type { RiskyService } from './risky-service.ts';

/** Settings of a rule. */
interface Judgement {
  readonly severity?: number | undefined;
  /** Neither events nor alerts. */
  readonly silence?: boolean | undefined;
}

/** The same, with exceptions by zone. */
export interface RuleSetting extends Judgement {
  readonly zones?: ReadonlyMap<string, Judgement> | undefined;
}

/** Settings and data of the user. */
export interface FindingOptions {
  readonly rules?: ReadonlyMap<string, RuleSetting>;
  /** Services in addition to the catalogue. */
  readonly services?: readonly RiskyService[];
  /** For findings by port number alone; default `store`. */
  readonly guesses?: Guesses | undefined;
  readonly intel?: Intel | undefined;
  readonly exposure?: ExposurePolicy | undefined;
}

/** A port, or the host itself, with its findings. */
export interface FindingsAt {
  readonly port: Port | undefined;
  readonly findings: readonly Finding[];
}

/** Evaluates all checks, and adds KEV and EPSS data where available. */
export class Finder {
  private readonly options: FindingOptions;
  private readonly checks: readonly Check[];
  private readonly remedies: ReadonlyMap<string, string>;

  constructor(options: FindingOptions = {}) {
    this.options = options;
    this.checks = checksWith(options.services ?? [], options.guesses);
    this.remedies = new Map(rulesOf(this.checks).map(({ id, remedy }) => [id, remedy]));
  }

  /** The findings of a host and its ports, which can be walked more than once; of a host whose ports are not held, evaluated each time. */
  of(run: Subject['run'], host: Host, time: number): Iterable<FindingsAt> {
    const each = (): Iterable<FindingsAt> => this.each(run, host, time);
    return Array.isArray(host.ports) ? [...each()] : { [Symbol.iterator]: () => each()[Symbol.iterator]() };
  }

  private *each(run: Subject['run'], host: Host, time: number): Generator<FindingsAt, void, undefined> {
    for (const subject of subjectsOf(run, host, time)) {
      const findings = this.at(subject);
      if (findings.length > 0) yield { port: subject.port, findings };
    }
  }

  /** The findings of one subject. */
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

  /** Whether a source would report its finding again if it still held. */
  hasLooked(looks: LookedFor, source: string): boolean {
    return source === EXPOSURE ? this.options.exposure?.judges === true : looks.wouldFindAgain(source);
  }

  /** The remedy of a rule; undefined for a rule that does not exist any more. */
  remedyOf(rule: string): string | undefined {
    return this.remedies.get(rule);
  }

  private networkOf({ host }: Subject): NetworkEntry | undefined {
    return this.options.exposure?.networkOf(host.addresses.map(({ addr }) => addr));
  }
}

/** An open port that is not expected. */
function unexpected(exposure: ExposurePolicy, { host, port, time }: Subject): readonly Finding[] {
  if (port?.state?.state !== 'open' || port.number === undefined || !hasPorts(port.protocol)) return [];
  const ips = host.addresses.map(({ addr }) => addr);
  const finding = exposure.judge(ips, port.number, port.protocol ?? '', time);
  return finding === undefined ? [] : [finding];
}

/** Applies the settings. A silenced finding is still tracked, without events. */
function adjusted(finding: Finding, setting: RuleSetting | undefined, zone = ''): Finding {
  if (setting === undefined) return finding;
  const inZone = setting.zones?.get(zone);
  const severity = inZone?.severity ?? setting.severity ?? finding.severity;
  const silence = inZone?.silence ?? setting.silence ?? false;
  return { ...finding, severity, ...(silence ? { alerts: false, isSilenced: true } : {}) };
}

/** A known exploited vulnerability is at least high and alerts, unless a script merely mentions it. */
function enriched(finding: Finding, intel: Intel): Finding {
  const { vulnerability } = finding;
  if (vulnerability?.id.startsWith('CVE-') !== true) return finding;
  const knownExploited = intel.knownExploited(vulnerability.id);
  const probability = intel.probability(vulnerability.id);
  const more = { ...vulnerability, knownExploited, probability };
  if (knownExploited === undefined || finding.confidence === 'mentioned') return { ...finding, vulnerability: more };
  return { ...finding, alerts: true, severity: Math.max(finding.severity, SEVERITY.high), vulnerability: { ...more, exploit: true } };
}
