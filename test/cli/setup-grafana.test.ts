import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeServer } from '../support/fake-server.ts';
import { answer, type Seen } from '../support/scripted-server.ts';
import { setup, RULE_COUNT, KEPT, FORCE, FORCE_REMOVAL } from '../support/set-up.ts';

describe('portlog setup grafana', () => {
  let grafana: FakeGrafana;
  let url: string;
  beforeEach(async () => {
    grafana = new FakeGrafana();
    url = await grafana.start();
  });
  afterEach(() => grafana.stop());

  test.each(['13.0.1', '10.4.0'])('installs folder, dashboards and rules into %s; again, it changes nothing', async (version) => {
    grafana.version = version;
    const { said, code } = await setup('grafana', url);
    expect(code).toBe(0);
    expect(said).toEqual([
      'created folder portlog',
      'created dashboard "portlog: What changed"',
      'created dashboard "portlog: Exposure now"',
      'created dashboard "portlog: Scan health"',
      'created dashboard "portlog: Host"',
      'created dashboard "portlog: Weaknesses"',
      `created ${RULE_COUNT} alert rules`,
    ]);
    const { dashboard, folderUid } = grafana.dashboards.get('portlog-health')!;
    expect(folderUid).toBe('portlog');
    expect(dashboard.templating.list[0].current).toEqual({ text: 'Loki of the company', value: 'loki' });
    grafana.actions.length = 0;
    const again = await setup('grafana', url);
    expect(new Set(again.said.map((line) => line.split(' ')[0]))).toEqual(new Set(['unchanged:']));
    expect(grafana.actions).toEqual([]);
  });

  test('a dashboard that somebody has saved since is left; the rules follow the options', async () => {
    await setup('grafana', url);
    grafana.dashboards.get('portlog-health')!.messages.unshift('a panel of mine');
    const { said, code } = await setup('grafana', url, '--zone', 'dmz');
    expect(code).toBe(1);
    expect(said.filter((line) => !line.startsWith('unchanged:'))).toEqual([
      `${KEPT} dashboard "portlog: Scan health"`,
      `updated ${RULE_COUNT} alert rules`,
      FORCE,
    ]);
    expect(grafana.group.rules[0].data[0].model.expr).toMatch(/event_action=`port-opened`.* and nmap_zone=`dmz`/);
    expect((await setup('grafana', url, '--zone', 'dmz', '--force')).code).toBe(0);
  });

  test('credentials that are refused are named by what holds them', async () => {
    const closed = new LockedServer();
    const { said, code } = await setup('grafana', await closed.start());
    await closed.stop();
    expect([code, said.at(-1)]).toEqual([2, '  → the token (PORTLOG_GRAFANA_BEARER) is wrong, expired, or of another server']);
  });

  test.each(['kibana', 'opensearch-dashboards', 'wazuh-dashboard'])('without credentials, the hint names the variables of %s', async (target) => {
    const closed = new LockedServer();
    const { said, code } = await setup(target, await closed.start());
    await closed.stop();
    expect([code, said.at(-1)]).toEqual([
      2,
      `  → set the credentials: PORTLOG_${target.toUpperCase().replaceAll('-', '_')}_USER and _PASSWORD, _API_KEY or _BEARER`,
    ]);
  });

  test('a data source that is not there, or is no Loki, is said with those that are', async () => {
    for (const uid of ['nope', 'prom']) {
      const { said, code } = await setup('grafana', url, '--loki-uid', uid);
      expect([code, ...said]).toEqual([
        2,
        `Grafana has no Loki data source with the uid "${uid}"`,
        '  → name one with --loki-uid: loki (Loki of the company)',
      ]);
    }
    expect(grafana.actions).toEqual([]);
  });

  test('--remove', async () => {
    await setup('grafana', url);
    const { said } = await setup('grafana', url, '--remove');
    expect(said).toHaveLength(7);
    expect([grafana.group, grafana.dashboards.size, grafana.folders.size]).toEqual([undefined, 0, 0]);
  });
});

describe('portlog setup grafana --remove', () => {
  let grafana: FakeGrafana;
  let url: string;
  beforeEach(async () => {
    grafana = new FakeGrafana();
    url = await grafana.start();
    await setup('grafana', url);
  });
  afterEach(() => grafana.stop());
  const foreign = (title: string, folderUid: string): void =>
    void grafana.dashboards.set(title, { dashboard: { uid: title, title }, folderUid, messages: ['mine'] });

  test('a folder with dashboards of somebody else stays with them, even with --force', async () => {
    foreign('Ports of Alice', 'portlog');
    foreign('Elsewhere', 'other');
    for (const force of [[], ['--force']]) {
      const { said, code } = await setup('grafana', url, '--remove', ...force);
      expect([code, said.at(-2)]).toEqual([1, 'stays: folder portlog, in which there is "Ports of Alice"']);
      expect(said.at(-1)).toContain('Grafana deletes a folder with all that is in it');
      expect([[...grafana.dashboards.keys()], grafana.folders.size]).toEqual([['Ports of Alice', 'Elsewhere'], 1]);
    }
  });

  test('nor does it go with an alert rule or a library panel in it', async () => {
    grafana.otherRules.push({ uid: 'a', title: 'Mine', folderUID: 'portlog' }, { uid: 'b', title: 'Other', folderUID: 'other' });
    grafana.panels.push({ uid: 'c', name: 'Panel', meta: { folderUid: 'portlog' } });
    const { said } = await setup('grafana', url, '--remove');
    expect(said).toContain('stays: folder portlog, in which there is the alert rule "Mine", and 1 more item');
    expect(grafana.folders.size).toBe(1);
  });

  test('a dashboard, and rules, that somebody has made or changed stay, unless forced', async () => {
    grafana.dashboards.get('portlog-health')!.messages.unshift('a panel of mine');
    grafana.group.rules.push({ uid: 'mine', title: 'Mine', annotations: {}, folderUID: 'portlog' });
    const { said, code } = await setup('grafana', url, '--remove');
    expect([code, said.filter((line) => !line.startsWith('removed '))]).toEqual([
      1,
      [
        `${KEPT} alert rules`,
        `${KEPT} dashboard "portlog: Scan health"`,
        expect.stringMatching(/^stays: folder portlog, in which there is "portlog: Scan health", and \d+ more items$/),
        FORCE_REMOVAL,
        expect.any(String),
      ],
    ]);
    expect([...grafana.dashboards.keys()]).toEqual(['portlog-health']);
    expect((await setup('grafana', url, '--remove', '--force')).code).toBe(0);
    expect([grafana.group, grafana.dashboards.size, grafana.folders.size]).toEqual([undefined, 0, 0]);
  });
});

/** It lets nobody in. */
class LockedServer extends FakeServer {
  protected override serve(_: Seen, response: ServerResponse): void {
    answer(response, 401, { message: 'Unauthorized' });
  }
}
