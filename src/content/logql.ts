import { literalPattern } from '../core/literal-pattern.ts';
import { METADATA } from '../sink/loki/entry.ts';
import { type Filter, fieldsOf, isCompound } from '../alert/filter.ts';

/**
 * A filter as stages of a LogQL pipeline, `| event_action=`port-opened``. Fields in the structured metadata are filtered directly; others are
 * extracted from the line first.
 * https://grafana.com/docs/loki/latest/query/log_queries/
 */
export function logqlStages(filter: Filter | undefined, more: readonly string[] = []): string {
  const wanted = new Set([...fieldsOf(filter), ...more].filter((field) => !isAtHand(field)));
  const extracted = [...wanted].map((field) => `${labelOf(field)}="${jsonPath(field)}"`);
  const days = daysStages(filter);
  return [extracted.length === 0 ? '' : ` | json ${extracted.join(', ')}`, days, filter === undefined ? '' : ` | ${condition(filter)}`].join('');
}

/** The stream selector of a dataset, or of some. */
export function selector(dataset: string | readonly string[], matchers: readonly string[] = []): string {
  const which = typeof dataset === 'string' ? `dataset="${dataset}"` : `dataset=~"${dataset.join('|')}"`;
  return `{${[`service_name="portlog"`, which, ...matchers].join(', ')}}`;
}

/** The label that a field has in Loki: a stream label, structured metadata, or what {@link logqlStages} takes out of the line. */
export function labelOf(field: string): string {
  if (field === '@timestamp') return 'seen';
  return STREAM_LABELS[field] ?? field.replaceAll('.', '_');
}

const STREAM_LABELS: Readonly<Record<string, string>> = { 'nmap.site': 'site', 'data_stream.dataset': 'dataset' };

function isAtHand(field: string): boolean {
  return STREAM_LABELS[field] !== undefined || field === 'level' || METADATA.includes(field);
}

function condition(filter: Filter): string {
  if ('all' in filter) return filter.all.map(inParentheses).join(' and ');
  if ('any' in filter) return filter.any.map(inParentheses).join(' or ');
  const label = labelOf(filter.field);
  if ('is' in filter) {
    const [first = '', ...others] = filter.is.map(String);
    return others.length === 0 ? `${label}=\`${first}\`` : `${label}=~\`${[first, ...others].map(literalPattern).join('|')}\``;
  }
  if ('isNot' in filter) return `${label}!=\`${filter.isNot}\``;
  if ('atLeast' in filter) return `${label} >= ${filter.atLeast}`;
  if ('exists' in filter) return `${label}!=\`\``;
  const { from, to } = filter.daysAhead;
  const parts = [from === undefined ? '' : `days_ahead >= ${from}`, to === undefined ? '' : `days_ahead < ${to}`];
  return parts.filter((part) => part !== '').join(' and ');
}

function inParentheses(filter: Filter): string {
  return isCompound(filter) ? `(${condition(filter)})` : condition(filter);
}

/** Stages that compute the days until a date; entries without the date are left out. */
function daysStages(filter: Filter | undefined): string {
  const field = dateOf(filter);
  if (field === undefined) return '';
  const label = labelOf(field);
  return ` | ${label}!=\`\` | label_format days_ahead=\`{{ div (sub (unixEpoch (toDate "${DATE}" .${label})) (unixEpoch now)) 86400 }}\``;
}

/** portlog's format of a time, as a layout of Go. */
export const DATE = '2006-01-02T15:04:05.000Z07:00';

function dateOf(filter: Filter | undefined): string | undefined {
  if (filter === undefined) return undefined;
  if ('daysAhead' in filter) return filter.field;
  return 'all' in filter ? filter.all.map(dateOf).find((field) => field !== undefined) : undefined;
}

/** `nmap.finding.exploit`; names with a hyphen are in brackets. */
function jsonPath(field: string): string {
  return field
    .split('.')
    .reduce((path, name) => (/^[A-Za-z_]\w*$/.test(name) ? `${path}${path === '' ? '' : '.'}${name}` : `${path}[\\"${name}\\"]`), '');
}
