import { type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { shipStories, siteOf } from '../alerts/ship.ts';
import { finished, freshDir, portlog, startPortlog, untilPrinted } from '../support/run-portlog.ts';
import { page } from '../support/docs.ts';
import { asked, named, scanOf, type StoryHost } from '../support/story.ts';
import { type AlertmanagerServer, startAlertmanager } from './alertmanager.ts';

/** Each alert in a message of its own but for the site `grouped`, soon, and told again only when it has ended meanwhile. */
const ROUTE = `
route:
  receiver: hook
  group_by: ['...']
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 24h
  routes:
    - { matchers: ['site="grouped"'], receiver: hook, group_by: [alertname, site] }
receivers:
  - { name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9095/', send_resolved: true }] }
`;
/** Longer than group_wait and two rounds of group_interval. */
const SETTLED_MS = 4000;

let alertmanager: AlertmanagerServer;
beforeAll(async () => {
  alertmanager = await startAlertmanager(ROUTE);
}, 60_000);
afterAll(() => alertmanager.stop());

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
/** `fired new-open-port 192.0.2.10:7777`, as the webhook heard it, of one site. */
function heard(site: string): string[] {
  return alertmanager.received
    .filter(({ labels }) => labels['site'] === site)
    .map(({ status, labels: { alertname, instance = '', port = '' } }) => `${status} ${alertname} ${[instance, port].join(':')}`)
    .sort();
}

async function standing(): Promise<readonly Readonly<Record<string, string>>[]> {
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`);
  return ((await answer.json()) as { labels: Record<string, string> }[]).map(({ labels }) => labels);
}

describe('the stories', () => {
  beforeAll(async () => {
    await shipStories(['--to', `alertmanager=${alertmanager.url}`], {});
    await settle();
  }, 300_000);

  test.each(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => [id]))(
    '%s reaches the webhook from its story, and not from the other',
    (id) => {
      const names = (kind: 'fires' | 'silent'): unknown[] =>
        alertmanager.received.filter(({ labels }) => labels['site'] === siteOf(id, kind)).map(({ labels }) => labels['alertname']);
      expect(names('fires')).toContain(id);
      expect(names('silent')).not.toContain(id);
    },
  );

  test('each alert was told once, with what people need', () => {
    const fired = alertmanager.received.filter(({ status }) => status === 'firing').map(({ labels }) => JSON.stringify(labels));
    expect(fired.length - new Set(fired).size).toBe(0);
    for (const { labels, annotations } of alertmanager.received) {
      expect(Object.keys(labels).length).toBeLessThanOrEqual(10);
      expect(annotations).toMatchObject({
        summary: expect.stringMatching(/\S/),
        message: expect.stringMatching(/\S/),
        runbook_url: expect.any(String),
      });
    }
  });
});

/** A place with a state of its own, and the scans that are shipped from it. */
class Place {
  readonly site: string;
  readonly at = freshDir();
  readonly state = join(this.at, 'state');
  private scans = 0;

  constructor(site: string) {
    this.site = site;
  }

  scan(daysAgo: number, hosts: readonly StoryHost[]): string {
    const file = join(this.at, `${this.scans++}.xml`);
    writeFileSync(file, scanOf({ daysAgo, hosts, options: 'nmap -v -sV -p 1-10000' }, Date.now()));
    return file;
  }

  args(url: string, files: readonly string[]): readonly string[] {
    return ['--to', `alertmanager=${url}`, '--site', this.site, '--state-dir', this.state, '--retry-for-seconds', '1', ...files];
  }

  async ship(files: readonly string[], url = alertmanager.url): Promise<number | null> {
    return (await portlog(this.args(url, files))).code;
  }

  /** As if so much time had passed since the sink looked last. */
  wake(): void {
    const database = Database.open(join(this.state, 'portlog.db'), SCHEMA_VERSIONS);
    database.run("UPDATE sink_memory SET text = '1' WHERE name = 'due'");
    database.run('UPDATE sink_upkeep SET due = 1');
    database.close();
  }
}

const WEB = asked(80, 'http', 'nginx', '1.26.0');
const host = (ip: string, ...more: readonly string[]): StoryHost => ({ ip, ports: [WEB, ...more] });
const QUIET = [host('192.0.2.10'), host('192.0.2.20')];
const OPENED = [host('192.0.2.10', named(7777, 'cbt')), host('192.0.2.20')];

describe('a week of scans', () => {
  test('tells what came and what went, once each, and nothing of what stays', async () => {
    const place = new Place('week');
    const days = [
      QUIET,
      QUIET,
      OPENED,
      OPENED,
      [host('192.0.2.10', named(7777, 'cbt')), { ip: '192.0.2.20', down: true }],
      [host('192.0.2.10', named(7777, 'cbt'), asked(23, 'telnet')), { ip: '192.0.2.20', down: true }],
      [host('192.0.2.10'), host('192.0.2.20')],
    ];
    for (const [day, hosts] of days.entries()) {
      expect(await place.ship([place.scan(7 - day, hosts)])).toBe(0);
      await settle();
    }
    expect(heard('week')).toEqual(
      [
        'firing new-open-port 192.0.2.10:7777',
        'firing host-missing 192.0.2.20:',
        'firing new-open-port 192.0.2.10:23',
        'firing cleartext-administration 192.0.2.10:23',
        'resolved new-open-port 192.0.2.10:7777',
        'resolved new-open-port 192.0.2.10:23',
        'resolved cleartext-administration 192.0.2.10:23',
        'resolved host-missing 192.0.2.20:',
      ].sort(),
    );
    // The same files again, and replay, add nothing.
    const again = await portlog([
      '--again',
      ...place.args(
        alertmanager.url,
        Array.from({ length: 7 }, (_, i) => join(place.at, `${i}.xml`)),
      ),
    ]);
    expect(again.code).toBe(0);
    await portlog(['replay', '--state-dir', place.state]);
    await settle();
    expect(heard('week')).toHaveLength(8);
  }, 120_000);
});

describe('whatever happens in between, an event is told once', () => {
  let proxy: Server;
  let onPost: ((request: IncomingMessage, response: ServerResponse, body: string) => 'forward' | 'answered') | undefined;
  let url: string;
  beforeAll(async () => {
    proxy = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on(
        'end',
        () =>
          void (async () => {
            if (request.method === 'POST' && onPost?.(request, response, body) === 'answered') return;
            const { method = 'GET' } = request;
            const answer = await fetch(alertmanager.url + request.url, {
              method,
              headers: { 'content-type': 'application/json' },
              ...(method === 'POST' ? { body } : {}),
            });
            response.writeHead(answer.status).end(await answer.text());
          })(),
      );
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    onPost = undefined;
  });
  afterAll(() => {
    proxy.closeAllConnections();
    proxy.close();
  });

  test('kill -9 after Alertmanager has taken it, before portlog knows', async () => {
    const place = new Place('killed');
    await place.ship([place.scan(3, QUIET)], url);
    const file = place.scan(1, OPENED);
    const child: ChildProcess = startPortlog(place.args(url, [file]));
    onPost = (_, response, body) => {
      // It arrives there, and the answer nowhere.
      void fetch(`${alertmanager.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(() => {
        child.kill('SIGKILL');
        response.destroy();
      });
      return 'answered';
    };
    expect((await finished(child)).code).toBeNull();
    onPost = undefined;
    await settle();
    expect(await place.ship([file], url)).toBe(0);
    await settle();
    expect(heard('killed')).toEqual(['firing new-open-port 192.0.2.10:7777']);
  }, 60_000);

  test('an outage: what came and went meanwhile is told when it is over, once each', async () => {
    const place = new Place('outage');
    await place.ship([place.scan(5, QUIET)], url);
    onPost = (_, response) => {
      response.writeHead(503).end('not ready');
      return 'answered';
    };
    expect(await place.ship([place.scan(3, [host('192.0.2.10', named(5555, 'freeciv')), host('192.0.2.20')])], url)).toBe(5);
    expect(await place.ship([place.scan(1, OPENED)], url)).toBe(5);
    onPost = undefined;
    expect((await portlog(['replay', '--state-dir', place.state])).code).toBe(0);
    await settle();
    const all = [
      'firing delivery-problem :',
      'firing new-open-port 192.0.2.10:5555',
      'firing new-open-port 192.0.2.10:7777',
      'resolved new-open-port 192.0.2.10:5555',
    ];
    expect(heard('outage')).toEqual(all);
    expect((await portlog(['replay', '--state-dir', place.state])).code).toBe(0);
    await settle();
    expect(heard('outage')).toEqual(all);
  }, 60_000);

  test('an Alertmanager that was started anew hears what stands, and tells nobody again', async () => {
    const place = new Place('restarted');
    await place.ship([place.scan(3, QUIET)]);
    await place.ship([place.scan(1, OPENED)]);
    await settle();
    await alertmanager.restart();
    expect((await standing()).filter(({ site }) => site === 'restarted')).toEqual([]);
    const watched = join(place.at, 'watched');
    mkdirSync(watched);
    const to = ['--to', `alertmanager=${alertmanager.url}`, '--site', place.site, '--state-dir', place.state];
    const watch = startPortlog(['watch', watched, '--poll-seconds', '0.2', ...to]);
    await untilPrinted(watch, 'stderr', 'watching');
    place.wake();
    for (let tries = 0; tries < 100 && !(await standing()).some(({ site }) => site === 'restarted'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await standing()).toContainEqual(expect.objectContaining({ alertname: 'new-open-port', site: 'restarted' }));
    watch.kill('SIGINT');
    expect((await finished(watch)).code).toBe(0);
    await settle();
    expect(heard('restarted')).toEqual(['firing new-open-port 192.0.2.10:7777']);
  }, 60_000);
});

