import { type ChangeOptions, DEFAULT_CHANGE_OPTIONS } from '../change/options.ts';
import { DEFAULT_OPTIONS, type EventOptions } from '../event/context.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from '../state/spool-limits.ts';
import { PortlogError } from '../core/errors.ts';
import { AddressSet } from '../nmap/address-set.ts';
import type { SinkOptions } from '../sink/kinds.ts';
import type { Config, RuleConfig, SinkConfig } from './config.ts';
import { SEVERITY } from '../event/event.ts';
import { nearest } from '../core/nearest.ts';
import type { FindingOptions, RuleSetting } from '../finding/finder.ts';
import { RULES } from '../finding/registry.ts';
import type { ExposurePolicy } from '../finding/exposure.ts';
import { loadExposure } from './load.ts';
import type { Environment } from '../core/environment.ts';
import { originOf, originsOf, sinkOptions, urlsOf } from './connection.ts';
import { refuseUnknownNames } from './only.ts';
import { withoutUser } from '../sink/shown.ts';

/** Options from flags and environment; they override the configuration file. */
export interface Overrides {
  readonly to: readonly string[] | undefined;
  readonly caFile: string | undefined;
  readonly compression: 'gzip' | 'none' | undefined;
  readonly all: boolean | undefined;
  readonly site: string | undefined;
  readonly sensor: string | undefined;
  readonly namespace: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly labels: readonly string[] | undefined;
  readonly stateDir: string | undefined;
  readonly retryForSeconds: number | undefined;
  readonly spoolMaxMib: number | undefined;
  readonly spoolMaxAgeDays: number | undefined;
  readonly spoolWhenFull: SpoolLimits['whenFull'] | undefined;
  readonly confirmScans: number | undefined;
  readonly massChange: number | undefined;
  readonly intelDir: string | undefined;
  readonly exposure: string | undefined;
  readonly metricsListen: string | undefined;
  readonly metricsFile: string | undefined;
}

/** The settings of a run, from all sources. */
export interface Settings {
  readonly event: Omit<EventOptions, 'now' | 'scannerHost' | 'agentHost'>;
  readonly sinks: readonly SinkOptions[];
  /** Options for every connection. */
  readonly connection: Pick<Overrides, 'caFile' | 'compression'> & {
    readonly origins?: ReadonlyMap<string, readonly string[]>;
    /** Sites with a maximum age of their latest scan. */
    readonly watchedSites?: readonly string[];
  };
  readonly stateDir: string;
  readonly retryForMs: number;
  readonly spool: SpoolLimits;
  readonly changes: ChangeOptions;
  /** Settings for findings. */
  readonly findings: Pick<FindingOptions, 'rules' | 'services' | 'guesses'>;
  /** The expected exposure. */
  readonly exposure: ExposurePolicy | undefined;
  /** Directory with snapshots of KEV and EPSS. */
  readonly intelDir: string | undefined;
  /** How old the latest finished scan of a site may be, in milliseconds. */
  readonly maxAges: ReadonlyMap<string, number>;
  /** Where metrics are served: an address, and a file. */
  readonly metrics: { readonly listen: string | undefined; readonly file: string | undefined };
}

