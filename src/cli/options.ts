import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../core/environment.ts';
import { PortlogError } from '../core/errors.ts';

/** An option of the command line, defined once: yargs, the environment, help and docs/reference/cli.md come from here. */
export interface Option {
  readonly type: 'string' | 'boolean' | 'number' | 'list';
  readonly about: string;
  /** What stands for the value in help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly alias?: string;
  /** The largest number that makes sense; what is larger is a mistake in the unit. */
  readonly max?: number;
  readonly group: 'Where to' | 'What' | 'How' | 'Messages';
}

export const SHIP_OPTIONS = {
  'to': {
    type: 'list',
    value: 'SINK[=URL]',
    group: 'Where to',
    about:
      'destination: elasticsearch=URL, opensearch=URL, loki=URL, otlp=URL, http=URL, syslog=URL, wazuh=PATH or URL, file=PATH or stdout; repeatable',
  },
  'format': {
    type: 'string',
    choices: ['ecs', 'otel', 'table'],
    group: 'Where to',
    about: 'of what goes to stdout: ecs or otel lines, or a table (default on a terminal)',
  },
  'ca-file': { type: 'string', value: 'PEM', group: 'Where to', about: "authority that signed the server's certificate" },
  'compression': { type: 'string', choices: ['gzip', 'none'], group: 'Where to', about: 'of requests (default: gzip)' },
  'all': { type: 'boolean', group: 'What', about: 'send closed and filtered ports and down hosts too' },
  'again': {
    type: 'boolean',
    group: 'What',
    about: 'send what was delivered before as well; watch and run: what lies in directories when they begin',
  },
  'site': { type: 'string', value: 'NAME', group: 'What', about: 'the place that was scanned (default: default)' },
  'sensor': {
    type: 'string',
    value: 'NAME',
    group: 'What',
    about: 'agent.name and observer.name, to tell sensors apart (default: agent.name is the name of this host)',
  },
  'namespace': { type: 'string', value: 'NAME', group: 'What', about: 'data_stream.namespace (default: default)' },
  'tag': { type: 'list', value: 'TAG', group: 'What', about: 'added to every event; repeatable' },
  'label': { type: 'list', value: 'NAME=TEXT', group: 'What', about: 'added to every event; repeatable' },
  'changes': { type: 'boolean', group: 'What', about: 'say what changed, on stdout too; --no-changes: nowhere (default: to all but stdout)' },
  'confirm-scans': {
    type: 'number',
    value: 'N',
    group: 'What',
    about: 'scans that must find a port not open, or a host down, before that is told (default: 1)',
  },
  'mass-change': { type: 'number', value: 'N', group: 'What', about: 'changes in one scan that are told as one, too (default: 100)' },
  'intel-dir': { type: 'string', value: 'DIR', group: 'What', about: 'snapshots of KEV and EPSS: which vulnerabilities are exploited' },
  'exposure': { type: 'string', value: 'FILE', group: 'What', about: 'what is meant to be open, and what the networks are' },
  'config': { type: 'string', value: 'FILE', group: 'How', about: 'portlog.yaml or portlog.json' },
  'state-dir': {
    type: 'string',
    value: 'DIR',
    group: 'How',
    about: 'where known state and undelivered events are kept (default: ~/.local/state/portlog)',
  },
  'retry-for-seconds': { type: 'number', max: 86_400, value: 'N', group: 'How', about: 'how long a sink that fails is tried again (default: 60)' },
  'spool-max-mib': { type: 'number', value: 'N', group: 'How', about: 'room on disk for what waits for a sink (default: 1024)' },
  'spool-max-age-days': { type: 'number', value: 'N', group: 'How', about: 'how long it may wait (default: 30)' },
  'spool-when-full': {
    type: 'string',
    choices: ['block', 'drop-oldest'],
    group: 'How',
    about: 'what gives way then: reading, or the oldest events (default: block)',
  },
  'quiet': { type: 'boolean', alias: 'q', group: 'Messages', about: 'only errors' },
  'verbose': { type: 'boolean', alias: 'v', group: 'Messages', about: 'what portlog does, step by step' },
  'json': { type: 'boolean', group: 'Messages', about: 'the summary as one line of JSON' },
} as const satisfies Record<string, Option>;

