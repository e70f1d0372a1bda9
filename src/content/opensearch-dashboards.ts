import { INVENTORY } from '../event/event.ts';
import { DASHBOARDS } from './dashboards.ts';
import { EVENTS, fieldFormats, KNOWN, patterns } from './data-views.ts';
import type { ContentOptions } from './options.ts';
import { type OsdDashboard, osdDashboards, type OsdObject, osdObject } from './osd-objects.ts';
import { type Dashboard, luceneOf, newestBy } from './panel.ts';

const TIME = '@timestamp';

/** Index patterns, searches, visualisations and dashboards, as `POST /api/saved_objects/_import` takes them. */
export function opensearchObjects(options: ContentOptions): readonly OsdObject[] {
  const known = patterns(options);
  const fieldFormatMap = fieldFormats();
  return [
    osdObject('index-pattern', EVENTS, { ...known[EVENTS], fieldFormatMap }),
    osdObject('index-pattern', KNOWN, { ...known[KNOWN], fieldFormatMap }),
    ...osdDashboards(DASHBOARDS.map(withTexts)),
  ];
}

function withTexts(dashboard: Dashboard): OsdDashboard {
  const panels = dashboard.panels.map(({ query, ...panel }) => ({
    ...panel,
    pattern: query.from === INVENTORY ? KNOWN : EVENTS,
    lucene: luceneOf(query),
    view: query.view,
    times: { newest: newestBy(query), time: TIME },
  }));
  const controls = dashboard.controls.map(({ title, field, from }) => ({ title, field, pattern: from === 'events' ? EVENTS : KNOWN }));
  return { ...dashboard, panels, controls };
}
