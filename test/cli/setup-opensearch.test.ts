import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeAlerting } from '../support/fake-alerting.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { setup, KEPT, FORCE, FORCE_REMOVAL, RULE_COUNT } from '../support/set-up.ts';

describe.each(['opensearch-dashboards', 'wazuh-dashboard'])('portlog setup %s', (target) => {
  let osd: FakeKibana;
  let url: string;
  const [dashboards, others] = target === 'wazuh-dashboard' ? ['2 dashboards', 24] : ['5 dashboards', 63];
  const what = `${dashboards}, and ${others} index patterns, searches and visualizations that belong to them`;
  beforeEach(async () => {
    osd = new FakeKibana('osd-xsrf');
    osd.version = '2.19.5';
    url = await osd.start();
  });
  afterEach(() => osd.stop());

  test('imports what the file has; again, it changes nothing; what somebody has changed is left', async () => {
    expect(await setup(target, url)).toMatchObject({ code: 0, said: [`created ${what}`] });
    osd.actions.length = 0;
    expect(await setup(target, url)).toMatchObject({ code: 0, said: [`unchanged: ${what}`] });
    expect(osd.actions).toEqual([]);
    const [key, one] = [...osd.objects].find(([name]) => name.startsWith('search '))!;
    osd.objects.set(key, { ...one, attributes: { ...one.attributes, title: 'mine' } });
    expect(await setup(target, url)).toMatchObject({ code: 1, said: [`${KEPT} ${what}`, FORCE] });
    expect(await setup(target, url, '--force')).toMatchObject({ code: 0, said: [`updated ${what}`] });
  });

  test('--remove takes all of it away', async () => {
    await setup(target, url);
    const { said } = await setup(target, url, '--remove');
    expect(said.every((line) => /^removed (?:index-pattern|visualization|search|dashboard) portlog-/.test(line))).toBe(true);
    expect(osd.objects.size).toBe(0);
  });

  test('--remove leaves them when somebody has made or changed one, unless forced', async () => {
    await setup(target, url);
    const [key, one] = [...osd.objects].find(([name]) => name.startsWith('dashboard '))!;
    osd.objects.set(key, { ...one, attributes: { ...one.attributes, title: 'mine' } });
    expect(await setup(target, url, '--remove')).toMatchObject({ code: 1, said: [`${KEPT} ${what}`, FORCE_REMOVAL] });
    expect(osd.objects.has(key)).toBe(true);
    expect((await setup(target, url, '--remove', '--force')).code).toBe(0);
    expect(osd.objects.size).toBe(0);
  });

  test('a Kibana is none', async () => {
    osd.version = '8.19.1';
    expect(await setup(target, url)).toMatchObject({
      code: 2,
      said: ['this is Kibana 8.19.1, not OpenSearch Dashboards', '  → portlog setup kibana'],
    });
  });
});