const DEFAULT_RETRY_SECONDS = 60;
const MIB = 1 << 20;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export async function settings(given: Overrides, config: Config, defaultStateDir: string, env: Environment): Promise<Settings> {
  const exposurePath = given.exposure ?? config.exposure;
  const exposure = exposurePath === undefined ? undefined : await loadExposure(exposurePath);
  const event = {
    site: checked('site', given.site ?? config.site ?? DEFAULT_OPTIONS.site, /^[\w.-]{1,64}$/, 'letters, digits, dots, hyphens and underscores'),
    sensor: sensorOf(given.sensor ?? config.sensor),
    namespace: checkedNamespace(given.namespace ?? config.namespace ?? DEFAULT_OPTIONS.namespace),
    tags: given.tags ?? config.tags ?? [],
    labels: given.labels === undefined ? (config.labels ?? {}) : labelsOf(given.labels),
    networkOf: exposure && ((ips: readonly string[]) => exposure.networkOf(ips)),
    expects: exposure && ((ips: readonly string[], port: number, protocol: string, time: number) => exposure.expects(ips, port, protocol, time)),
    macNetworks: macNetworks(config.changes?.macNetworks),
    all: given.all ?? config.all ?? false,
  };
  refuseUnknownNames(config, exposure);
  const origins = originsOf(config.sinks ?? [], env);
  const watchedSites = Object.entries(config.sites ?? {}).flatMap(([site, { maxAgeHours }]) => (maxAgeHours === undefined ? [] : [site]));
  const wanted = given.to === undefined ? (config.sinks ?? []) : given.to.map((text) => sinkOf(text, config.sinks ?? []));
  return {
    event,
    sinks: await Promise.all(wanted.map((sink) => sinkOptions(sink, { ...given, origins, watchedSites }, event.namespace, env))),
    connection: { caFile: given.caFile, compression: given.compression, origins, watchedSites },
    stateDir: given.stateDir ?? config.stateDir ?? defaultStateDir,
    retryForMs: (given.retryForSeconds ?? config.retryForSeconds ?? DEFAULT_RETRY_SECONDS) * 1000,
    spool: spoolLimits(given, config.spool ?? {}),
    changes: {
      confirm: given.confirmScans ?? config.changes?.confirmScans ?? DEFAULT_CHANGE_OPTIONS.confirm,
      mass: given.massChange ?? config.changes?.massChange ?? DEFAULT_CHANGE_OPTIONS.mass,
      service: config.changes?.service,
    },
    intelDir: given.intelDir ?? config.intelDir,
    exposure,
    findings: findingSettings(config.findings ?? {}),
    metrics: { listen: given.metricsListen ?? config.metrics?.listen?.toString(), file: given.metricsFile ?? config.metrics?.file },
    maxAges: new Map(
      Object.entries(config.sites ?? {}).flatMap(([site, { maxAgeHours }]) =>
        maxAgeHours === undefined ? [] : [[site, Math.round(maxAgeHours * HOUR_MS)] as const],
      ),
    ),
  };
}

function findingSettings({ rules = {}, services = [], guesses }: NonNullable<Config['findings']>): Settings['findings'] {
  const unknown = Object.keys(rules).find((id) => !RULES.some((rule) => rule.id === id) && !services.some((service) => service.id === id));
  if (unknown !== undefined) {
    const guess = nearest(
      unknown,
      RULES.map(({ id }) => id),
    );
    throw new PortlogError('config-invalid', `findings.rules: there is no rule "${unknown}"`, {
      hint: guess === undefined ? 'docs/reference/rules.md lists them' : `did you mean "${guess}"?`,
    });
  }
  const twice = services.findIndex(({ id }, index) => RULES.some((rule) => rule.id === id) || services.findIndex((other) => other.id === id) < index);
  if (twice !== -1)
    throw new PortlogError('config-invalid', `findings.services.${twice}.id: there is a rule "${services[twice]?.id ?? ''}" already`, {
      hint: 'give it another id',
    });
  return {
    guesses,
    rules: new Map(Object.entries(rules).map(([id, rule]) => [id, ruleSetting(rule)])),
    services: services.map(({ id, name, category = 'other', ports, services: names = [], severity, external = severity, why, remedy }) => ({
      id,
      name,
      category,
      ports,
      services: new RegExp(`^(?:${names.map((word) => word.replaceAll(/[.+*?^${}()|[\]\\]/g, '\\$&')).join('|')})$`),
      severity: SEVERITY[severity],
      external: SEVERITY[external],
      why,
      remedy,
      references: [],
    })),
  };
}

function ruleSetting({ severity, silence, zones = {} }: RuleConfig): RuleSetting {
  return {
    severity: severity && SEVERITY[severity],
    silence,
    zones: new Map(Object.entries(zones).map(([zone, setting]) => [zone, ruleSetting(setting)])),
  };
}

