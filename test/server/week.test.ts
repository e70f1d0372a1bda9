import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { finished, portlog, startPortlog } from '../support/run-portlog.ts';
import { asked, named, type StoryHost } from '../support/story.ts';
import { type AlertmanagerServer, startAlertmanager } from './alertmanager.ts';
import { type Between, startBetween } from './between.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { Place, ROUTE, settle } from './alertmanager-place.ts';

/*
 * A free Elasticsearch with Alertmanager beside it, over a week of nightly scans, with all that happens in a week: the webhook behind
 * Alertmanager hears the right things, each once, and nothing else; and Elasticsearch has each event once.
 */

const SITE = 'office';
let elasticsearch: ElasticsearchServer;
let alertmanager: AlertmanagerServer;
let between: Between;
let place: Place;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  [elasticsearch, alertmanager] = await Promise.all([startElasticsearch(), startAlertmanager(ROUTE)]);
  between = await startBetween(alertmanager.url);
  env = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: elasticsearch.caFile };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  place = new Place(SITE, between, { to: [`elasticsearch=${elasticsearch.url}`], env });
}, 300_000);
afterAll(async () => {
  between.stop();
  await Promise.all([elasticsearch.stop(), alertmanager.stop()]);
});

let told = 0;
/** What the webhook has heard since it was asked last. */
async function news(): Promise<readonly string[]> {
  await settle();
  const some = alertmanager.received.slice(told);
  told = alertmanager.received.length;
  return some
    .map(
      ({ status, labels: { rule = '', instance = '', port = '', sink = '' } }) =>
        `${status} ${rule.replace('portlog-', '')} ${sink === '' ? [instance, port].join(':') : (sink.split(' ')[0] ?? '')}`,
    )
    .sort();
}

async function ship(files: readonly string[], code: number, ...more: readonly string[]): Promise<void> {
  const ended = await portlog([...more, ...place.args(between.url, files)], { env });
  expect(ended.code, ended.stderr).toBe(code);
}

const WEB = asked(80, 'http', 'nginx', '1.26.0');
const TELNET = asked(23, 'telnet');
const desk = (...more: readonly string[]): StoryHost => ({ ip: '192.0.2.10', name: 'desk.example.net', ports: [WEB, ...more] });
const shop = (version = '1.26.0'): StoryHost => ({ ip: '192.0.2.20', name: 'shop.example.net', ports: [asked(80, 'http', 'nginx', version)] });
const SHOP_DOWN: StoryHost = { ip: '192.0.2.20', down: true };
const GAME = named(7777, 'cbt');

test('a week of scans', { timeout: 600_000 }, async () => {
  // The first night is the baseline: nothing of it is news. Nor is a night like the one before, nor the same scan again.
  await ship([place.scan(7, [desk(), shop()])], 0);
  expect(await news()).toEqual([]);
  await ship([place.scan(6, [desk(), shop()])], 0);
  await ship([place.files[0]!], 0);
  expect(await news()).toEqual([]);

  // A port opens, and portlog is killed when Alertmanager has taken the alert and portlog does not know it yet.
  const opened = place.scan(5, [desk(GAME), shop()]);
  const child: ChildProcess = startPortlog(place.args(between.url, [opened]), { env });
  between.onPost = (_, response, body) => {
    void fetch(`${alertmanager.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(() => {
      child.kill('SIGKILL');
      response.destroy();
    });
    return 'answered';
  };
  expect((await finished(child)).code).toBeNull();
  between.onPost = undefined;
  await ship([opened], 0);
  expect(await news()).toEqual(['firing new-open-port 192.0.2.10:7777']);

  // Elasticsearch is down all night: what happened is told all the same, and that it is down.
  await elasticsearch.halt();
  await ship([place.scan(4, [desk(GAME), SHOP_DOWN])], 5);
  expect(await news()).toEqual(['firing delivery-problem elasticsearch', 'firing host-missing 192.0.2.20:']);
  await elasticsearch.resume();

  // Alertmanager is down all night: what happened waits.
  between.onPost = (_, response) => {
    response.writeHead(503).end('not ready');
    return 'answered';
  };
  await ship([place.scan(3, [desk(GAME, TELNET), SHOP_DOWN])], 5);
  expect(await news()).toEqual([]);
  between.onPost = undefined;

  // The next scan is cut short, and closes what it has looked at.
  await ship([place.scan(2, [desk(TELNET)], { end: 'cut' })], 1);
  expect(await news()).toEqual([
    'firing cleartext-administration 192.0.2.10:23',
    'firing delivery-problem alertmanager',
    'firing new-open-port 192.0.2.10:23',
    'firing scan-failed :',
    'resolved new-open-port 192.0.2.10:7777',
  ]);

  // All is mended, one host is back with another version, and there is a new one.
  await ship([place.scan(1, [desk(), shop('1.28.0'), { ip: '192.0.2.30', ports: [WEB] }])], 0);
  expect(await news()).toEqual([
    'firing new-host 192.0.2.30:',
    'firing service-changed 192.0.2.20:80',
    'resolved cleartext-administration 192.0.2.10:23',
    'resolved host-missing 192.0.2.20:',
    'resolved new-open-port 192.0.2.10:23',
  ]);

  // The whole week again, and whatever may still wait: nothing is told a second time.
  await ship(place.files, 1, '--again');
  expect((await portlog(['replay', '--state-dir', place.state], { env })).code).toBe(0);
  expect(await news()).toEqual([]);
});

test('and Elasticsearch has each event of it once, with what is open now', async () => {
  await elasticsearch.ask('POST', '/logs-nmap.*,nmap-inventory-*/_refresh');
  const { body } = await elasticsearch.ask('POST', '/logs-nmap.change-*/_search', {
    size: 0,
    query: { term: { 'nmap.site': SITE } },
    aggs: { actions: { terms: { field: 'event.action', size: 50 } } },
  });
  const counts = body.aggregations.actions.buckets.map(({ key, doc_count: count }: { key: string; doc_count: number }) => `${key} ${count}`);
  expect(counts.toSorted()).toEqual([
    'baseline 1',
    'finding-opened 1',
    'finding-resolved 1',
    'host-back 1',
    'host-missing 1',
    'host-new 1',
    'port-closed 2',
    'port-opened 2',
    'service-changed 1',
  ]);
  const open = await elasticsearch.ask('POST', '/nmap-inventory-*/_search', {
    size: 100,
    query: {
      bool: { filter: [{ term: { 'nmap.site': SITE } }, { term: { 'nmap.inventory.kind': 'port' } }, { term: { 'nmap.inventory.state': 'open' } }] },
    },
  });
  const ports = open.body.hits.hits.map(
    ({ _source: { server } }: { _source: { server: { address: string; port: number } } }) => `${server.address}:${server.port}`,
  );
  expect(ports.toSorted()).toEqual(['192.0.2.10:80', '192.0.2.20:80', '192.0.2.30:80']);
});