test('a silence is kept to, and a group comes in one message', async () => {
  const silence = {
    matchers: [
      { name: 'instance', value: '192.0.2.20', isRegex: false, isEqual: true },
      { name: 'site', value: 'grouped', isRegex: false, isEqual: true },
    ],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: 'a test',
    comment: 'known',
  };
  const answer = await fetch(`${alertmanager.url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(silence),
  });
  expect(answer.status).toBe(200);
  const place = new Place('grouped');
  await place.ship([place.scan(3, QUIET)]);
  const more = [named(7777, 'cbt'), named(8888, 'sun-answerbook'), named(9999, 'abyss')];
  await place.ship([place.scan(1, [host('192.0.2.10', ...more), host('192.0.2.20', ...more)])]);
  await settle();
  const messages = alertmanager.notifications.filter(({ groupLabels }) => groupLabels['site'] === 'grouped');
  expect(
    messages.map(({ groupLabels, alerts }) => [
      groupLabels['alertname'],
      alerts.map(({ labels }) => `${labels['instance']}:${labels['port']}`).sort(),
    ]),
  ).toEqual([['new-open-port', ['192.0.2.10:7777', '192.0.2.10:8888', '192.0.2.10:9999']]]);
}, 60_000);

test('a scan that does not come is told, and its coming, too', async () => {
  const place = new Place('overdue');
  await place.ship([place.scan(3, QUIET)]);
  const database = Database.open(join(place.state, 'portlog.db'), SCHEMA_VERSIONS);
  const sites = database.all("SELECT name, text FROM sink_memory WHERE name LIKE 'site %'");
  expect(sites.map(({ name }) => name)).toEqual(['site overdue']);
  const { ended } = JSON.parse(sites[0]!['text'] as string) as { ended: number };
  database.run("UPDATE sink_memory SET text = ? WHERE name = 'site overdue'", JSON.stringify({ ended, heard: Date.now() - 27 * 3_600_000 }));
  database.close();
  place.wake();
  const watched = join(place.at, 'watched');
  mkdirSync(watched);
  const to = ['--to', `alertmanager=${alertmanager.url}`, '--site', place.site, '--state-dir', place.state];
  await portlog(['watch', watched, '--once', ...to]);
  await settle();
  expect(heard('overdue')).toEqual(['firing scan-overdue :']);
  await place.ship([place.scan(0.01, QUIET)]);
  await settle();
  expect(heard('overdue')).toEqual(['firing scan-overdue :', 'resolved scan-overdue :']);
}, 60_000);

test('the configuration of the page is one that Alertmanager takes', async () => {
  const [config = ''] = [...page('docs/how-to/alertmanager.md').matchAll(/^```yaml\n(route:[^]*?)^```/gm)].map(([, yaml]) => yaml);
  const other = await startAlertmanager(config);
  expect((await portlog(['check', '--to', `alertmanager=${other.url}`])).stdout).toMatch(/ok +Alertmanager \d+\.\d+/);
  await other.stop();
});

test('each member of a cluster has each alert, and one that is gone holds up nothing', async () => {
  const other = await startAlertmanager(ROUTE);
  const place = new Place('cluster');
  const both = `${alertmanager.url},${other.url}`;
  await place.ship([place.scan(3, QUIET)], both);
  await place.ship([place.scan(1, OPENED)], both);
  const has = async (url: string): Promise<boolean> => (await (await fetch(`${url}/api/v2/alerts`)).text()).includes('"site":"cluster"');
  expect([await has(alertmanager.url), await has(other.url)]).toEqual([true, true]);
  await other.stop();
  // One of them is gone, and nothing waits for it.
  expect(await place.ship([place.scan(0.1, QUIET)], both)).toBe(0);
  await settle();
  expect(heard('cluster')).toEqual(['firing new-open-port 192.0.2.10:7777', 'resolved new-open-port 192.0.2.10:7777']);
}, 60_000);