export const SCAN_OPTIONS = {
  nmap: { type: 'string', value: 'PATH', group: 'How', about: 'the nmap to run (default: nmap)' },
} as const satisfies Record<string, Option>;

const UNATTENDED_OPTIONS = {
  'once': { type: 'boolean', group: 'How', about: 'do what there is to do now, and end' },
  'poll-seconds': { type: 'number', max: 86_400, value: 'N', group: 'How', about: 'how often directories are looked into (default: 10)' },
} as const satisfies Record<string, Option>;

export const WATCH_OPTIONS = {
  ...UNATTENDED_OPTIONS,
  'cut-after-minutes': {
    type: 'number',
    value: 'N',
    group: 'How',
    about: 'an unfinished scan to which nobody has written for so long counts as cut (default: 60)',
  },
} as const satisfies Record<string, Option>;

export const RUN_OPTIONS = {
  ...UNATTENDED_OPTIONS,
  schedule: { type: 'list', value: 'NAME', group: 'What', about: 'only this schedule, and no directories; repeatable' },
} as const satisfies Record<string, Option>;

export const REPLAY_OPTIONS = {
  list: { type: 'boolean', group: 'What', about: 'show what waits, and what was rejected, and send nothing' },
  dead: { type: 'boolean', group: 'What', about: 'try the dead letters again; with --purge: delete those' },
  from: { type: 'string', value: 'SINK=URL', group: 'What', about: 'only what waits for that destination; with --to: send it there instead' },
  purge: { type: 'boolean', group: 'What', about: 'delete what waits, after asking' },
  yes: { type: 'boolean', group: 'What', about: 'do not ask' },
} as const satisfies Record<string, Option>;

export const DIFF_OPTIONS = {
  'format': {
    type: 'string',
    choices: ['table', 'json', 'unified'],
    group: 'What',
    about: 'a line a change, JSON a change, or as diff -u (default: table)',
  },
  'exit-code': { type: 'boolean', group: 'What', about: 'end with 1 when something changed, as git diff does' },
} as const satisfies Record<string, Option>;

export const INVENTORY_OPTIONS = {
  format: { type: 'string', choices: ['table', 'json', 'csv'], group: 'What', about: 'a table, a line of JSON a port, or CSV (default: table)' },
  network: { type: 'list', value: 'NETWORK', group: 'What', about: 'only hosts within: 192.0.2.0/24, 10.0.0-5.*; repeatable' },
  port: { type: 'string', value: 'PORTS', group: 'What', about: 'only these: 22,8000-8100 or 53/udp' },
  service: { type: 'string', value: 'TEXT', group: 'What', about: 'only services with this in name or version' },
  state: { type: 'string', value: 'STATES', group: 'What', about: 'only ports in these states, or all (default: open)' },
  since: { type: 'string', value: 'WHEN', group: 'What', about: 'only what is so since then: a date, 24h, 7d' },
  forget: { type: 'boolean', group: 'What', about: 'forget the hosts of --network and --site, after asking' },
  yes: { type: 'boolean', group: 'What', about: 'do not ask' },
} as const satisfies Record<string, Option>;

export const FINDINGS_OPTIONS = {
  format: { type: 'string', choices: ['table', 'json', 'csv'], group: 'What', about: 'a table, a line of JSON a weakness, or CSV (default: table)' },
  severity: {
    type: 'string',
    choices: ['critical', 'high', 'medium', 'low', 'info'],
    group: 'What',
    about: 'only weaknesses at least as grave (default: low)',
  },
  network: { type: 'list', value: 'NETWORK', group: 'What', about: 'only of hosts within: 192.0.2.0/24, 10.0.0-5.*; repeatable' },
  rule: { type: 'list', value: 'ID', group: 'What', about: 'only of this rule (docs/reference/rules.md); repeatable' },
} as const satisfies Record<string, Option>;

export const REPORT_OPTIONS = {
  format: {
    type: 'string',
    choices: ['html', 'markdown', 'csv', 'json'],
    group: 'What',
    about: 'one page for a browser, tables for a ticket, or rows for a program (default: html)',
  },
  output: { type: 'string', value: 'FILE', alias: 'o', group: 'Where to', about: 'the file to write (default: standard output)' },
  since: { type: 'string', value: 'WHEN', group: 'What', about: 'tell changes since then: a date, 24h, 7d (default: 7d)' },
} as const satisfies Record<string, Option>;

