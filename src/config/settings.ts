import { type ChangeOptions, DEFAULT_CHANGE_OPTIONS } from '../change/options.ts';
import { DEFAULT_OPTIONS, type EventOptions } from '../event/context.ts';
import { DEFAULT_SPOOL_LIMITS, type SpoolLimits } from '../state/spool-limits.ts';
import { PortlogError } from '../core/errors.ts';
import { AddressSet } from '../nmap/address-set.ts';
import type { SinkOptions } from '../sink/kinds.ts';
import type { Config } from './config.ts';
import type { ExposurePolicy } from '../finding/exposure.ts';
import { loadExposure } from './load.ts';
import type { Environment } from '../core/environment.ts';
import { type ConnectionSettings, originsOf, sinkOptions } from './connection.ts';
import { type FindingSettings, findingSettings } from './finding-settings.ts';
import { refuseUnknownNames } from './only.ts';
import { sinkNamedBy } from './to.ts';

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
  readonly connection: ConnectionSettings;
  readonly stateDir: string;
  readonly retryForMs: number;
  readonly spool: SpoolLimits;
  readonly changes: ChangeOptions;
  readonly findings: FindingSettings;
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
  const event = eventSettings(given, config, exposure);
  refuseUnknownNames(config, exposure);
  const maxAges = maxAgesOf(config.sites);
  const sinks = config.sinks ?? [];
  const wanted = given.to === undefined ? sinks : given.to.map((text) => sinkNamedBy(text, sinks));
  const { caFile, compression } = given;
  const connection = { caFile, compression, origins: originsOf(sinks, env), watchedSites: [...maxAges.keys()] };
  return {
    event,
    sinks: await Promise.all(wanted.map((sink) => sinkOptions(sink, connection, event.namespace, env))),
    connection,
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
    maxAges,
  };
}

function eventSettings(given: Overrides, config: Config, exposure: ExposurePolicy | undefined): Settings['event'] {
  return {
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
}

function maxAgesOf(sites: NonNullable<Config['sites']> = {}): Settings['maxAges'] {
  const ages = Object.entries(sites).flatMap(([site, { maxAgeHours: hours }]) =>
    hours === undefined ? [] : [[site, Math.round(hours * HOUR_MS)] as const],
  );
  return new Map(ages);
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
