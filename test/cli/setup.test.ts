import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SETUP_FILES } from '../../src/setup/files.ts';
import { FakeGrafana } from '../support/fake-grafana.ts';
import { FakeKibana } from '../support/fake-kibana.ts';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';
import { RULE_COUNT, setup } from '../support/set-up.ts';

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

  test.each(['--dry-run', '--remove', '--repair', '--api-key'])('with %s writes nothing, and says why', async (other) => {
    const folder = join(freshDir(), 'new');
    const { said, code } = await setup('elasticsearch', 'http://127.0.0.1:1', '--export', folder, other);
    expect([code, ...said]).toEqual([2, `${other} does not go with --export, which writes files and asks no server`, '  → leave one of them out']);
    expect(existsSync(folder)).toBe(false);
  });

  test('into the folder of an earlier one, it names what is left of that', async () => {
    const folder = freshDir();
    const exported = (...args: readonly string[]): ReturnType<typeof setup> => setup('kibana', 'http://127.0.0.1:1', '--export', folder, ...args);
    expect((await exported('--site', 'berlin', '--site', 'branch')).said).toHaveLength(1);
    expect((await exported('--site', 'branch')).said.slice(1)).toEqual([
      `${join(folder, 'rules', 'portlog-scan-overdue-berlin.json')} is not of this export: delete what an earlier one has left`,
    ]);
    expect((await exported()).said.slice(1)).toEqual([expect.stringMatching(/berlin\.json and 1 file more are not of this export/)]);
  });

  test.each(['elasticsearch', 'opensearch'] as const)(
    'of %s: the README has every template, in the order in which they stand on each other',
    async (target) => {
      const folder = freshDir();
      expect((await setup(target, 'http://127.0.0.1:1', '--export', folder)).code).toBe(0);
      const readme = readFileSync(join(folder, 'README.md'), 'utf8');
      const inOrder = SETUP_FILES[target].map(({ file }) => file);
      const named = [...new Set([...readme.matchAll(/`([\w-]+\.json)`/g)].map(([, name = '']) => name))].filter((name) => inOrder.includes(name));
      expect(named).toEqual(inOrder);
      for (const { file, path } of SETUP_FILES[target]) {
        expect(existsSync(join(folder, file)), file).toBe(true);
        expect(readme, file).toContain(decodeURIComponent(path).split('/').at(-1));
      }
    },
  );

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

