import type { Config } from '../../config/config.ts';
import type { Environment } from '../../core/environment.ts';
import { loadConfig } from '../../config/load.ts';
import { type Overrides, type Settings, settings } from '../../config/settings.ts';
import type { Values } from '../option.ts';
import { defaultStateDir } from './options.ts';
import { logFormatOf } from './log-format.ts';
import { Log } from './log.ts';
import type { Outages } from './outages.ts';
import type { Terminal } from './terminal.ts';
import { stateFile } from '../../state/store.ts';
import { filesOfTrust, programsOfTrust, Trust } from './trust.ts';

/** What every command gets: options, environment, terminal and log. */
export interface CommandContext {
  readonly values: Values;
  readonly env: Environment;
  readonly terminal: Terminal;
  readonly log: Log;
  /** The configuration file, read once; empty without one. */
  readonly config: () => Promise<Config>;
  readonly trust: Trust;
  /** Keeps track of sinks that are down; undefined for a command that ends by itself. */
  readonly outages?: Outages | undefined;
}

/** Called when the configuration file was read, with the variables that it names. */
export type AsRead = (path: string, config: Config, named: ReadonlySet<string>) => Promise<void>;

export function commandContext(values: Values, env: Environment, terminal: Terminal, asRead?: AsRead): CommandContext {
  const level = values['quiet'] === true ? 'quiet' : values['verbose'] === true ? 'verbose' : 'normal';
  const log = new Log(terminal.stderr, level, logFormatOf(values, env));
  const trust = new Trust(log);
  let config: Promise<Config> | undefined;
  return { values, env, terminal, log, trust, config: () => (config ??= configOf(values, env, trust, asRead)) };
}

async function configOf(values: Values, env: Environment, trust: Trust, asRead?: AsRead): Promise<Config> {
  const path = text(values, 'config');
  if (path === undefined) return {};
  trust.check('the configuration', path);
  const named = new Set<string>();
  const config = await loadConfig(path, env, named);
  await asRead?.(path, config, named);
  return config;
}

/** The settings: flags override the environment (merged already), which overrides the file and defaults. */
export async function settingsOf({ values, env, config, trust }: CommandContext): Promise<Settings> {
  const given: Overrides = {
    to: list(values, 'to'),
    caFile: text(values, 'ca-file'),
    compression: text(values, 'compression') as Overrides['compression'],
    all: values['all'] as boolean | undefined,
    site: text(values, 'site'),
    sensor: text(values, 'sensor'),
    namespace: text(values, 'namespace'),
    tags: list(values, 'tag'),
    labels: list(values, 'label'),
    stateDir: text(values, 'state-dir'),
    retryForSeconds: number(values, 'retry-for-seconds'),
    spoolMaxMib: number(values, 'spool-max-mib'),
    spoolMaxAgeDays: number(values, 'spool-max-age-days'),
    spoolWhenFull: text(values, 'spool-when-full') as Overrides['spoolWhenFull'],
    confirmScans: number(values, 'confirm-scans'),
    massChange: number(values, 'mass-change'),
    intelDir: text(values, 'intel-dir'),
    exposure: text(values, 'exposure'),
    metricsListen: text(values, 'metrics-listen'),
    metricsFile: text(values, 'metrics-file'),
  };
  const read = await config();
  for (const path of filesOfTrust(read, env)) trust.check('the file', path);
  for (const path of programsOfTrust(read, env)) trust.checkFuture('the path in a command,', path);
  const all = await settings(given, read, defaultStateDir(env), env);
  trust.checkHeld('the state directory', all.stateDir);
  trust.check('the state file', stateFile(all.stateDir));
  return all;
}

export function text(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

export function list(values: Values, name: string): readonly string[] | undefined {
  const value = values[name];
  return Array.isArray(value) ? (value as readonly string[]) : undefined;
}

export function number(values: Values, name: string): number | undefined {
  const value = values[name];
  return typeof value === 'number' ? value : undefined;
}

/** What an option chooses from a table; the parser has refused words that are not in it. */
export function chosen<K extends string, T>(values: Values, name: string, table: Readonly<Record<K, T>>, byDefault: K): T {
  const word = text(values, name) ?? byDefault;
  return table[Object.hasOwn(table, word) ? (word as K) : byDefault];
}
