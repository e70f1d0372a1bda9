import type { Level } from '../event/event.ts';
import { all, type Filter, is } from './filter.ts';

/** A rule that alerts, in no server's words. Every target gets it under the same id. */
export interface AlertRule {
  /** Also the name of its runbook: docs/runbooks/<id>.md. */
  readonly id: string;
  readonly title: string;
  /** The question that it answers. */
  readonly about: string;
  /** Only these three: a state that is seen every night must alert once. */
  readonly dataset: 'nmap.change' | 'nmap.scan' | 'nmap.health';
  readonly where: Filter;
  /** What ends an alert of the rule: an event with the same values in `key`. Absent: it tells of what has happened, and stands for its window. */
  readonly over?: Filter;
  /** What ends it must be later than the time in this field, or any when there is none; absent: than the event that raised it. */
  readonly overSince?: string;
  /** Fires when nothing of this came for so long, per site; without it, when something came. */
  readonly absentForHours?: number;
  readonly severity: Exclude<Level, 'info'>;
  /** Fields that tell one alert from another; every event of the rule has all of them. */
  readonly key: readonly string[];
  /** Fields that the alert names beside its key, as far as the event has them. */
  readonly shows: readonly string[];
  /** One line with fields in braces; in brackets, what is left out when its first field is not there, or a name is no more than the address: `{server.address}[ ({host.name})]`. */
  readonly summary: string;
  /** How long it looks back, by the time at which events arrive, and so how long an alert stands. */
  readonly windowHours: number;
  /** How soon the same alert is told again while it stands. */
  readonly throttleHours: number;
  /** https://attack.mitre.org */
  readonly mitre: readonly { readonly tactic: string; readonly technique: string }[];
  /** Requirements that it helps to watch. */
  readonly compliance: { readonly pci_dss?: readonly string[]; readonly nist_800_53?: readonly string[] };
}

/** What is watched: undefined for all. */
export interface RuleScope {
  /** `data_stream.namespace` */
  readonly namespace?: string | undefined;
  /** Alerts about hosts and ports only for these zones. */
  readonly zones?: readonly string[] | undefined;
}

/** The id of a rule in a server that holds rules of others, too. */
export function serverId(rule: Pick<AlertRule, 'id'>): string {
  return `portlog-${rule.id}`;
}

/** How a server writes a field, and a part that is there only with a field. */
export interface TemplateSyntax {
  readonly field: (name: string) => string;
  /** `unlike`: the field that `name` must not repeat. */
  readonly part: (name: string, text: string, unlike: string | undefined) => string;
}

/** The sentence of an alert. */
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

/** A host without a name is called by its address. */
const UNLIKE: Readonly<Record<string, string>> = { 'host.name': 'server.address' };

const FIELD = /\{([\w.]+)\}/g;

/** Of a host or a port; the others are of a site. */
function isByItem({ key }: Pick<AlertRule, 'key'>): boolean {
  return key.includes('nmap.entity.id');
}

/** The mark of a change that is one of very many of its scan: of those, mass-change tells once. */
export const MASS = 'nmap.change.mass';

/** A rule's filter, for those zones and that namespace that were asked for. */
export function narrowed(rule: AlertRule, options: RuleScope): Filter {
  const chosen = withinOptions(rule, options);
  return isByItem(rule) && rule.dataset === 'nmap.change' ? all(chosen, { field: MASS, isNot: true }) : chosen;
}

/** The same without regard to that mark, for a server that sorts marked events out before. */
export function withinOptions(rule: AlertRule, { zones, namespace }: RuleScope): Filter {
  const more: readonly Filter[] = [
    ...(isByItem(rule) && zones !== undefined ? [is('nmap.zone', ...zones)] : []),
    ...(namespace === undefined ? [] : [is('data_stream.namespace', namespace)]),
  ];
  return more.length === 0 ? rule.where : all(rule.where, ...more);
}

/** Where its runbook is read; without an address of runbooks, the name of the file. */
export function runbookOf(id: string, { runbooks }: { readonly runbooks?: string | undefined }): string {
  return runbooks === undefined ? `docs/runbooks/${id}.md` : `${runbooks.replace(/\/$/, '')}/${id}.md`;
}