test('portlog setup elasticsearch without --retention-days, as after an upgrade, keeps how long events are kept', async () => {
  const path = '/_index_template/logs-nmap';
  const lifecycle = { enabled: true, data_retention: '400d' };
  let kept: object = { index_patterns: ['logs-nmap-*'], _meta: { managed_by: 'portlog' }, template: { lifecycle } };
  const server = await scriptedServer(({ method, path: asked, body }, response) => {
    if (asked !== path) return answer(response, method === 'GET' ? 404 : 200, {});
    if (method === 'PUT') kept = JSON.parse(body) as object;
    answer(response, 200, method === 'PUT' ? {} : { index_templates: [{ name: 'logs-nmap', index_template: kept }] });
  });
  const { code, said } = await setup('elasticsearch', server.url.origin);
  expect([code, said]).toEqual([0, expect.arrayContaining(['updated index template logs-nmap'])]);
  expect(kept).toMatchObject({ index_patterns: ['logs-nmap.*-*'], template: { lifecycle } });
  const again = await setup('elasticsearch', server.url.origin);
  expect(again.said).not.toContain('updated index template logs-nmap');
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
  [['setup', 'loki', '--export', '/dev/null/x'], 'the files cannot be written to /dev/null/x: a part of its path is not a directory'],
  [['setup', 'kibana', '--retention-days', '9'], '--retention-days is for portlog setup elasticsearch or opensearch'],
  [['setup', 'opensearch', '--retention-days', '0'], '--retention-days needs a whole number from 1'],
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
  ['loki', 401, 'no org id', 'requires a tenant for rules', 'set PORTLOG_LOKI_TENANT'],
  ['elasticsearch', 403, '{}', 'answered 403 to GET /_ingest/pipeline/logs-nmap@pipeline', 'it needs to manage index templates'],
  ['opensearch', 403, '{}', 'answered 403 to GET /_ingest/pipeline/logs-nmap@pipeline', '(of OpenSearch: opensearch.md)'],
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

test.each([
  ['elasticsearch', 403, '{"error":{"root_cause":[],"type":"security_exception","reason":"missing authentication credentials"},"status":401}'],
  ['opensearch', 403, '{"error":{"type":"security_exception","reason":"missing authentication credentials"},"status":401}'],
  ['kibana', 401, '{"statusCode":401,"error":"Unauthorized","message":"missing authentication credentials"}'],
  ['grafana', 401, '{"message":"missing authentication credentials","messageId":"password-auth.failed","statusCode":401}'],
  ['wazuh', 401, '{"title":"Unauthorized","detail":"missing authentication credentials"}'],
  ['elasticsearch', 403, 'missing authentication\n  credentials\n'],
  ['elasticsearch', 403, '{"error":"missing authentication credentials","status":401}'],
])('of what %s says with a %i, its sentence is told: %s', async (target, status, body) => {
  const server = await scriptedServer(({ path }, response) =>
    path.includes('authenticate') ? answer(response, 200, 'a.e30.c') : answer(response, status, body),
  );
  const { code, said } = await setup(target, server.url.origin);
  await server.stop();
  expect([code, said.join('\n')]).toEqual([2, expect.stringMatching(/answered 40[13] to GET \S+: missing authentication credentials(?:\n|$)/)]);
});

test('portlog check, which changes nothing, says nothing of what was done', async () => {
  const server = await scriptedServer((_, response) => answer(response, 400, 'unsupported path requested'));
  const { stdout } = await portlog(['check', '--to', `loki=${server.url.origin}`, '--state-dir', freshDir()]);
  await server.stop();
  expect(stdout).toContain(`ok      ${server.url.origin} takes what is pushed to Loki, and has no ruler for alert rules\n`);
  expect(stdout).not.toContain('what was done before');
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

test('a key from an Elasticsearch without security: says that it knows none, and needs none', async () => {
  const server = await scriptedServer((seen, response) => {
    if (seen.path === '/') answer(response, 200, { version: { number: '9.4.3' }, tagline: 'You Know, for Search' });
    else if (seen.path.startsWith('/_security')) answer(response, 400, { error: 'no handler found for uri [/_security/api_key] and method [POST]' });
    else if (seen.method === 'PUT') answer(response, 200, { acknowledged: true });
    else answer(response, 404, {});
  });
  const { code, stderr } = await portlog(['setup', 'elasticsearch', '--url', server.url.origin, '--api-key']);
  await server.stop();
  expect(code).toBe(2);
  expect(stderr).toContain(`${server.url.origin} knows no API keys: security is switched off there\n`);
  expect(stderr).toContain('it takes events without a key');
});

test('a key that could do less than shipping needs, because who makes it may do less, is not made', async () => {
  const asked: string[] = [];
  let mayCreate = false;
  const server = await scriptedServer((seen, response) => {
    if (seen.path === '/_security/user/_has_privileges') {
      const { cluster, index } = JSON.parse(seen.body) as {
        readonly cluster: readonly string[];
        readonly index: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
      };
      const has = (privileges: readonly string[]): object => Object.fromEntries(privileges.map((one) => [one, mayCreate || one !== 'create_doc']));
      return answer(response, 200, {
        cluster: has(cluster),
        index: Object.fromEntries(index.map(({ names, privileges }) => [names[0], has(privileges)])),
      });
    }
    if (seen.path.startsWith('/_security')) asked.push(seen.path);
    if (seen.path === '/_security/api_key') answer(response, 200, { encoded: 'aWQ6a2V5' });
    else answer(response, seen.method === 'PUT' ? 200 : 404, {});
  });
  const make = (): ReturnType<typeof setup> => setup('elasticsearch', server.url.origin, '--api-key');
  const { code, said } = await make();
  expect([code, said.at(-2)]).toEqual([2, 'a key that these credentials make could not ship: they lack "create_doc" on logs-nmap.*-* themselves']);
  expect([said.at(-1), asked]).toEqual([expect.stringContaining('→ no API key was made: use the credentials of somebody who has that, too'), []]);
  mayCreate = true;
  expect([(await make()).stdout, asked]).toEqual(['aWQ6a2V5\n', ['/_security/api_key']]);
  await server.stop();
});
