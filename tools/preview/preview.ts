import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { askedOfEntries } from '../../test/alerts/grafana.ts';
import { shipHeadquarters } from '../../test/alerts/ship.ts';
import { PASSWORD, startElasticsearch } from '../../test/server/elasticsearch.ts';
import { startFakeLoki } from '../../test/support/fake-loki.ts';
import { freshDir, portlog } from '../../test/support/run-portlog.ts';
import { grafanaBoards } from './grafana.ts';
import { kibanaBoards } from './kibana.ts';
import { wazuhBoards } from './wazuh.ts';
import { type Board, DAYS, page } from './page.ts';

/*
 * Draws every dashboard from its committed file: `npm run preview`. Those of Kibana and Wazuh with what a real Elasticsearch answers, those of
 * Grafana with what test/alerts/little-loki.ts does. Neither Kibana nor Grafana is used, so it only shows
 * which panel is where, its order and colours, and which are empty.
 */

const OUT = process.argv[2] ?? '.preview';
/** Of the pixels of the page: what is still read, for a small file. */
const SCALE = 0.66;

const [elasticsearch, loki] = await Promise.all([startElasticsearch(), startFakeLoki()]);
try {
  const env = {
    PORTLOG_ELASTICSEARCH_USER: 'admin',
    PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD,
    PORTLOG_CA_FILE: elasticsearch.caFile,
    PORTLOG_LOKI_TENANT: 'fast',
  };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  const file = join(freshDir(), 'wazuh.ndjson');
  writeFileSync(file, '');
  await shipHeadquarters(['--to', `elasticsearch=${elasticsearch.url}`, '--to', `loki=${loki.url}`, '--to', `wazuh=${file}`], env);
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  mkdirSync(OUT, { recursive: true });
  const boards = [
    ...(await kibanaBoards(elasticsearch)),
    ...(await grafanaBoards(askedOfEntries(await loki.entries('fast')))),
    ...(await wazuhBoards(elasticsearch, file)),
  ];
  for (const board of boards) {
    const file = resolve(join(OUT, `${board.id}.html`));
    writeFileSync(file, page(board, DAYS));
    screenshot(file, board);
  }
} finally {
  await Promise.all([elasticsearch.stop(), loki.stop()]);
}

/** By a headless Chromium, if there is one. */
function screenshot(file: string, { rowHeight, widgets }: Board): void {
  const height = Math.max(...widgets.map(({ y, h }) => y + h)) * (rowHeight + 8) + 110;
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    `--force-device-scale-factor=${SCALE}`,
    `--window-size=1532,${height}`,
    `--screenshot=${file.replace(/html$/, 'png')}`,
    `file://${file}`,
  ];
  const { status } = spawnSync('chromium', args, { stdio: 'ignore', timeout: 60_000 });
  console.log(`${file}${status === 0 ? ' and .png' : ''}`);
}
