import { INVENTORY } from '../event/event.ts';
import { DASHBOARDS } from './dashboards.ts';
import { NEWEST } from './lens.ts';
import type { ContentOptions } from './options.ts';
import { type OsdControls, type OsdDashboard, osdDashboards, type OsdObject, osdObject } from './osd-objects.ts';
import { type Dashboard, luceneOf } from './panel.ts';

const EVENTS = 'portlog-events';
const KNOWN = 'portlog-inventory';
const TIME = '@timestamp';

/** Index patterns, searches, visualisations and dashboards, as `POST /api/saved_objects/_import` takes them. */
export function opensearchObjects({ namespace = '*' }: ContentOptions): readonly OsdObject[] {
  return [
    osdObject('index-pattern', EVENTS, { title: `logs-nmap.*-${namespace}`, timeFieldName: TIME }),
    // Without a time field: what is open now may have changed long ago.
    osdObject('index-pattern', KNOWN, { title: `nmap-inventory-${namespace}` }),
    ...osdDashboards(DASHBOARDS.map(worded), CONTROLS),
  ];
}

const CONTROLS: OsdControls = {
  pattern: EVENTS,
  fields: [
    ['Site', 'nmap.site'],
    ['Zone', 'nmap.zone'],
    ['Host', 'server.address'],
  ],
};

function worded(dashboard: Dashboard): OsdDashboard {
  const panels = dashboard.panels.map(({ query, ...panel }) => {
    const isInventory = query.from === INVENTORY;
    return {
      ...panel,
      pattern: isInventory ? KNOWN : EVENTS,
      lucene: luceneOf(query),
      view: query.view,
      times: { newest: NEWEST[isInventory ? 'inventory' : 'events'], time: TIME },
    };
  });
  return { ...dashboard, panels };
}
