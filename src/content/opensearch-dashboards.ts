import { INVENTORY } from '../event/event.ts';
import { CONTROLS, DASHBOARDS } from './dashboards.ts';
import type { ContentOptions } from './options.ts';
import { type OsdDashboard, osdDashboards, type OsdObject, osdObject } from './osd-objects.ts';
import { type Dashboard, luceneOf, newestBy } from './panel.ts';

const EVENTS = 'portlog-events';
const KNOWN = 'portlog-inventory';
const TIME = '@timestamp';

/** Index patterns, searches, visualisations and dashboards, as `POST /api/saved_objects/_import` takes them. */
export function opensearchObjects({ namespace = '*' }: ContentOptions): readonly OsdObject[] {
  return [
    osdObject('index-pattern', EVENTS, { title: `logs-nmap.*-${namespace}`, timeFieldName: TIME }),
    // Without a time field: what is open now may have changed long ago.
    osdObject('index-pattern', KNOWN, { title: `nmap-inventory-${namespace}` }),
    ...osdDashboards(DASHBOARDS.map(worded), { pattern: EVENTS, fields: CONTROLS }),
  ];
}

function worded(dashboard: Dashboard): OsdDashboard {
  const panels = dashboard.panels.map(({ query, ...panel }) => ({
    ...panel,
    pattern: query.from === INVENTORY ? KNOWN : EVENTS,
    lucene: luceneOf(query),
    view: query.view,
    times: { newest: newestBy(query), time: TIME },
  }));
  return { ...dashboard, panels };
}