function macNetworks(networks: readonly string[] = []): AddressSet | undefined {
  const set = AddressSet.of(networks);
  if (typeof set === 'string')
    throw new PortlogError('config-invalid', `changes.macNetworks: "${set}" is not a network`, { hint: 'write it like 192.0.2.0/24' });
  return networks.length === 0 ? undefined : set;
}

function spoolLimits(given: Overrides, { maxMib, maxAgeDays, whenFull }: NonNullable<Config['spool']>): SpoolLimits {
  const mib = given.spoolMaxMib ?? maxMib;
  const days = given.spoolMaxAgeDays ?? maxAgeDays;
  return {
    maxBytes: mib === undefined ? DEFAULT_SPOOL_LIMITS.maxBytes : mib * MIB,
    maxAgeMs: days === undefined ? DEFAULT_SPOOL_LIMITS.maxAgeMs : days * DAY_MS,
    whenFull: given.spoolWhenFull ?? whenFull ?? DEFAULT_SPOOL_LIMITS.whenFull,
  };
}

/** The sink for `--to`: `elasticsearch=https://…`, or the type or name of a sink in the configuration. */
function sinkOf(text: string, configured: readonly SinkConfig[]): SinkConfig {
  const at = text.indexOf('=');
  const named = configured.find(({ name }) => name === text);
  const type = named?.type ?? (at === -1 ? text : text.slice(0, at));
  const url = text.slice(at + 1);
  // Otherwise an added argument or variable would be enough to start programs.
  if (type === 'exec')
    throw new PortlogError('sink-options', 'the sink "exec" runs a program, so it is named in the configuration file only', {
      hint: 'write it under sinks, and leave --to out: then all sinks of the file count',
    });
  if (named !== undefined) return named;
  const ofType = configured.filter((sink) => sink.type === type);
  if (at === -1) return ofType[0] ?? { type };
  if (type === 'stdout')
    throw new PortlogError('sink-options', 'the sink "stdout" has no path or URL', { hint: `to a file: --to file=${withoutUser(url)}` });
  const there = ofType.filter((sink) => urlsOf(sink).some((one) => originOf(one) === originOf(url.split(',')[0] ?? url)));
  refuseSeveral(text, there);
  const { name: _, ...elsewhere } = ofType[0] ?? { type };
  return { ...(there[0] ?? elsewhere), url };
}

/** Refuses an address that several sinks have, because each has its own headers or credentials. */
function refuseSeveral(text: string, sinks: readonly SinkConfig[]): void {
  const [one, other] = sinks.flatMap(({ name }) => name ?? []);
  if (one === undefined || other === undefined) return;
  throw new PortlogError('usage', `--to ${withoutUser(text)}: several sinks of the configuration file stand there`, {
    hint: `say which by its name: --to ${one}, --to ${other}`,
  });
}

function labelsOf(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name, text] = /^([A-Za-z_][A-Za-z0-9_]{0,63})=(.*)$/s.exec(pair) ?? [];
      if (name === undefined || text === undefined)
        throw new PortlogError('usage', `--label ${pair}: write NAME=TEXT, with letters, digits and underscores in NAME`);
      return [name, text];
    }),
  );
}

function sensorOf(name: string | undefined): string | undefined {
  return name === undefined ? undefined : checked('sensor', name, /^[\w.:-]{1,64}$/, 'letters, digits, dots, colons, hyphens and underscores');
}

/** Validates `data_stream.namespace`, which is part of data stream names. */
export function checkedNamespace(word: string): string {
  return checked('namespace', word, /^[a-z0-9_.]{1,64}$/, 'lower-case letters, digits, dots and underscores');
}

function checked(option: string, value: string, shape: RegExp, allowed: string): string {
  if (!shape.test(value)) throw new PortlogError('usage', `--${option} "${value}": only ${allowed}, at most 64`);
  return value;
}
