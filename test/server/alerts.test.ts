import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { shipStories, siteOf } from '../alerts/ship.ts';
import { page } from '../support/docs.ts';
import { portlog } from '../support/run-portlog.ts';
import { asked, named } from '../support/story.ts';
import { type AlertmanagerServer, startAlertmanager } from './alertmanager.ts';
import { heard, host, OPENED, Place, QUIET, ROUTE, settle } from './alertmanager-place.ts';

let alertmanager: AlertmanagerServer;
beforeAll(async () => {
  alertmanager = await startAlertmanager(ROUTE);
}, 60_000);
afterAll(() => alertmanager.stop());

describe('the stories', () => {
  beforeAll(async () => {
    await shipStories(['--to', `alertmanager=${alertmanager.url}`], {});
    await settle();
  }, 300_000);

  test.each(ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).map(({ id }) => [id]))(
    '%s reaches the webhook from its story, and not from the other',
    (id) => {
      const names = (kind: 'fires' | 'silent'): unknown[] =>
        alertmanager.received.filter(({ labels }) => labels['site'] === siteOf(id, kind)).map(({ labels }) => labels['rule']);
      expect(names('fires')).toContain(`portlog-${id}`);
      expect(names('silent')).not.toContain(`portlog-${id}`);
    },
  );

  test('each alert was sent once, with what people need', () => {
    const fired = alertmanager.received.filter(({ status }) => status === 'firing').map(({ labels }) => JSON.stringify(labels));
    expect(fired.length - new Set(fired).size).toBe(0);
    for (const { labels, annotations } of alertmanager.received) {
      expect(Object.keys(labels).length).toBeLessThanOrEqual(11);
      expect(annotations).toMatchObject({
        summary: expect.stringMatching(/\S/),
        message: expect.stringMatching(/\S/),
        runbook_url: expect.any(String),
      });
    }
  });
});

describe('a week of scans', () => {
  test('tells what came and what went, once each, and nothing of what stays', async () => {
    const place = new Place('week', alertmanager);
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
    expect(heard(alertmanager, 'week')).toEqual(
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
    expect(heard(alertmanager, 'week')).toHaveLength(8);
  }, 120_000);
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
  const place = new Place('grouped', alertmanager);
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
  ).toEqual([['New open port', ['192.0.2.10:7777', '192.0.2.10:8888', '192.0.2.10:9999']]]);
}, 60_000);

test('a missing scan is notified, and its arrival, too', async () => {
  const place = new Place('overdue', alertmanager);
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
  expect(heard(alertmanager, 'overdue')).toEqual(['firing scan-overdue :']);
  await place.ship([place.scan(0.01, QUIET)]);
  await settle();
  expect(heard(alertmanager, 'overdue')).toEqual(['firing scan-overdue :', 'resolved scan-overdue :']);
}, 60_000);

test('alerts about a host end when it is forgotten: nothing else would end them', async () => {
  const place = new Place('forgotten', alertmanager);
  await place.ship([place.scan(4, QUIET)]);
  await place.ship([place.scan(3, OPENED)]);
  await place.ship([place.scan(2, [{ ip: '192.0.2.10', down: true }, host('192.0.2.20')])]);
  await settle();
  const stands = ['firing host-missing 192.0.2.10:', 'firing new-open-port 192.0.2.10:7777'];
  expect(heard(alertmanager, 'forgotten')).toEqual(stands);
  const { stderr } = await portlog(['inventory', '--state-dir', place.state, '--forget', '--network', '192.0.2.10', '--yes']);
  expect(stderr).toContain('2 alerts about them have ended');
  await place.ship([place.scan(1, [{ ip: '192.0.2.10', down: true }, host('192.0.2.20')])]);
  await settle();
  expect(heard(alertmanager, 'forgotten')).toEqual([...stands, 'resolved host-missing 192.0.2.10:', 'resolved new-open-port 192.0.2.10:7777']);
}, 60_000);

test('the configuration of the page is one that Alertmanager takes', async () => {
  const [config = ''] = [...page('docs/how-to/alertmanager.md').matchAll(/^```yaml\n(route:[^]*?)^```/gm)].map(([, yaml]) => yaml);
  const other = await startAlertmanager(config);
  expect((await portlog(['check', '--to', `alertmanager=${other.url}`])).stdout).toMatch(/ok +Alertmanager \d+\.\d+/);
  await other.stop();
});

test('each member of a cluster has each alert, and one that is gone holds up nothing', async () => {
  const other = await startAlertmanager(ROUTE);
  const place = new Place('cluster', alertmanager);
  const both = `${alertmanager.url},${other.url}`;
  await place.ship([place.scan(3, QUIET)], both);
  await place.ship([place.scan(1, OPENED)], both);
  const has = async (url: string): Promise<boolean> => (await (await fetch(`${url}/api/v2/alerts`)).text()).includes('"site":"cluster"');
  expect([await has(alertmanager.url), await has(other.url)]).toEqual([true, true]);
  await other.stop();
  // One of them is gone, and nothing waits for it.
  expect(await place.ship([place.scan(0.1, QUIET)], both)).toBe(0);
  await settle();
  expect(heard(alertmanager, 'cluster')).toEqual(['firing new-open-port 192.0.2.10:7777', 'resolved new-open-port 192.0.2.10:7777']);
}, 60_000);
