import { readFileSync } from 'node:fs';
import { type RenderedPanel, rowsOf } from '../../test/alerts/kibana.ts';
import { osdPanelsOf, readOsdObjects } from '../../test/alerts/osd.ts';
import { HEADQUARTERS_SITE } from '../../test/alerts/ship.ts';
import { storeWazuhAlerts } from '../../test/alerts/wazuh-alerts.ts';
import type { ElasticsearchServer } from '../../test/server/elasticsearch.ts';
import { kibanaBody } from './kibana.ts';
import { type Board, DAYS, HOST } from './page.ts';

const HOST_BOARD = 'portlog-wazuh-host';

/** Wazuh's dashboards, with the alerts that its manager would raise, in an Elasticsearch. `file`: what the sink has written. */
export async function wazuhBoards(server: ElasticsearchServer, file: string): Promise<readonly Board[]> {
  await storeWazuhAlerts(server, readFileSync(file, 'utf8').trim().split('\n'));
  const objects = readOsdObjects('dashboards/wazuh/portlog.ndjson');
  const boards = Map.groupBy(osdPanelsOf(objects), ({ dashboard }) => dashboard);
  return Promise.all(
    [...boards].map(async ([id, panels]) => ({
      id: `wazuh-${id}`,
      title: String(objects.find((one) => one.type === 'dashboard' && one.id === id)?.attributes.title),
      filters: filtersOf(id),
      columns: 48,
      rowHeight: 16,
      widgets: await Promise.all(panels.map((panel) => widgetOf(server, panel))),
    })),
  );
}

function filtersOf(board: string): readonly string[] {
  return ['Site', 'Zone', 'Network', 'Severity', 'Host'].map((name) => `${name}: ${board === HOST_BOARD && name === 'Host' ? HOST : 'Any'}`);
}

async function widgetOf(server: ElasticsearchServer, panel: RenderedPanel): Promise<Board['widgets'][number]> {
  const one = panel.dashboard === HOST_BOARD ? ` AND data.server.address:"${HOST}"` : '';
  const rows = await rowsOf(server, panel, `data.nmap.site:"${HEADQUARTERS_SITE}"${one}`, DAYS);
  const { x, y, w, h } = panel.grid;
  return { title: panel.title, about: '', x, y: y - 5, w, h, body: kibanaBody(panel, rows) };
}
