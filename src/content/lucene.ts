import { type Filter, isCompound } from '../alert/filter.ts';

/**
 * A filter in Lucene's query syntax, which Kibana, Elasticsearch and OpenSearch all run unchanged.
 * https://www.elastic.co/docs/reference/query-languages/query-dsl/query-dsl-query-string-query#query-string-syntax
 */
export function lucene(filter: Filter): string {
  if ('all' in filter) return filter.all.map(inParentheses).join(' AND ');
  if ('any' in filter) return filter.any.map(inParentheses).join(' OR ');
  if ('is' in filter) {
    const [first = '', ...others] = filter.is.map(quoted);
    return others.length === 0 ? `${filter.field}:${first}` : `${filter.field}:(${[first, ...others].join(' OR ')})`;
  }
  if ('isNot' in filter) return `NOT ${filter.field}:${quoted(filter.isNot)}`;
  if ('atLeast' in filter) return `${filter.field}:>=${filter.atLeast}`;
  if ('exists' in filter) return `_exists_:${filter.field}`;
  const { from, to } = filter.daysAhead;
  return `${filter.field}:[${from === undefined ? '*' : dayMath(from)} TO ${to === undefined ? '*' : dayMath(to)}}`;
}

function inParentheses(filter: Filter): string {
  return isCompound(filter) ? `(${lucene(filter)})` : lucene(filter);
}

/** A word without quotes where it has no other meaning in the syntax. */
function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /^[a-z0-9_.]+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

function dayMath(days: number): string {
  return days === 0 ? 'now' : `now${days < 0 ? '' : '+'}${days}d`;
}
