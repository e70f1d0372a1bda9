import { COLUMN_NAMES } from './column-names.ts';
import { HOST_DASHBOARD, HOST_FIELD, hostPath } from './host-link.ts';
import { LEVEL_COLOURS, LEVELS } from './levels.ts';
import type { ContentOptions } from './options.ts';

/** The ids of what panels read: a data view of Kibana, an index pattern of OpenSearch Dashboards. */
export const EVENTS = 'portlog-events';
export const KNOWN = 'portlog-inventory';

/** Index patterns with their time fields. The inventory has no time field, because what is open now may have changed long ago. */
export function patterns({
  namespace = '*',
}: ContentOptions): Readonly<Record<typeof EVENTS | typeof KNOWN, { title: string; timeFieldName?: string }>> {
  return { [EVENTS]: { title: `logs-nmap.*-${namespace}`, timeFieldName: '@timestamp' }, [KNOWN]: { title: `nmap-inventory-${namespace}` } };
}

/** The dashboard of a host, the field that it is filtered by, and fields with levels. */
interface Formatted {
  readonly dashboard: string;
  readonly field: string;
  readonly levels: readonly string[];
}

const EVENT_FIELDS: Formatted = { dashboard: HOST_DASHBOARD, field: HOST_FIELD, levels: ['nmap.finding.level', 'nmap.inventory.level'] };

/**
 * How values are shown wherever a table has them: an address leads to the dashboard of its host, and a level has its colour. Kibana
 * and OpenSearch Dashboards agree on the form: src/plugins/data/common/field_formats/converters/{url,color}.ts of the latter.
 */
export function fieldFormats({ dashboard, field, levels }: Formatted = EVENT_FIELDS): string {
  const urlTemplate = hostPath('{{value}}', { dashboard, field });
  const host = { id: 'url', params: { type: 'a', urlTemplate, labelTemplate: '{{value}}', openLinkInCurrentTab: true } };
  const colors = LEVELS.map((level) => ({ range: '-Infinity:Infinity', regex: `^${level}$`, text: '#FFFFFF', background: LEVEL_COLOURS[level] }));
  const level = { id: 'color', params: { fieldType: 'string', colors } };
  return JSON.stringify({ [field]: host, ...Object.fromEntries(levels.map((name) => [name, level])) });
}

/** Headings of columns, which only Kibana can set. */
export function fieldNames(): string {
  return JSON.stringify(Object.fromEntries(Object.entries(COLUMN_NAMES).map(([field, customLabel]) => [field, { customLabel }])));
}
