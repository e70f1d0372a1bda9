import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { setup, FORCE, FORCE_REMOVAL, KEPT, RULE_COUNT } from '../support/set-up.ts';

let kibana: FakeKibana;
let url: string;
beforeEach(async () => {
  kibana = new FakeKibana();
  url = await kibana.start();
});
afterEach(() => kibana.stop());

describe('portlog setup kibana --detection', () => {
  const detection = async (...args: readonly string[]): Promise<{ readonly said: readonly string[]; readonly code: number | null }> => {
    const { said, code } = await setup('kibana', url, '--detection', ...args);
    return { said: said.filter((line) => line.includes('detection rule') || line === FORCE), code };
  };
  const DETECTABLE = ALERT_RULES.filter(({ absentForHours }) => absentForHours === undefined).length;

  test('rules of Elastic Security in the place of the others, but for what only those can tell; again, it changes nothing', async () => {
    await setup('kibana', url);
    const { said, code } = await detection();
    expect([code, said.length]).toEqual([0, DETECTABLE]);
    expect(said[0]).toBe('created detection rule "[portlog] New open port"');
    expect(kibana.detections.size).toBe(DETECTABLE);
    expect([...kibana.rules.values()].map(({ name }) => name)).toEqual(['[portlog] Scan overdue: no site at all']);
    kibana.actions.length = 0;
    const again = await detection();
    expect([again.code, new Set(again.said.map((line) => line.split(' ')[0]))]).toEqual([0, new Set(['unchanged:'])]);
    expect(kibana.actions).toEqual([]);
    // The other rules know nothing of these.
    await setup('kibana', url);
    expect(kibana.detections.size).toBe(DETECTABLE);
  });

  test('whether a rule runs, whom it tells and its exceptions are the user’s; a query that somebody has changed stays, unless forced', async () => {
    await detection();
    const own = { enabled: false, actions: [{ id: 'mail' }], exceptions_list: [{ id: 'x' }] };
    const host = kibana.detections.get('portlog-new-host')!;
    kibana.detections.set('portlog-new-host', { ...host, ...own });
    const zone = await detection('--zone', 'dmz');
    expect(zone.said).toContain('updated detection rule "[portlog] New host"');
    expect(kibana.detections.get('portlog-new-host')).toMatchObject({ ...own, query: expect.stringContaining('nmap.zone:dmz') });
    kibana.detections.set('portlog-new-host', { ...kibana.detections.get('portlog-new-host'), query: 'mine' });
    const kept = await detection();
    expect(kept.code).toBe(1);
    expect(kept.said).toContain(`${KEPT} detection rule "[portlog] New host"`);
    expect(kibana.detections.get('portlog-new-host')!['query']).toBe('mine');
    expect((await detection('--force')).said).toContain('updated detection rule "[portlog] New host"');
    expect(kibana.detections.get('portlog-new-host')).toMatchObject({ ...own, query: host['query'] });
  });

  test('what an older portlog has made is removed, and --remove takes all away', async () => {
    await detection();
    const host = kibana.detections.get('portlog-new-host')!;
    kibana.detections.set('portlog-old', { ...host, rule_id: 'portlog-old' });
    kibana.detections.set('mine', { ...host, rule_id: 'mine', name: 'Mine', tags: ['nmap'] });
    expect((await detection()).said).toContain('removed detection rule "[portlog] New host"');
    expect((await detection('--remove')).said).toHaveLength(DETECTABLE);
    expect([...kibana.detections.keys()]).toEqual(['mine']);
    expect([kibana.rules.size, kibana.objects.size]).toEqual([0, 0]);
  });

  test('is for Kibana only', async () => {
    const { code, said } = await setup('grafana', url, '--detection');
    expect([code, said[0]]).toEqual([2, '--detection is for portlog setup kibana']);
  });
});

