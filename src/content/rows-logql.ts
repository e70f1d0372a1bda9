import { all, any, type Filter, is } from '../alert/filter.ts';
import { labelOf, logqlStages, selector } from './logql.ts';
import { fieldsShown, type Query } from './panel.ts';

/** What tells things apart, in every event about them. */
export const ENTITY_FIELD = 'nmap.entity.id';
export const SEEN = '@timestamp';
export const ACTION = 'event.action';
const CHANGES = 'nmap.change';
const OF_HOSTS: ReadonlySet<string> = new Set(['nmap.host', 'nmap.port', 'nmap.finding', CHANGES]);

/**
 * What the dashboard is filtered by, as stages of a pipeline: Grafana fills `$zone`, `$network`, `$address` and `$level` with regular
 * expressions, which match what has no such label where they are `.*`.
 */
export function filterStages(from: string): string {
  if (!OF_HOSTS.has(from)) return '';
  const address = from === 'nmap.host' ? labelOf('host.ip') : labelOf('server.address');
  const place = ` | nmap_zone=~\`$zone\` | nmap_network=~\`$network\` | ${address}=~\`$address\``;
  // A change that ends a weakness is not left out, or it would not end.
  return from === 'nmap.finding' ? `${place} | nmap_finding_level=~\`$level\` or dataset=\`${CHANGES}\`` : place;
}

/** Every field that the rows of a list or a table are made of. */
export function rowFields({ view, newestUntil }: Query): readonly string[] {
  return [...new Set([...fieldsShown(view), ...(newestUntil === undefined ? [] : [ENTITY_FIELD, SEEN, ACTION])])];
}

/** A log query whose entries carry what a table shows as labels, and nothing else; their lines are their sentences. */
export function rowsExpr(query: Query, site: string): string {
  const { from, newestUntil } = query;
  const labels = rowFields(query);
  const streams = selector(newestUntil === undefined ? from : [from, CHANGES], [site]);
  const stages = logqlStages(filterOf(query), [...labels, 'message']);
  return `${streams}${filterStages(from)}${stages} | line_format \`{{ .message }}\` | keep ${labels.map(labelOf).join(', ')}`;
}

/** What is asked for, and the changes after which it is over. */
function filterOf({ from, where, newestUntil }: Query): Filter | undefined {
  if (newestUntil === undefined) return where;
  const own = is('data_stream.dataset', from);
  return any(where === undefined ? own : all(own, where), all(is('data_stream.dataset', CHANGES), is(ACTION, ...newestUntil)));
}