describe('monitors and policy of portlog setup opensearch', () => {
  let opensearch: FakeAlerting;
  let url: string;
  beforeEach(async () => {
    opensearch = new FakeAlerting();
    url = await opensearch.start();
  });
  afterEach(() => opensearch.stop());
  const named = (name: string): any => [...opensearch.monitors.values()].find(({ content }) => content.name === name)?.content;
  const others = ({ said }: { readonly said: readonly string[] }): readonly string[] => said.filter((line) => !line.startsWith('unchanged: '));

  test('a monitor a rule; again, it changes nothing', async () => {
    const { code, said } = await setup('opensearch', url);
    expect([code, said.filter((line) => line.startsWith('created monitor "[portlog] ')).length]).toEqual([0, RULE_COUNT]);
    expect(opensearch.monitors.size).toBe(RULE_COUNT);
    opensearch.actions.length = 0;
    expect(others(await setup('opensearch', url))).toEqual([]);
    expect(opensearch.actions).toEqual([]);
  });

  test('what somebody has changed in one is left; whom it tells, and whether it runs, is the user’s anyway', async () => {
    await setup('opensearch', url);
    const mine = named('[portlog] New host');
    mine.triggers[0].bucket_level_trigger.actions = [{ id: 'a', destination_id: 'mail' }];
    mine.enabled = false;
    expect(others(await setup('opensearch', url))).toEqual([]);
    expect(others(await setup('opensearch', url, '--zone', 'dmz'))).toContain('updated monitor "[portlog] New host"');
    const updated = named('[portlog] New host');
    expect([updated.enabled, updated.triggers[0].bucket_level_trigger.actions]).toEqual([false, [{ id: 'a', destination_id: 'mail' }]]);
    expect(JSON.stringify(updated.inputs)).toContain('nmap.zone:dmz');
    named('[portlog] New open port').schedule.period.interval = 60;
    expect(others(await setup('opensearch', url, '--zone', 'dmz'))).toEqual([`${KEPT} monitor "[portlog] New open port"`, FORCE]);
    expect(others(await setup('opensearch', url, '--zone', 'dmz', '--force'))).toEqual(['updated monitor "[portlog] New open port"']);
  });

  test('--retention-days is a policy, which another number changes', async () => {
    expect(others(await setup('opensearch', url, '--retention-days', '90'))).toContain('created policy portlog: events are deleted after 90 days');
    expect(others(await setup('opensearch', url, '--retention-days', '90'))).toEqual([]);
    expect(others(await setup('opensearch', url, '--retention-days', '30'))[0]).toBe('updated policy portlog: events are deleted after 30 days');
    opensearch.policy!.content.policy.description = 'ours now';
    expect(others(await setup('opensearch', url, '--retention-days', '90'))).toEqual([
      `${KEPT} policy portlog: events are deleted after 90 days`,
      FORCE,
    ]);
  });

  const idOf = (name: string): string => [...opensearch.monitors].find(([, { content }]) => content.name === name)?.[0] ?? '';

  test('an update keeps acknowledgements and active alerts', async () => {
    await setup('opensearch', url);
    const id = idOf('[portlog] New host');
    const keys = Array.from({ length: 30 }, (_, i) => `host ${i}`);
    expect(opensearch.run(id, keys)).toEqual(keys.toSorted());
    for (const alert of opensearch.alertsOf(id)) alert.state = 'ACKNOWLEDGED';
    expect(others(await setup('opensearch', url, '--zone', 'dmz'))).toContain('updated monitor "[portlog] New host"');
    expect(opensearch.run(id, keys)).toEqual([]);
    expect(opensearch.alertsOf(id).map(({ state }) => state)).toEqual(keys.map(() => 'ACKNOWLEDGED'));
    opensearch.run(id, []);
    expect(opensearch.alertsOf(id).every(({ state }) => state === 'COMPLETED')).toBe(true);
  });

  test('more groups than a monitor can return are not reported again with every run', async () => {
    await setup('opensearch', url);
    const id = idOf('[portlog] New open port');
    const keys = Array.from({ length: 1200 }, (_, i) => `port ${i}`);
    expect(opensearch.run(id, keys)).toHaveLength(250);
    expect(opensearch.run(id, keys)).toEqual([]);
  });

  test('nor in many shards, of many data streams and namespaces', async () => {
    await setup('opensearch', url);
    const id = idOf('[portlog] New open port');
    const shards = Array.from({ length: 12 }, (_, shard) => Array.from({ length: 300 }, (__, i) => `shard ${shard} port ${i}`));
    expect(opensearch.run(id, ...shards)).toHaveLength(250);
    for (let again = 0; again < 3; again++) expect(opensearch.run(id, ...shards)).toEqual([]);
  });

  test('messages can name sample documents', async () => {
    await setup('opensearch', url);
    expect(opensearch.hasSamples(idOf('[portlog] New open port'))).toBe(true);
  });

  test('--namespace works on a server to which nothing was sent yet', async () => {
    const { code } = await setup('opensearch', url, '--namespace', 'prod');
    expect(code).toBe(0);
    expect(JSON.stringify(named('[portlog] New host').inputs)).toContain('data_stream.namespace:prod');
  });

  test('the monitor of a site that went is removed, but not one that somebody has changed', async () => {
    await setup('opensearch', url, '--site', 'berlin', '--site', 'rome');
    named('[portlog] Scan overdue: rome').schedule.period.interval = 60;
    const { code, said } = await setup('opensearch', url, '--site', 'paris');
    expect(code).toBe(1);
    expect(said).toContain('removed monitor "[portlog] Scan overdue: berlin"');
    expect(said).toContain(`${KEPT} monitor "[portlog] Scan overdue: rome", which is of no use any more`);
    expect(named('[portlog] Scan overdue: berlin')).toBeUndefined();
    expect((await setup('opensearch', url, '--site', 'paris', '--force')).code).toBe(0);
    expect(named('[portlog] Scan overdue: rome')).toBeUndefined();
  });

  test('--retention-days counts for what is there, too: another number, and indices that nobody managed', async () => {
    opensearch.streams.set('logs-nmap.host-default', ['.ds-logs-nmap.host-default-1', '.ds-logs-nmap.host-default-2']);
    expect(others(await setup('opensearch', url, '--retention-days', '30')).at(-1)).toBe(
      'updated 2 backing indices: follow the policy portlog from now on',
    );
    expect(others(await setup('opensearch', url, '--retention-days', '30'))).toEqual([]);
    opensearch.streams.set('logs-nmap.port-default', ['.ds-logs-nmap.port-default-1']);
    expect(others(await setup('opensearch', url, '--retention-days', '7'))).toEqual([
      'updated policy portlog: events are deleted after 7 days',
      'updated 2 backing indices: follow the policy portlog as it is now',
      'updated 1 backing index: follow the policy portlog from now on',
    ]);
    expect(new Set([...opensearch.managed.values()].map(({ days }) => days))).toEqual(new Set(['portlog: events of nmap scans are kept for 7 days']));
    const [index] = opensearch.managed.keys();
    opensearch.managed.set(index!, { days: 'old', seqNo: 1 });
    expect(others(await setup('opensearch', url, '--retention-days', '7'))).toEqual([
      'updated 1 backing index: follow the policy portlog as it is now',
    ]);
  });

  test('--retention-days with a namespace deletes no events of another', async () => {
    opensearch.streams.set('logs-nmap.host-prod', ['.ds-logs-nmap.host-prod-1']);
    expect((await setup('opensearch', url, '--namespace', 'prod', '--retention-days', '30')).code).toBe(0);
    opensearch.streams.set('logs-nmap.host-test', ['.ds-logs-nmap.host-test-1']);
    const refused = await setup('opensearch', url, '--namespace', 'prod', '--retention-days', '7');
    expect([refused.code, refused.said[0]]).toEqual([
      2,
      '--retention-days counts for every namespace, so events of logs-nmap.host-test would be deleted, too',
    ]);
    expect(opensearch.managed.size).toBe(1);
    expect((await setup('opensearch', url, '--retention-days', '7')).code).toBe(0);
    expect(opensearch.managed.size).toBe(2);
  });

  test('--remove with events there: indices let go of the policy first; what they need stays and is named', async () => {
    opensearch.streams.set('logs-nmap.host-default', ['.ds-logs-nmap.host-default-1']);
    await setup('opensearch', url, '--retention-days', '30');
    const { code, said } = await setup('opensearch', url, '--remove');
    expect([code, opensearch.policy, opensearch.managed.size, opensearch.monitors.size]).toEqual([1, undefined, 0, 0]);
    expect(said).toContain('removed the policy portlog from 1 backing index, whose events are kept from now on');
    expect(said).toContain('stays: index template logs-nmap, which logs-nmap.host-default needs');
    opensearch.streams.clear();
    expect((await setup('opensearch', url, '--remove')).code).toBe(0);
  });

  test('without the plugins, it says so and installs the rest', async () => {
    opensearch.hasPlugins = false;
    const { code, said } = await setup('opensearch', url);
    expect([code, said.at(-1)]).toEqual([0, 'left out monitors: this server has no alerting plugin']);
    expect((await setup('opensearch', url, '--retention-days', '9')).said.at(-1)).toBe(
      'left out policy portlog: this server has no index state management',
    );
    expect(opensearch.templates.size).toBe(7);
  });

  test('--remove leaves what somebody has made or changed, unless forced: a policy with its indices, a monitor, a template', async () => {
    opensearch.streams.set('logs-nmap.host-default', ['.ds-logs-nmap.host-default-1']);
    await setup('opensearch', url, '--retention-days', '30');
    opensearch.streams.clear();
    opensearch.policy!.content.policy.description = 'Port logistics team: keep for 10 years, do not touch';
    named('[portlog] New open port').schedule.period.interval = 60;
    const [custom, pipeline] = ['/_component_template/logs-nmap@custom', '/_ingest/pipeline/logs-nmap@pipeline'];
    opensearch.templates.set(custom, { template: { settings: { 'index.number_of_replicas': 0 } } });
    opensearch.templates.set(pipeline, { description: 'mine', processors: [] });
    const { code, said } = await setup('opensearch', url, '--remove');
    expect([code, said.filter((line) => !line.startsWith('removed '))]).toEqual([
      1,
      [
        `${KEPT} monitor "[portlog] New open port"`,
        `${KEPT} policy portlog`,
        `${KEPT} component template logs-nmap@custom`,
        `${KEPT} ingest pipeline logs-nmap@pipeline`,
        FORCE_REMOVAL,
      ],
    ]);
    expect([opensearch.policy === undefined, opensearch.managed.size, opensearch.monitors.size, [...opensearch.templates.keys()]]).toEqual([
      false,
      1,
      1,
      expect.arrayContaining([custom, pipeline]),
    ]);
    expect((await setup('opensearch', url, '--remove', '--force')).code).toBe(0);
    expect([opensearch.policy, opensearch.monitors.size, opensearch.templates.size]).toEqual([undefined, 0, 0]);
  });

  test('--remove takes away what is portlog’s', async () => {
    opensearch.monitors.set('other', { seqNo: 0, content: { name: 'portlog things of mine' } });
    await setup('opensearch', url, '--retention-days', '90');
    await setup('opensearch', url, '--remove');
    expect([...opensearch.monitors.keys()]).toEqual(['other']);
    expect(opensearch.policy).toBeUndefined();
  });
});