describe('portlog setup kibana', () => {
  test('installs dashboards and rules; again, it changes nothing', async () => {
    const { said, code } = await setup('kibana', url);
    expect(code).toBe(0);
    expect(said).toHaveLength(RULE_COUNT + 1);
    expect(said.slice(0, 2)).toEqual([
      'created 5 dashboards, and 14 data views, searches and tags that belong to them',
      'created alert rule "[portlog] New open port"',
    ]);
    expect(kibana.rules.size).toBe(RULE_COUNT);
    kibana.actions.length = 0;
    const again = await setup('kibana', url);
    expect(again.code).toBe(0);
    expect(new Set(again.said.map((line) => line.split(' ')[0]))).toEqual(new Set(['unchanged:']));
    expect(kibana.actions).toEqual([]);
  });

  test('what somebody has changed is left, and said; the rest is brought up to date; actions of a rule are the user’s', async () => {
    await setup('kibana', url);
    const board = kibana.objects.get('dashboard portlog-changes')!;
    kibana.objects.set('dashboard portlog-changes', { ...board, attributes: { ...board.attributes, title: 'Mine' } });
    const [edited, extended] = [...kibana.rules.values()];
    edited!.params['timeWindowSize'] = 1;
    extended!.actions = [{ id: 'slack', group: 'query matched', params: {}, connector_type_id: '.slack' }];
    const { said, code } = await setup('kibana', url, '--namespace', 'prod');
    expect(code).toBe(1);
    expect(said.filter((line) => line.startsWith(KEPT))).toEqual([
      `${KEPT} 5 dashboards, and 14 data views, searches and tags that belong to them`,
      `${KEPT} alert rule "[portlog] New open port"`,
    ]);
    expect(said.at(-1)).toBe(FORCE);
    expect(extended!.name).toBe('[portlog] Port reopened');
    const updated = [...kibana.rules.values()].find(({ name }) => name === '[portlog] Port reopened');
    expect(updated?.params['index']).toEqual(['logs-nmap.change-prod*']);
    expect(updated?.actions).toEqual([{ id: 'slack', group: 'query matched', params: {}, connector_type_id: '.index' }]);
    expect(kibana.objects.get('dashboard portlog-changes')?.attributes['title']).toBe('Mine');
    const forced = await setup('kibana', url, '--namespace', 'prod', '--force');
    expect(forced.code).toBe(0);
    expect(kibana.objects.get('dashboard portlog-changes')?.attributes['title']).toBe('[portlog] What changed');
    expect((await setup('kibana', url, '--namespace', 'prod')).said.filter((line) => !line.startsWith('unchanged:'))).toEqual([]);
  });

  test('the rule of a site that went is removed, but not one that somebody has changed', async () => {
    await setup('kibana', url, '--site', 'berlin', '--site', 'rome');
    [...kibana.rules.values()].find(({ name }) => name === '[portlog] Scan overdue: rome')!.name = 'Mine';
    const { code, said } = await setup('kibana', url, '--site', 'paris');
    expect([code, said.filter((line) => !line.startsWith('unchanged:'))]).toEqual([
      1,
      [
        'created alert rule "[portlog] Scan overdue: paris"',
        'removed alert rule "[portlog] Scan overdue: berlin"',
        `${KEPT} alert rule "Mine", which is of no use any more`,
        FORCE,
      ],
    ]);
  });

  test('a rule links to the dashboard of the host and to its runbook; links that somebody added stay; a Kibana without support for links gets none', async () => {
    const leadsTo = (title: string): unknown => [...kibana.rules.values()].find(({ name }) => name === title)?.artifacts;
    await setup('kibana', url, '--runbooks', 'https://wiki.example.net/nmap');
    expect(leadsTo('[portlog] New open port')).toEqual({
      dashboards: [{ id: 'portlog-host' }, { id: 'portlog-changes' }],
      investigation_guide: {
        blob: 'A port is open that an earlier scan found closed or filtered.\n\nWhat to do: [New open port](https://wiki.example.net/nmap/new-open-port.md)',
      },
    });
    expect(leadsTo('[portlog] Scan failed or cut short')).toMatchObject({ dashboards: [{ id: 'portlog-health' }] });
    const [id = '', rule] = [...kibana.rules].find(([, { name }]) => name === '[portlog] New open port') ?? [];
    kibana.rules.set(id, { ...rule!, artifacts: { ...rule!.artifacts!, dashboards: [{ id: 'portlog-host' }, { id: 'mine' }] } });
    await setup('kibana', url, '--runbooks', 'https://wiki.example.net/other');
    expect(leadsTo('[portlog] New open port')).toMatchObject({ dashboards: [{ id: 'portlog-host' }, { id: 'portlog-changes' }, { id: 'mine' }] });
    kibana.rules.clear();
    kibana.takesArtifacts = false;
    expect((await setup('kibana', url)).code).toBe(0);
    expect([kibana.rules.size, leadsTo('[portlog] New open port')]).toEqual([RULE_COUNT, undefined]);
    kibana.takesArtifacts = true;
  });

  test('a rule a site, each with its own patience', async () => {
    await setup('kibana', url, '--site', 'berlin', '--site', 'branch=170');
    const overdue = [...kibana.rules.values()].filter(({ name }) => name.includes('Scan overdue:'));
    expect(overdue.map(({ name, params }) => [name, params['timeWindowSize'], params['thresholdComparator']])).toEqual([
      ['[portlog] Scan overdue: berlin', 26, '<'],
      ['[portlog] Scan overdue: branch', 170, '<'],
    ]);
    expect(JSON.parse(String(overdue[0]?.params['esQuery']))).toEqual({
      query: { query_string: { query: 'event.action:"scan-finished" AND nmap.site:berlin' } },
    });
  });

  test('--dry-run sends nothing; --remove takes all of it away', async () => {
    const short = await setup('kibana', url, '--dry-run');
    expect([short.code, short.stdout, short.said]).toEqual([
      0,
      '',
      [
        expect.stringMatching(/^would create 5 dashboards/),
        `would create ${RULE_COUNT} alert rules`,
        'nothing was changed: --verbose shows what would be sent',
      ],
    ]);
    const dry = await setup('kibana', url, '--dry-run', '--verbose');
    expect([dry.code, dry.said[1]]).toEqual([0, 'would create alert rule "[portlog] New open port"']);
    expect(dry.stdout).toContain('POST /api/saved_objects/_import?overwrite=true\n');
    expect(kibana.actions).toEqual([]);
    await setup('kibana', url);
    const { said, code } = await setup('kibana', url, '--remove');
    expect([code, said.length]).toEqual([0, RULE_COUNT + 1]);
    expect([kibana.objects.size, kibana.rules.size]).toEqual([0, 0]);
    expect((await setup('kibana', url, '--remove')).said).toEqual(['nothing of portlog is installed there']);
  });

  test('--remove leaves rules and dashboards that somebody has made or changed, unless forced; installing leaves rules of others even then', async () => {
    await setup('kibana', url, '--detection');
    await setup('kibana', url);
    const rule = [...kibana.rules.values()][0]!;
    kibana.rules.set('mine', { ...rule, name: 'Mine', tags: ['portlog'] });
    const host = kibana.detections.get('portlog-new-host')!;
    kibana.detections.set('mine', { ...host, rule_id: 'mine', name: 'Mine, too', tags: ['Data Source: portlog'] });
    expect((await setup('kibana', url, '--detection', '--force')).said.join()).not.toContain('Mine');
    expect((await setup('kibana', url, '--force')).said.join()).not.toContain('Mine');
    const [id = '', changed] = [...kibana.rules].find(([, { name }]) => name === '[portlog] New host') ?? [];
    changed!.params['timeWindowSize'] = 1;
    const board = kibana.objects.get('dashboard portlog-changes')!;
    kibana.objects.set('dashboard portlog-changes', { ...board, attributes: { ...board.attributes, title: 'Mine' } });
    const { said, code } = await setup('kibana', url, '--detection', '--remove');
    expect([code, said.filter((line) => !line.startsWith('removed '))]).toEqual([
      1,
      [
        `${KEPT} alert rule "Mine"`,
        `${KEPT} alert rule "[portlog] New host"`,
        `${KEPT} 5 dashboards, and 14 data views, searches and tags that belong to them`,
        `${KEPT} detection rule "Mine, too"`,
        FORCE_REMOVAL,
      ],
    ]);
    expect([[...kibana.rules.keys()], [...kibana.detections.keys()], kibana.objects.has('dashboard portlog-changes')]).toEqual([
      ['mine', id],
      ['mine'],
      true,
    ]);
  });

  test('an older Kibana, or another server, is refused before anything is sent', async () => {
    kibana.version = '8.11.4';
    const old = await setup('kibana', url);
    expect([old.code, old.said[0]]).toEqual([2, "this is Kibana 8.11.4, and portlog's dashboards and rules need 8.19 or newer"]);
    const grafana = new FakeGrafana();
    const other = await setup('kibana', await grafana.start());
    expect([other.code, other.said[0]]).toEqual([2, expect.stringContaining('answered 401 to GET /api/status')]);
    await grafana.stop();
    expect(kibana.actions).toEqual([]);
  });
});
