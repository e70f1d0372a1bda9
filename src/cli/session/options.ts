import { isAbsolute, join } from 'node:path';
import { type Environment, homeFolder } from '../../core/environment.ts';
import type { Option, Options } from '../option.ts';

/** Of every command. */
export const MESSAGE_OPTIONS = {
  'quiet': { type: 'boolean', alias: 'q', group: 'Messages', about: 'only errors' },
  'verbose': { type: 'boolean', alias: 'v', group: 'Messages', about: 'what portlog does, step by step' },
  'log-format': {
    type: 'string',
    choices: ['text', 'json'],
    group: 'Messages',
    about: 'of messages: text, or an object a line',
    byDefault: 'text; with priorities when journald reads it',
  },
} as const satisfies Record<string, Option>;

/** Options of `ship` and of commands that ship. */
export const SHIP_OPTIONS = {
  'to': {
    type: 'list',
    value: 'SINK[=URL]',
    group: 'Where to',
    about:
      'destination: alertmanager=URL, elasticsearch=URL, opensearch=URL, loki=URL, otlp=URL, http=URL, syslog=URL, wazuh=PATH or URL, file=PATH or stdout; or the name of a sink of the configuration file',
  },
  'format': {
    type: 'string',
    choices: ['ecs', 'otel', 'table'],
    group: 'Where to',
    about: 'format on stdout: ecs or otel lines, or a table (default on a terminal)',
  },
  'ca-file': { type: 'string', value: 'PEM', group: 'Where to', about: "authority that signed the server's certificate" },
  'compression': { type: 'string', choices: ['gzip', 'none'], group: 'Where to', about: 'compress requests', byDefault: 'gzip' },
  'all': { type: 'boolean', group: 'What', about: 'send closed and filtered ports and down hosts too' },
  'again': {
    type: 'boolean',
    group: 'What',
    about: 'send again what was delivered before, and all of the inventory',
  },
  'site': { type: 'string', value: 'NAME', group: 'What', about: 'the place that was scanned', byDefault: 'default' },
  'sensor': {
    type: 'string',
    value: 'NAME',
    group: 'What',
    about: 'agent.name and observer.name, to tell sensors apart',
    byDefault: 'agent.name is the name of this host',
  },
  'namespace': { type: 'string', value: 'NAME', group: 'What', about: 'data_stream.namespace', byDefault: 'default' },
  'tag': { type: 'list', value: 'TAG', group: 'What', about: 'added to every event' },
  'label': { type: 'list', value: 'NAME=TEXT', group: 'What', about: 'added to every event' },
  'changes': { type: 'boolean', group: 'What', about: 'report changes, also on stdout; --no-changes: nowhere', byDefault: 'to all but stdout' },
  'confirm-scans': {
    type: 'number',
    value: 'N',
    group: 'What',
    about: 'scans in a row that must agree before a port counts as closed, or a host as down',
    byDefault: '1',
  },
  'mass-change': {
    type: 'number',
    value: 'N',
    group: 'What',
    about: 'more changes than these in one scan are also reported as one mass change',
    byDefault: '100',
  },
  'intel-dir': { type: 'string', value: 'DIR', group: 'What', about: 'snapshots of KEV and EPSS: which vulnerabilities are exploited' },
  'exposure': { type: 'string', value: 'FILE', group: 'What', about: 'what may be open, and what the networks are' },
  'config': { type: 'string', value: 'FILE', group: 'How', about: 'portlog.yaml or portlog.json' },
  'state-dir': {
    type: 'string',
    value: 'DIR',
    group: 'How',
    about: 'where known state and undelivered events are kept',
    byDefault: '~/.local/state/portlog; of a user without a home /var/lib/portlog',
  },
  'retry-for-seconds': { type: 'number', max: 86_400, value: 'N', group: 'How', about: 'how long a failing sink is retried', byDefault: '60' },
  'spool-max-mib': { type: 'number', value: 'N', group: 'How', about: 'disk space for undelivered events', byDefault: '1024' },
  'spool-max-age-days': { type: 'number', value: 'N', group: 'How', about: 'how long undelivered events are kept', byDefault: '30' },
  'spool-when-full': {
    type: 'string',
    choices: ['block', 'drop-oldest'],
    group: 'How',
    about: 'when that space is full: stop reading, or drop the oldest events',
    byDefault: 'block',
  },
  'json': { type: 'boolean', group: 'Messages', about: 'the summary as one line of JSON' },
} as const satisfies Record<string, Option>;

/** Of commands that show what is known, of all sites unless told otherwise. */
export const SITE_OPTION = {
  site: { type: 'string', value: 'NAME', group: 'What', about: 'only of this site', byDefault: 'all sites' },
} as const satisfies Record<string, Option>;

/** Of commands that look into directories. */
export const AGAIN_OPTION = {
  again: { type: 'boolean', group: 'What', about: 'send again what lies in directories at the start, and all of the inventory' },
} as const satisfies Record<string, Option>;

export const SCAN_OPTIONS = {
  nmap: { type: 'string', value: 'PATH', group: 'How', about: 'the nmap program to run', byDefault: 'nmap' },
} as const satisfies Record<string, Option>;

/** For commands that end by themselves. */
export const METRICS_FILE_OPTION = {
  'metrics-file': {
    type: 'string',
    value: 'FILE',
    group: 'Messages',
    about: 'write numbers for Prometheus to FILE.prom at the end, for node_exporter',
  },
} as const satisfies Record<string, Option>;

/** For commands that run until stopped. */
export const UNATTENDED_OPTIONS = {
  'metrics-listen': {
    type: 'string',
    value: 'ADDRESS',
    group: 'Messages',
    about: 'answer /metrics, /healthz and /readyz there: 9464 (this machine alone), or 0.0.0.0:9464',
  },
  ...METRICS_FILE_OPTION,
  'once': { type: 'boolean', group: 'How', about: 'do what is due now, and end' },
  'poll-seconds': { type: 'number', max: 86_400, value: 'N', group: 'How', about: 'how often directories are looked into', byDefault: '10' },
} as const satisfies Record<string, Option>;

/** The options of these names. */
export function only<O extends Options>(options: O, names: readonly (keyof O & string)[]): Options {
  return without(
    options,
    Object.keys(options).filter((name) => !names.includes(name)),
  );
}

/** All options but these. */
export function without<O extends Options>(options: O, names: readonly (keyof O & string)[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

/** Of who has no home, as in a container whose user has no entry; who may not make it is told so, and how to name another. */
const WITHOUT_HOME = '/var/lib';

/**
 * What is empty or relative counts as not set, as the specification wants it: the state would be another one in each directory.
 * https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function defaultStateDir(env: Environment, ofUser: () => string | undefined = homeFolder): string {
  const [own, home] = [env['XDG_STATE_HOME'] ?? '', env['HOME'] ?? ''];
  if (isAbsolute(own)) return join(own, 'portlog');
  const found = isAbsolute(home) ? home : (ofUser() ?? '');
  return join(isAbsolute(found) ? join(found, '.local', 'state') : WITHOUT_HOME, 'portlog');
}
