import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { finished, portlog, startPortlog, untilPrinted } from '../support/run-portlog.ts';
import { named } from '../support/story.ts';
import { type AlertmanagerServer, startAlertmanager } from './alertmanager.ts';
import { type Between, startBetween } from './between.ts';
import { heard, host, OPENED, Place, QUIET, ROUTE, settle, standing } from './alertmanager-place.ts';

let alertmanager: AlertmanagerServer;
beforeAll(async () => {
  alertmanager = await startAlertmanager(ROUTE);
}, 60_000);
afterAll(() => alertmanager.stop());

describe('whatever happens in between, an alert is sent once', () => {
  let between: Between;
  let url: string;
  beforeAll(async () => {
    between = await startBetween(alertmanager.url);
    ({ url } = between);
  });
  beforeEach(() => {
    between.onPost = undefined;
  });
  afterAll(() => between.stop());

  test('kill -9 after Alertmanager has taken it, before portlog knows', async () => {
    const place = new Place('killed', alertmanager);
    await place.ship([place.scan(3, QUIET)], url);
    const file = place.scan(1, OPENED);
    const child: ChildProcess = startPortlog(place.args(url, [file]));
    between.onPost = (_, response, body) => {
      // It arrives there, and the answer nowhere.
      void fetch(`${alertmanager.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(() => {
        child.kill('SIGKILL');
        response.destroy();
      });
      return 'answered';
    };
    expect((await finished(child)).code).toBeNull();
    between.onPost = undefined;
    await settle();
    expect(await place.ship([file], url)).toBe(0);
    await settle();
    expect(heard(alertmanager, 'killed')).toEqual(['firing new-open-port 192.0.2.10:7777']);
  }, 60_000);

  test('an outage: what happened meanwhile is sent afterwards, once each', async () => {
    const place = new Place('outage', alertmanager);
    await place.ship([place.scan(5, QUIET)], url);
    between.onPost = (_, response) => {
      response.writeHead(503).end('not ready');
      return 'answered';
    };
    expect(await place.ship([place.scan(3, [host('192.0.2.10', named(5555, 'freeciv')), host('192.0.2.20')])], url)).toBe(5);
    expect(await place.ship([place.scan(1, OPENED)], url)).toBe(5);
    between.onPost = undefined;
    expect((await portlog(['replay', '--state-dir', place.state])).code).toBe(0);
    await settle();
    const all = [
      'firing delivery-problem :',
      'firing new-open-port 192.0.2.10:5555',
      'firing new-open-port 192.0.2.10:7777',
      'resolved new-open-port 192.0.2.10:5555',
    ];
    expect(heard(alertmanager, 'outage')).toEqual(all);
    expect((await portlog(['replay', '--state-dir', place.state])).code).toBe(0);
    await settle();
    expect(heard(alertmanager, 'outage')).toEqual(all);
  }, 60_000);

  test('a restarted Alertmanager gets active alerts, and notifies nobody again', async () => {
    const place = new Place('restarted', alertmanager);
    await place.ship([place.scan(3, QUIET)]);
    await place.ship([place.scan(1, OPENED)]);
    await settle();
    await alertmanager.restart();
    expect((await standing(alertmanager)).filter(({ site }) => site === 'restarted')).toEqual([]);
    const watched = join(place.at, 'watched');
    mkdirSync(watched);
    const to = ['--to', `alertmanager=${alertmanager.url}`, '--site', place.site, '--state-dir', place.state];
    const watch = startPortlog(['watch', watched, '--poll-seconds', '0.2', ...to]);
    await untilPrinted(watch, 'stderr', 'watching');
    place.wake();
    for (let tries = 0; tries < 100 && !(await standing(alertmanager)).some(({ site }) => site === 'restarted'); tries++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await standing(alertmanager)).toContainEqual(expect.objectContaining({ rule: 'portlog-new-open-port', site: 'restarted' }));
    watch.kill('SIGINT');
    expect((await finished(watch)).code).toBe(0);
    await settle();
    expect(heard(alertmanager, 'restarted')).toEqual(['firing new-open-port 192.0.2.10:7777']);
  }, 60_000);
});