export const EXPOSURE_OPTIONS = {
  format: {
    type: 'string',
    choices: ['table', 'json', 'junit', 'sarif'],
    group: 'What',
    about: 'of check: a line, JSON a line, JUnit XML, or SARIF (default: table)',
  },
} as const satisfies Record<string, Option>;

export const SETUP_OPTIONS = {
  'url': { type: 'string', value: 'URL', group: 'Where to', about: 'of the server (default: where it listens by itself on this machine)' },
  'namespace': { type: 'string', value: 'NAME', group: 'What', about: 'only for events of this data_stream.namespace (default: all)' },
  'zone': { type: 'list', value: 'ZONE', group: 'What', about: 'alerts about hosts in this zone only; repeatable' },
  'site': {
    type: 'list',
    value: 'NAME[=HOURS]',
    group: 'What',
    about: 'a site that must be scanned, and within how many hours; repeatable (default: 26)',
  },
  'retention-days': {
    type: 'number',
    value: 'N',
    group: 'What',
    about: 'of elasticsearch, opensearch: delete events after so many days (default: never)',
  },
  'base-id': { type: 'number', value: 'N', group: 'What', about: 'of wazuh: where the ids of its rules begin (default: 100700)' },
  'loki-uid': { type: 'string', value: 'UID', group: 'What', about: 'of the data source in Grafana (default: loki)' },
  'runbooks': { type: 'string', value: 'URL', group: 'What', about: 'where your people read the runbooks: URL/<rule>.md' },
  'config': { type: 'string', value: 'FILE', group: 'What', about: 'a configuration of portlog: its sites and namespace count here, too' },
  'dry-run': { type: 'boolean', group: 'How', about: 'print what would be done' },
  'export': { type: 'string', value: 'DIR', group: 'How', about: 'write the files to DIR instead, with a README that says where they go' },
  'force': { type: 'boolean', group: 'How', about: 'overwrite what somebody has changed' },
  'repair': {
    type: 'boolean',
    group: 'How',
    about: 'of elasticsearch, opensearch: mend what has got wrong types (new backing indices, a copy of the inventory)',
  },
  'remove': { type: 'boolean', group: 'How', about: 'take away what portlog has installed; events stay' },
  'api-key': { type: 'boolean', group: 'How', about: 'of elasticsearch: also make an API key that may only write these events, and print it' },
} as const satisfies Record<string, Option>;

/** What may have a largest number. */
export const ALL_OPTIONS = { ...SHIP_OPTIONS, ...WATCH_OPTIONS } as const;

/** Values by option name, whoever gave them. */
export type Values = Readonly<Record<string, string | boolean | number | readonly string[] | undefined>>;

/** `PORTLOG_<OPTION>`, a list separated by commas. The environment stands behind the flags. Throws `usage` for what the option would not take. */
export function fromEnvironment(options: Readonly<Record<string, Option>>, env: Environment): Values {
  const values: Record<string, Values[string]> = {};
  for (const [name, option] of Object.entries(options)) {
    const text = env[variableOf(name)];
    if (text !== undefined && text !== '') values[name] = valueOf(variableOf(name), text, option);
  }
  return values;
}

function valueOf(variable: string, text: string, { type, choices }: Option): Values[string] {
  const refused = (what: string, hint?: string): PortlogError =>
    new PortlogError('usage', `${variable}=${text}: ${what}`, hint === undefined ? {} : { hint });
  if (type === 'list') return text.split(',').map((part) => part.trim());
  if (type === 'boolean') {
    const isOn = SWITCH[text.toLowerCase()];
    if (isOn === undefined) throw refused('it is on or off', 'write true or false');
    return isOn;
  }
  if (choices !== undefined && !choices.includes(text)) throw refused('there is no such choice', `there are: ${choices.join(', ')}`);
  if (type === 'number' && !(Number(text) >= 0)) throw refused('it needs a number that is not negative');
  return type === 'number' ? Number(text) : text;
}

const SWITCH: Readonly<Record<string, boolean>> = { 1: true, true: true, yes: true, on: true, 0: false, false: false, no: false, off: false };

export function variableOf(option: string): string {
  return `PORTLOG_${option.toUpperCase().replaceAll('-', '_')}`;
}

export function defaultStateDir(env: Environment): string {
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'portlog');
}
