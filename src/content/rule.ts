import type { Level } from '../event/event.ts';
import { all, type Filter, is } from './filter.ts';
import type { ContentOptions } from './options.ts';

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
  /** Fires when nothing of this came for so long, per site; without it, when something came. */
  readonly absentForHours?: number;
  readonly severity: Exclude<Level, 'info'>;
  /** Fields that tell one alert from another; every event of the rule has all of them. */
  readonly key: readonly string[];
  /** Fields that the alert names beside its key, as far as the event has them. */
  readonly shows: readonly string[];
  /** One line with fields in braces: `{server.address} has a new port`. */
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

/** The id of a rule in a server that holds rules of others, too. */
export function serverId(rule: Pick<AlertRule, 'id'>): string {
  return `portlog-${rule.id}`;
}

/** The sentence of an alert, with each field as a server writes it. */
export function summaryOf({ summary }: AlertRule, written: (field: string) => string): string {
  return summary.replaceAll(/\{([\w.]+)\}/g, (_, field: string) => written(field));
}

/** A rule's filter, for those zones and that namespace that were asked for. */
export function narrowed(rule: AlertRule, { zones, namespace }: ContentOptions): Filter {
  const isOfHost = rule.key.includes('server.address');
  const more = [
    ...(isOfHost && zones !== undefined ? [is('nmap.zone', ...zones)] : []),
    ...(namespace === undefined ? [] : [is('data_stream.namespace', namespace)]),
  ];
  return more.length === 0 ? rule.where : all(rule.where, ...more);
}
