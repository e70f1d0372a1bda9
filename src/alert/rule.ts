import type { Level } from '../event/event.ts';
import { all, type Filter, is } from './filter.ts';

/** An alert rule, independent of any server. Every target gets it under the same id. */
export interface AlertRule {
  /** Also the name of its runbook: docs/runbooks/<id>.md. */
  readonly id: string;
  readonly title: string;
  /** What an alert means, in a sentence. */
  readonly about: string;
  /** Only datasets of events that happen once: a state that every scan repeats must not alert each time. */
  readonly dataset: 'nmap.change' | 'nmap.scan' | 'nmap.health';
  readonly where: Filter;
  /** Events that end an alert, with the same values in `key`. Absent: the alert lasts for `windowHours`. */
  readonly over?: Filter;
  /** The ending event must be later than the time in this field, if that is there. Absent: later than the event that raised the alert. */
  readonly overSince?: string;
  /** Fires when no matching event came for so long, per site. Absent: fires on a matching event. */
  readonly absentForHours?: number;
  readonly severity: Exclude<Level, 'info'>;
  /** Fields that identify an alert; every event of the rule has all of them. */
  readonly key: readonly string[];
  /** Further fields that the alert shows, if present. */
  readonly shows: readonly string[];
  /**
   * One line with fields in braces. A part in brackets is left out when its first field is absent, or is a name that only
   * repeats the address: `{server.address}[ ({host.name})]`.
   */
  readonly summary: string;
  /** How far the rule looks back, by arrival time of events, and so how long an alert lasts. */
  readonly windowHours: number;
  /** The interval of repeated notifications for one alert. */
  readonly throttleHours: number;
  /** https://attack.mitre.org */
  readonly mitre: readonly { readonly tactic: string; readonly technique: string }[];
  /** Requirements that it supports. */
  readonly compliance: { readonly pci_dss?: readonly string[]; readonly nist_800_53?: readonly string[] };
}

/** What to watch; undefined for everything. */
export interface RuleScope {
  /** `data_stream.namespace` */
  readonly namespace?: string | undefined;
  /** Alerts about hosts and ports only for these zones. */
  readonly zones?: readonly string[] | undefined;
}

/** The id of a rule within a server. */
export function serverId(rule: Pick<AlertRule, 'id'>): string {
  return `portlog-${rule.id}`;
}

/** A server's template syntax for a field, and for an optional part. */
export interface TemplateSyntax {
  readonly field: (name: string) => string;
  /** `unlike`: the field that `name` must not repeat. */
  readonly part: (name: string, text: string, unlike: string | undefined) => string;
}

/** The summary of an alert. */
export function summaryOf({ summary }: Pick<AlertRule, 'summary'>, { field, part }: TemplateSyntax): string {
  const written = (text: string): string => text.replaceAll(FIELD, (_, name: string) => field(name));
  return summary
    .split(/(\[[^[\]]*\])/)
    .map((piece) => {
      if (!piece.startsWith('[')) return written(piece);
      const name = /\{([\w.]+)\}/.exec(piece)?.[1] ?? '';
      return part(name, written(piece.slice(1, -1)), UNLIKE[name]);
    })
    .join('');
}

/** Whether the text of a field comes from a scan, and so from strangers, rather than from portlog or its configuration. */
export function isFromScan(field: string): boolean {
  return FROM_SCANS.has(field);
}

const FROM_SCANS: ReadonlySet<string> = new Set(['server.address', 'host.name', 'network.transport', 'service.type', 'vulnerability.id']);

/** Fields that repeat another one: a host without a name is called by its address. */
const UNLIKE: Readonly<Record<string, string>> = { 'host.name': 'server.address' };

const FIELD = /\{([\w.]+)\}/g;

/** Whether the rule is about hosts or ports; others are about sites. */
function isByItem({ key }: Pick<AlertRule, 'key'>): boolean {
  return key.includes('nmap.entity.id');
}

/** Marks a change that is one of very many in its scan, for which one mass-change is reported. */
export const MASS = 'nmap.change.mass';

/** Marks a change of a port that is expected to be open. */
export const EXPECTED = 'nmap.expected';

/** Whether the rule raises no alert about ports that are expected to be open. */
export function sparesExpected({ where: filter }: Pick<AlertRule, 'where'>): boolean {
  return 'all' in filter && filter.all.some((part) => 'isNot' in part && part.field === EXPECTED);
}

/** A rule's filter, limited to the given zones and namespace. */
export function scopedFilter(rule: AlertRule, options: RuleScope): Filter {
  const chosen = withinOptions(rule, options);
  return isByItem(rule) && rule.dataset === 'nmap.change' ? all(chosen, { field: MASS, isNot: true }) : chosen;
}

/** The same without the mass mark, for a server that drops marked events earlier. */
export function withinOptions(rule: AlertRule, { zones, namespace }: RuleScope): Filter {
  const more: readonly Filter[] = [
    ...(isByItem(rule) && zones !== undefined ? [is('nmap.zone', ...zones)] : []),
    ...(namespace === undefined ? [] : [is('data_stream.namespace', namespace)]),
  ];
  return more.length === 0 ? rule.where : all(rule.where, ...more);
}

/** The URL of its runbook; the name of the file when no URL is configured. */
export function runbookOf(id: string, { runbooks }: { readonly runbooks?: string | undefined }): string {
  return runbooks === undefined ? `docs/runbooks/${id}.md` : `${runbooks.replace(/\/$/, '')}/${id}.md`;
}
