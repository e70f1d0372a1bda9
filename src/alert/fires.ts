import type { Filter } from './filter.ts';
import { digest } from '../event/id.ts';
import { type AlertRule, scopedFilter, summaryOf } from './rule.ts';
import { ALERT_RULES } from './rules.ts';

/** An event as it is delivered. */
export type Document = Readonly<Record<string, unknown>>;

/** An alert that an event raises, with its summary. */
export interface Firing {
  readonly rule: AlertRule;
  readonly summary: string;
}

/** The rules that fire on an event; rules about absence never do. `now`: epoch milliseconds. */
export function firings(event: Document, now: number): readonly Firing[] {
  const dataset = valuesAt(event, 'event.dataset')[0];
  return ALERT_RULES.flatMap((rule) => {
    const isMeant = rule.absentForHours === undefined && rule.dataset === dataset && matches(scopedFilter(rule, {}), event, now);
    return isMeant ? [{ rule, summary: sentence(rule, event) }] : [];
  });
}

/** The rules whose alert with the same key an event ends. */
export function endings(event: Document, now: number): readonly AlertRule[] {
  return ALERT_RULES.filter(({ over }) => over !== undefined && matches(over, event, now));
}

/** Identifies an alert of a rule: the values of its key in an event. */
export function keyOf({ id, key }: Pick<AlertRule, 'id' | 'key'>, event: Document): string {
  return `${id} ${digest(key.map((field) => valuesAt(event, field).join()))}`;
}

/** Whether a filter matches an event: the reference for every server's query. */
export function matches(filter: Filter, event: Document, now: number): boolean {
  if ('all' in filter) return filter.all.every((one) => matches(one, event, now));
  if ('any' in filter) return filter.any.some((one) => matches(one, event, now));
  const values = valuesAt(event, filter.field);
  if ('is' in filter) return values.some((value) => filter.is.includes(value));
  if ('isNot' in filter) return !values.includes(filter.isNot);
  if ('atLeast' in filter) return values.some((value) => Number(value) >= filter.atLeast);
  if ('exists' in filter) return values.length > 0;
  return values.some((value) => isAhead(Date.parse(String(value)), now, filter.daysAhead));
}

const DAY_MS = 86_400_000;

function isAhead(time: number, now: number, { from, to }: { readonly from?: number; readonly to?: number }): boolean {
  const days = (time - now) / DAY_MS;
  return (from === undefined || days >= from) && (to === undefined || days < to);
}

function sentence(rule: AlertRule, event: Document): string {
  return summaryOf(rule, {
    field: (name) => valuesAt(event, name).join(', '),
    part: (name, text, unlike) => {
      const [value] = valuesAt(event, name);
      return value === undefined || (unlike !== undefined && valuesAt(event, unlike)[0] === value) ? '' : text;
    },
  });
}

/** All values of a field. */
export function valuesAt(event: Document, path: string): readonly (string | number | boolean)[] {
  let value: unknown = event;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null) return [];
    value = (value as Document)[part];
  }
  return [value].flat().filter((one) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean');
}
