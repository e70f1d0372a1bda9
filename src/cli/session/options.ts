import { isAbsolute, join } from 'node:path';
import { type Environment, homeFolder } from '../../core/environment.ts';
import type { Option, Options } from '../option.ts';

/** Options of every command. */
export const MESSAGE_OPTIONS = {
  'quiet': { type: 'boolean', alias: 'q', group: 'Messages', about: 'print errors only' },
  'verbose': { type: 'boolean', alias: 'v', group: 'Messages', about: 'print each step' },
  'log-format': {
    type: 'string',
    choices: ['text', 'json'],
    group: 'Messages',
    about: 'format of messages: text, or one JSON object per line',
    byDefault: 'text, with priorities under journald',
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
  'ca-file': { type: 'string', value: 'PEM', group: 'Where to', about: "certificate of the authority (CA) that signed the server's" },
  'compression': { type: 'string', choices: ['gzip', 'none'], group: 'Where to', about: 'compress requests', byDefault: 'gzip' },
  'all': { type: 'boolean', group: 'What', about: 'send closed and filtered ports and down hosts too' },
  'again': {
    type: 'boolean',
    group: 'What',
    about: 'send again what was delivered before, and the whole inventory',
  },
  'site': {
    type: 'string',
    value: 'NAME',
    group: 'What',
    about: 'the site that was scanned: the same address at two sites is two hosts',
    byDefault: 'default',
  },
  'sensor': {
    type: 'string',
    value: 'NAME',
    group: 'What',
    about: 'value of agent.name and observer.name, where several sensors ship',
    byDefault: 'agent.name is the name of this machine',
  },
  'namespace': { type: 'string', value: 'NAME', group: 'What', about: 'value of data_stream.namespace', byDefault: 'default' },
  'tag': { type: 'list', value: 'TAG', group: 'What', about: 'tag added to every event' },
  'label': { type: 'list', value: 'NAME=TEXT', group: 'What', about: 'label added to every event' },
  'changes': {
    type: 'boolean',
    group: 'What',
    about: 'report changes on stdout too; --no-changes: to no sink',
    byDefault: 'to every sink but stdout',
  },
  'confirm-scans': {
    type: 'number',
    isWhole: true,
    min: 1,
    max: 100,
    value: 'N',
    group: 'What',
    about: 'scans in a row that must agree before a port counts as closed, or a host as down',
    byDefault: '1',
  },
  'mass-change': {
    type: 'number',
    isWhole: true,
    min: 1,
    value: 'N',
    group: 'What',
    about: 'a scan with more changes than N also gives one mass-change event',
    byDefault: '100',
  },
  'intel-dir': { type: 'string', value: 'DIR', group: 'What', about: 'directory with snapshots of KEV and EPSS (exploited vulnerabilities)' },
  'exposure': { type: 'string', value: 'FILE', group: 'What', about: 'file with the networks and the ports that are expected to be open' },
  'config': { type: 'string', value: 'FILE', group: 'How', about: 'configuration file, YAML or JSON' },
  'state-dir': {
    type: 'string',
    value: 'DIR',
    group: 'How',
    about: 'directory of the known state and of undelivered events',
    byDefault: '~/.local/state/portlog; /var/lib/portlog for a user without a home',
  },
  'retry-for-seconds': {
    type: 'number',
    max: 86_400,
    value: 'N',
    group: 'How',
    about: 'how long to retry a failing sink before its events wait on disk',
    byDefault: '60',
  },
  'spool-max-mib': { type: 'number', isAboveZero: true, value: 'N', group: 'How', about: 'disk space for undelivered events', byDefault: '1024' },
  'spool-max-age-days': {
    type: 'number',
    isAboveZero: true,
    value: 'N',
    group: 'How',
    about: 'how long undelivered events are kept',
    byDefault: '30',
  },
  'spool-when-full': {
    type: 'string',
    choices: ['block', 'drop-oldest'],
    group: 'How',
    about: 'when that space is full: stop reading, or drop the oldest events',
    byDefault: 'block',
  },
  'json': {
    type: 'boolean',
    group: 'Messages',
    about: 'print the summary as one line of JSON, the last one on stderr (status and replay --list: on stdout)',
  },
} as const satisfies Record<string, Option>;

/** Option of commands that show the known state, by default of all sites. */
export const SITE_OPTION = {
  site: { type: 'string', value: 'NAME', group: 'What', about: 'only this site', byDefault: 'all sites' },
} as const satisfies Record<string, Option>;

/** Option of commands that watch directories. */
export const AGAIN_OPTION = {
  again: { type: 'boolean', group: 'What', about: 'send again the files that are there at the start, and the whole inventory' },
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
    about: 'write metrics to FILE.prom at the end, for the textfile collector of node_exporter',
  },
} as const satisfies Record<string, Option>;

/** For commands that run until stopped. */
export const UNATTENDED_OPTIONS = {
  'metrics-listen': {
    type: 'string',
    value: 'ADDRESS',
    group: 'Messages',
    about: 'serve /metrics, /healthz and /readyz: 9464 (loopback only), or 0.0.0.0:9464',
  },
  ...METRICS_FILE_OPTION,
  'once': { type: 'boolean', group: 'How', about: 'do what is due now, then exit' },
  'poll-seconds': {
    type: 'number',
    isAboveZero: true,
    max: 86_400,
    value: 'N',
    group: 'How',
    about: 'how often directories are searched',
    byDefault: '10',
  },
} as const satisfies Record<string, Option>;

/** Only the options with these names. */
export function only<O extends Options>(options: O, names: readonly (keyof O & string)[]): Options {
  return without(
    options,
    Object.keys(options).filter((name) => !names.includes(name)),
  );
}

/** All options except those with these names. */
export function without<O extends Options>(options: O, names: readonly (keyof O & string)[]): Options {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

/**
 * Default for users without a home directory, as in a container without an entry for the user. If the user may not create it, the error says
 * how to choose another.
 */
const WITHOUT_HOME = '/var/lib';

/**
 * An empty or relative variable counts as not set, as the specification requires: a relative one would be another state in each directory.
 * https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function defaultStateDir(env: Environment, ofUser: () => string | undefined = homeFolder): string {
  const [own, home] = [env['XDG_STATE_HOME'] ?? '', env['HOME'] ?? ''];
  if (isAbsolute(own)) return join(own, 'portlog');
  const found = isAbsolute(home) ? home : (ofUser() ?? '');
  return join(isAbsolute(found) ? join(found, '.local', 'state') : WITHOUT_HOME, 'portlog');
}
