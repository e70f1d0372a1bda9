import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ALERT_RULES } from '../../src/alert/rules.ts';
import { FakeAlerting } from '../support/fake-alerting.ts';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { FakeWazuh } from '../support/fake-wazuh.ts';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

const KEPT = 'left as it is, because somebody has changed it:';
const RULE_COUNT = ALERT_RULES.length;
const FORCE = '--force overwrites what somebody has changed';

/** What it says, by its first word; the number of lines that are alike. */
async function setup(
  target: string,
  url: string,
  ...args: readonly string[]
): Promise<{ readonly said: readonly string[]; readonly code: number | null; readonly stdout: string }> {
  const env = {
    PORTLOG_GRAFANA_BEARER: 'token',
    PORTLOG_WAZUH_USER: 'wazuh-wui',
    PORTLOG_WAZUH_PASSWORD: 'secret',
    [`PORTLOG_${target.toUpperCase().replaceAll('-', '_')}_URL`]: url,
  };
  const { stderr, stdout, code } = await portlog(['setup', target, ...args], { env });
  return {
    said: stderr
      .trim()
      .split('\n')
      .map((line) => line.replace(/^portlog: /, '')),
    code,
    stdout,
  };
}

describe('portlog setup wazuh', () => {
  const RULES = 'rules/files/portlog_rules.xml';
  let wazuh: FakeWazuh;
  let url: string;
  beforeEach(async () => {
    wazuh = new FakeWazuh();
    url = await wazuh.start();
  });
  afterEach(() => wazuh.stop());

  test('decoder, rules, then a restart; again, it changes nothing', async () => {
    const { said, code } = await setup('wazuh', url);
    expect([code, said]).toEqual([
      0,
      ['created decoder portlog_decoders.xml', 'created alert rules portlog_rules.xml', 'loaded decoders and rules into the manager'],
    ]);
    expect(wazuh.files.get(RULES)).toBe(readFileSync('dashboards/wazuh/portlog_rules.xml', 'utf8'));
    expect(wazuh.actions).toContain('PUT /manager/analysisd/reload');
    expect(wazuh.loaded.size).toBe(2);
    wazuh.actions.length = 0;
    expect(await setup('wazuh', url)).toMatchObject({
      code: 0,
      said: ['unchanged: decoder portlog_decoders.xml', 'unchanged: alert rules portlog_rules.xml'],
    });
    expect(wazuh.actions).toEqual([]);
  });

  test('a file that was laid out anew is as installed; one that somebody has changed stays; an older one of ours is updated', async () => {
    await setup('wazuh', url);
    const ours = wazuh.files.get(RULES) ?? '';
    wazuh.files.set(RULES, ours.replaceAll('  ', '    '));
    expect((await setup('wazuh', url)).said).toContain('unchanged: alert rules portlog_rules.xml');
    wazuh.files.set(RULES, ours.replace('level="12"', 'level="3"'));
    const kept = await setup('wazuh', url);
    expect([kept.code, kept.said]).toEqual([1, ['unchanged: decoder portlog_decoders.xml', `${KEPT} alert rules portlog_rules.xml`, FORCE]]);
    expect((await setup('wazuh', url, '--force')).said).toContain('updated alert rules portlog_rules.xml');
    expect(wazuh.files.get(RULES)).toBe(ours);
    const zone = await setup('wazuh', url, '--zone', 'dmz');
    expect(zone.said).toContain('updated alert rules portlog_rules.xml');
    expect(wazuh.files.get(RULES)).toContain('nmap.zone');
  });

  test('in a cluster, all of it restarts; a manager that would not come back is not restarted', async () => {
    wazuh.isCluster = true;
    wazuh.problem = 'Invalid decoder name: portlog';
    const { code, said } = await setup('wazuh', url);
    expect(code).toBe(2);
    expect(said.join(' ')).toContain('(Invalid decoder name: portlog)');
    expect(wazuh.actions.filter((action) => /restart|reload/.test(action))).toEqual([]);
    wazuh.problem = undefined;
    await setup('wazuh', url, '--force', '--zone', 'x');
    expect(wazuh.actions).toContain('PUT /cluster/analysisd/reload');
  });

  test('--remove takes them away, --dry-run touches nothing', async () => {
    const short = await setup('wazuh', url, '--dry-run');
    expect([short.stdout, short.said]).toEqual([
      '',
      [
        'would create decoder portlog_decoders.xml',
        'would create alert rules portlog_rules.xml',
        'would load decoders and rules into the manager',
        'nothing was changed: --verbose shows what would be sent',
      ],
    ]);
    const dry = await setup('wazuh', url, '--dry-run', '--verbose');
    expect(dry.said.at(-1)).toBe('would load decoders and rules into the manager');
    expect(dry.stdout).toContain('PUT /rules/files/portlog_rules.xml?overwrite=true');
    expect(wazuh.actions).toEqual([]);
    await setup('wazuh', url);
    const { said } = await setup('wazuh', url, '--remove');
    expect(said).toEqual([
      'removed alert rules portlog_rules.xml',
      'removed decoder portlog_decoders.xml',
      'loaded decoders and rules into the manager',
    ]);
    expect(wazuh.files.size).toBe(0);
    expect((await setup('wazuh', url, '--remove')).said).toEqual(['nothing of portlog is installed there']);
  });

  test('the file that the agent reads is made, when the configuration names one', async () => {
    const folder = freshDir();
    const [config, log] = [join(folder, 'portlog.yaml'), join(folder, 'logs', 'wazuh.ndjson')];
    writeFileSync(config, `sinks: [{ type: wazuh, path: ${log} }, { type: wazuh, url: "https://wazuh:55000" }]\n`);
    expect((await setup('wazuh', url, '--config', config, '--dry-run')).said[0]).toBe(
      `would create file ${log}, empty, which must be there before the agent starts`,
    );
    expect(existsSync(log)).toBe(false);
    expect((await setup('wazuh', url, '--config', config)).code).toBe(0);
    expect(readFileSync(log, 'utf8')).toBe('');
    writeFileSync(log, 'kept');
    expect((await setup('wazuh', url, '--config', config)).said[0]).toBe(`unchanged: file ${log}, which the agent reads`);
    expect(readFileSync(log, 'utf8')).toBe('kept');
  });

  test('--export to where no directory can be made is a sentence', async () => {
    const { code, said } = await setup('wazuh', url, '--export', '/proc/nope/x');
    expect([code, said[0]]).toEqual([2, expect.stringContaining('the files cannot be written to /proc/nope/x: ')]);
  });

  test('a manager without a reload is restarted', async () => {
    wazuh.canReload = false;
    expect((await setup('wazuh', url)).code).toBe(0);
    expect(wazuh.actions.filter((action) => action.endsWith('restart'))).toEqual(['PUT /manager/restart']);
  });

  test('rules that could not be loaded are loaded the next time', async () => {
    wazuh.loadStatus = 500;
    expect((await setup('wazuh', url)).code).toBe(2);
    expect(wazuh.loaded.size).toBe(0);
    wazuh.loadStatus = 200;
    const { code, said } = await setup('wazuh', url);
    expect([code, said.at(-1)]).toEqual([0, 'loaded decoders and rules into the manager']);
    expect(wazuh.loaded.size).toBe(2);
    expect(wazuh.files.get(RULES)).toBe(readFileSync('dashboards/wazuh/portlog_rules.xml', 'utf8'));
    expect((await setup('wazuh', url)).said).toEqual(['unchanged: decoder portlog_decoders.xml', 'unchanged: alert rules portlog_rules.xml']);
  });

  test('an id that a rule of somebody else has ends it before anything is sent, and other ids are offered', async () => {
    wazuh.otherRules.set(100_742, 'local_rules.xml').set(101_742, 'local_rules.xml');
    const { code, said } = await setup('wazuh', url);
    expect([code, ...said]).toEqual([
      2,
      "local_rules.xml has a rule 100742, which is an id of portlog's rules, too: neither may fire then",
      '  → choose other ids: --base-id 102700',
    ]);
    expect(wazuh.actions).toEqual([]);
    expect((await setup('wazuh', url, '--base-id', '102700')).code).toBe(0);
    expect(wazuh.files.get(RULES)).toContain('<if_sid>102700,102701</if_sid>');
    expect(wazuh.files.get(RULES)).not.toMatch(/id="10[01]\d{3}"/);
    expect((await setup('wazuh', url, '--base-id', '102700')).said).toContain('unchanged: alert rules portlog_rules.xml');
  });

  test.each([
    ['4.5.2', 'this is Wazuh 4.5.2'],
    ['5.0.0', "portlog's rules are for Wazuh 4"],
  ])('%s is refused', async (version, sentence) => {
    wazuh.version = version;
    const { code, said } = await setup('wazuh', url);
    expect([code, said.join(' ')]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe('portlog setup kibana --detection', () => {
  const kibana = new FakeKibana();
  let url: string;
  beforeEach(async () => {
    url = await kibana.start();
  });
  afterEach(async () => {
    await kibana.stop();
    for (const kept of [kibana.objects, kibana.rules, kibana.detections]) kept.clear();
    kibana.actions.length = 0;
  });
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
  const kibana = new FakeKibana();
  let url: string;
  beforeEach(async () => {
    url = await kibana.start();
  });
  afterEach(async () => {
    await kibana.stop();
    kibana.objects.clear();
    kibana.rules.clear();
    kibana.actions.length = 0;
    kibana.version = '9.4.2';
  });

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

  test('an older Kibana, and what is none, are told so before anything is sent', async () => {
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

describe('portlog setup grafana', () => {
  const grafana = new FakeGrafana();
  let url: string;
  beforeEach(async () => {
    url = await grafana.start();
  });
  afterEach(async () => {
    await grafana.stop();
    grafana.folders.clear();
    grafana.dashboards.clear();
    grafana.group = undefined;
    grafana.actions.length = 0;
    grafana.version = '13.0.1';
  });

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
    expect(grafana.group.rules[0].data[0].model.expr).toContain('(event_action=`port-opened` and nmap_zone=`dmz`)'.slice(1, -1));
    expect((await setup('grafana', url, '--zone', 'dmz', '--force')).code).toBe(0);
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

describe.each(['opensearch-dashboards', 'wazuh-dashboard'])('portlog setup %s', (target) => {
  let osd: FakeKibana;
  let url: string;
  const [dashboards, others] = target === 'wazuh-dashboard' ? ['2 dashboards', 23] : ['5 dashboards', 63];
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

  test('an update keeps what was acknowledged: the same alerts live on', async () => {
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

  test('more than a monitor can tell apart does not come again at every run', async () => {
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

  test('--remove takes away what is portlog’s', async () => {
    opensearch.monitors.set('other', { seqNo: 0, content: { name: 'portlog things of mine' } });
    await setup('opensearch', url, '--retention-days', '90');
    await setup('opensearch', url, '--remove');
    expect([...opensearch.monitors.keys()]).toEqual(['other']);
    expect(opensearch.policy).toBeUndefined();
  });
});

describe('--export', () => {
  test.each([
    ['kibana', ['README.md', 'detection-rules.ndjson', 'portlog.ndjson', 'rules', 'runbooks'], 3 + 2 * RULE_COUNT],
    ['elastalert', ['README.md', 'config.example.yaml', 'rules', 'runbooks'], 3 + 2 * RULE_COUNT],
    ['grafana', ['README.md', 'alerting', 'dashboards', 'runbooks'], 7 + RULE_COUNT],
    ['loki', ['README.md', 'alertmanager.yaml', 'rules.yaml', 'runbooks'], 3 + RULE_COUNT],
    [
      'opensearch',
      [
        'README.md',
        'component-mappings.json',
        'component-settings.json',
        'custom.json',
        'index-template.json',
        'inventory-custom.json',
        'inventory-template.json',
        'ism-policy.json',
        'monitors',
        'pipeline.json',
        'portlog.ndjson',
        'runbooks',
      ],
      10 + 2 * RULE_COUNT,
    ],
    [
      'wazuh',
      ['README.md', 'ossec-localfile.xml', 'ossec-remote.xml', 'portlog.ndjson', 'portlog_decoders.xml', 'portlog_rules.xml', 'runbooks'],
      6 + RULE_COUNT,
    ],
    ['opensearch-dashboards', ['README.md', 'portlog.ndjson', 'runbooks'], 2 + RULE_COUNT],
    ['wazuh-dashboard', ['README.md', 'portlog.ndjson', 'runbooks'], 2 + RULE_COUNT],
  ])('of %s writes the files, the clicks and the runbooks', async (target, names, count) => {
    const folder = join(freshDir(), 'new', 'folder');
    const { said, code } = await setup(target, 'http://127.0.0.1:1', '--export', folder);
    expect([code, ...said]).toEqual([0, `${count} files in ${folder}; README.md says where they go`]);
    expect(readdirSync(folder).toSorted()).toEqual(names);
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toMatch(/^# /);
    expect(existsSync(join(folder, 'runbooks', 'new-open-port.md'))).toBe(true);
  });

  test('with the options that were given', async () => {
    const folder = freshDir();
    await setup('loki', 'http://127.0.0.1:1', '--export', folder, '--runbooks', 'https://wiki.example.net/nmap/', '--site', 'berlin=50');
    const text = readFileSync(join(folder, 'rules.yaml'), 'utf8');
    expect(text).toContain('runbook_url: https://wiki.example.net/nmap/new-host.md');
    expect(text).toContain(
      'expr: absent_over_time({service_name="portlog", dataset="nmap.scan", site="berlin"} | event_action=`scan-finished` [50h])',
    );
  });
});

test('portlog setup elasticsearch --retention-days puts a lifecycle into the template of the data streams, and nowhere else', async () => {
  const server = await scriptedServer((_, response) => answer(response, 404, {}));
  const { stdout, code } = await setup('elasticsearch', server.url.origin, '--retention-days', '400', '--dry-run', '--verbose');
  const bodies = new Map(
    stdout
      .split('PUT ')
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), JSON.parse(text.slice(text.indexOf('\n'))) as { template?: { lifecycle?: object } }]),
  );
  expect(code).toBe(0);
  expect([...bodies].flatMap(([path, { template }]) => (template?.lifecycle === undefined ? [] : [[path, template.lifecycle]]))).toEqual([
    ['/_index_template/logs-nmap', { data_retention: '400d' }],
  ]);
  await server.stop();
});

test('portlog setup elasticsearch --retention-days counts for data streams that exist, too', async () => {
  const streams = new Map<string, string | undefined>([
    ['logs-nmap.host-default', '30d'],
    ['logs-nmap.port-default', '7d'],
    ['logs-nmap.scan-default', undefined],
  ]);
  const server = await scriptedServer(({ method, path, body }, response) => {
    if (method === 'GET' && path === '/_data_stream/logs-nmap.*/_lifecycle') {
      const data_streams = [...streams].map(([name, data_retention]) => ({
        name,
        ...(data_retention === undefined ? {} : { lifecycle: { enabled: true, data_retention } }),
      }));
      return answer(response, 200, { data_streams });
    }
    const [, stream = ''] = /^\/_data_stream\/(.*)\/_lifecycle$/.exec(path) ?? [];
    if (method === 'PUT' && stream !== '') streams.set(stream, (JSON.parse(body) as { data_retention: string }).data_retention);
    answer(response, method === 'GET' ? 404 : 200, {});
  });
  const { code, said } = await setup('elasticsearch', server.url.origin, '--retention-days', '7');
  expect([code, said.filter((line) => line.includes('data stream '))]).toEqual([
    0,
    [
      'updated data stream logs-nmap.host-default: events are deleted after 7 days',
      'updated data stream logs-nmap.scan-default: events are deleted after 7 days',
    ],
  ]);
  expect([...streams.values()]).toEqual(['7d', '7d', '7d']);
  await server.stop();
});

test.each([
  [['setup', 'loki', '--export', '/dev/null/x'], 'the files cannot be written to /dev/null/x: a part of its path is no directory'],
  [
    ['setup', 'kibana', '--retention-days', '9'],
    '--retention-days needs a whole number from 1, and is for portlog setup elasticsearch or opensearch',
  ],
  [['setup', 'kibana', '--namespace', 'a-b'], '--namespace "a-b": only lower-case letters, digits, dots and underscores, at most 64'],
  [['setup', 'kibana', '--zone', 'a`b'], '--zone "a`b": only letters, digits, ".", "_" and "-", at most 64'],
  [['setup', 'kibana', '--site', 'a b'], '--site a b: write NAME or NAME=HOURS'],
  [['setup', 'kibana', '--site', 'a=0'], '--site a=0: write NAME or NAME=HOURS'],
  [['setup', 'wazuh', '--base-id', '99'], '--base-id 99: a whole number from 100000 to 119800'],
  [['setup', 'kibana', '--repair'], '--repair is for portlog setup elasticsearch or opensearch'],
  [['setup', 'grafana', '--api-key'], '--api-key is for portlog setup elasticsearch'],
])('%j is refused', async (args, message) => {
  const { stderr, code } = await portlog(args);
  expect([code, stderr.split('\n')[0]]).toEqual([2, `portlog: ${message}`]);
});

test.each([
  ['loki', 401, 'no org id', 'wants to know whose rules these are', 'set PORTLOG_LOKI_TENANT'],
  ['elasticsearch', 403, '{}', 'answered 403 to GET /_ingest/pipeline/logs-nmap@pipeline', 'it needs to manage index templates'],
  ['wazuh', 403, '{}', 'answered 403 to GET /', 'the user needs rules:read, rules:update'],
  ['grafana', 403, '{}', 'answered 403 to GET /api/health', 'docs/how-to/grafana-loki.md names the role'],
])('credentials that %s refuses with %i lead to what it needs', async (target, status, body, message, hint) => {
  const server = await scriptedServer(({ path }, response) =>
    path.includes('buildinfo') || path.includes('authenticate')
      ? answer(response, 200, target === 'wazuh' ? 'a.e30.c' : {})
      : answer(response, status, body),
  );
  const { code, said } = await setup(target, server.url.origin);
  await server.stop();
  expect([code, said.join('\n')]).toEqual([2, expect.stringContaining(message)]);
  expect(said.join('\n')).toContain(hint);
});

test('portlog check says what is missing, as it should be, or changed', async () => {
  const [kibana, grafana] = [new FakeKibana(), new FakeGrafana()];
  const env = { PORTLOG_KIBANA_URL: await kibana.start(), PORTLOG_GRAFANA_URL: await grafana.start(), PORTLOG_GRAFANA_BEARER: 'token' };
  const check = async (): Promise<readonly string[]> => {
    const { stdout } = await portlog(['check', '--to', 'stdout', '--state-dir', freshDir()], { env });
    return stdout
      .split('\n')
      .filter((line) => /kibana|grafana/.test(line))
      .map((line) => line.replaceAll(/http:\/\/[\d.]+:\d+/g, 'URL'));
  };
  expect(await check()).toEqual([
    "warning kibana URL: portlog's dashboards or alert rules are missing",
    '        → portlog setup kibana',
    "warning grafana URL: portlog's dashboards or alert rules are missing",
    '        → portlog setup grafana',
  ]);
  await setup('kibana', env.PORTLOG_KIBANA_URL);
  await setup('grafana', env.PORTLOG_GRAFANA_URL, '--zone', 'dmz');
  kibana.rules.values().next().value!.name = 'Mine';
  expect(await check()).toEqual([
    'ok      kibana URL: dashboards and alert rules as portlog makes them; 1 of them changed by somebody',
    'warning grafana URL: dashboards or alert rules are of another version, or were made with other options',
    '        → portlog setup grafana',
  ]);
  kibana.version = '8.1.0';
  expect((await check())[0]).toBe(
    "warning kibana URL: whether alert rules are there cannot be seen: this is Kibana 8.1.0, and portlog's dashboards and rules need 8.19 or newer",
  );
  await Promise.all([kibana.stop(), grafana.stop()]);
});
