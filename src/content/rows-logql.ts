import { all, any, type Filter, is } from '../alert/filter.ts';
import { labelOf, logqlStages, selector } from './logql.ts';
import { fieldsShown, type Query } from './panel.ts';

/** The field that identifies a host, port or finding in all events about it. */
export const ENTITY_FIELD = 'nmap.entity.id';
export const SEEN = '@timestamp';
export const ACTION = 'event.action';
const CHANGES = 'nmap.change';
const OF_HOSTS: ReadonlySet<string> = new Set(['nmap.host', 'nmap.port', 'nmap.finding', CHANGES]);

/**
 * The filters of a dashboard as stages of a pipeline. Grafana fills `$zone`, `$network`, `$address` and `$level` with regular expressions;
 * `.*` also matches entries without the label.
 */
export function filterStages(from: string): string {
  if (!OF_HOSTS.has(from)) return '';
  const address = from === 'nmap.host' ? labelOf('host.ip') : labelOf('server.address');
  const place = ` | nmap_zone=~\`$zone\` | nmap_network=~\`$network\` | ${address}=~\`$address\``;
  // Changes are not filtered by level, because the change that ends a weakness is needed to hide it.
  return from === 'nmap.finding' ? `${place} | nmap_finding_level=~\`$level\` or dataset=\`${CHANGES}\`` : place;
}

/** Every field that the rows of a list or a table are made of. */
export function rowFields({ view, newestUntil }: Query): readonly string[] {
  return [...new Set([...fieldsShown(view), ...(newestUntil === undefined ? [] : [ENTITY_FIELD, SEEN, ACTION])])];
}

/** A log query for the rows of a table: entries have only the shown fields as labels, and the event's message as their line. */
export function rowsExpr(query: Query, site: string): string {
  const { from, newestUntil } = query;
  const labels = rowFields(query);
  const streams = selector(newestUntil === undefined ? from : [from, CHANGES], [site]);
  const stages = logqlStages(filterOf(query), [...labels, 'message']);
  return `${streams}${filterStages(from)}${stages} | line_format \`{{ .message }}\` | keep ${labels.map(labelOf).join(', ')}`;
}

/** The wanted events, and the changes that end them. */
function filterOf({ from, where, newestUntil }: Query): Filter | undefined {
  if (newestUntil === undefined) return where;
  const own = is('data_stream.dataset', from);
  return any(where === undefined ? own : all(own, where), all(is('data_stream.dataset', CHANGES), is(ACTION, ...newestUntil)));
}
