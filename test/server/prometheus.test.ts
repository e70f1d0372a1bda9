import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { lokiRuleGroup } from '../../src/content/loki-rules.ts';
import { DEFAULT_CONTENT } from '../../src/content/options.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { METRICS_PANELS } from '../../src/metrics/panels.ts';
import type { TestSeries } from '../../src/metrics/rule.ts';
import { METRICS_RULES } from '../../src/metrics/rules.ts';
import { finished, freshDir, portlog, ROOT, startPortlog } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';

const run = promisify(execFile);
const RULES = join(ROOT, 'dashboards', 'prometheus', 'portlog-rules.yaml');

test('promtool accepts the rules, and every expression of the dashboard', async () => {
  await run('promtool', ['check', 'rules', RULES]);
  const exprs = METRICS_PANELS.flatMap(({ queries }) =>
    queries.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$site', '.*')),
  );
  const path = join(freshDir(), 'panels.yaml');
  writeFileSync(path, stringify({ groups: [{ name: 'panels', rules: exprs.map((expr, i) => ({ record: `panel:${i}`, expr })) }] }));
  await run('promtool', ['check', 'rules', path]);
});

test('rules and dashboard use only metrics that portlog exports', () => {
  const texts = [...METRICS_RULES.map(({ expr }) => expr), ...METRICS_PANELS.flatMap(({ queries }) => queries.map(({ expr }) => expr))];
  const named = new Set(texts.flatMap((text) => text.match(/portlog_\w+/g) ?? []));
  expect([...named].filter((name) => !(name in METRICS))).toEqual([]);
});

test.each(METRICS_RULES)('$alert is fired by what it is about, and by nothing else', async ({ alert, fires, quiet }) => {
  const names = async (series: readonly TestSeries[]): Promise<string> => {
    const path = join(freshDir(), 'test.yaml');
    const input = series.map(({ series: name, values }) => ({ series: name, values }));
    // promtool compares labels whole, and those are not the point: it is asked for how many fire.
    const expr = `count(ALERTS{alertname="${alert}",alertstate="firing"}) or vector(0)`;
    const samples = (value: number): object => ({ expr, eval_time: '2h', exp_samples: [{ labels: '{}', value }] });
    const file = (value: number): string =>
      stringify({
        rule_files: [RULES],
        evaluation_interval: '1m',
        tests: [{ interval: '1m', input_series: input, promql_expr_test: [samples(value)] }],
      });
    for (const [value, word] of [
      [0, 'quiet'],
      [1, 'fires'],
    ] as const) {
      writeFileSync(path, file(value));
      const passes = await run('promtool', ['test', 'rules', path]).then(
        () => true,
        () => false,
      );
      if (passes) return word;
    }
    return 'neither';
  };
  expect(await names(fires)).toBe('fires');
  expect(await names(quiet)).toBe('quiet');
});

test.each([
  {
    about: 'give a link that leads to the host',
    name: 'PortlogNewOpenPort',
    labels: { server_address: 'fe80::1%eth0', server_port: '443', network_transport: 'tcp' },
    summary: 'New open port fe80::1%eth0 443/tcp',
    address: 'fe80%3A%3A1%25eth0',
  },
  {
    about: 'make plain words of what strangers wrote',
    name: 'PortlogNewHost',
    labels: { server_address: '192.0.2.7', host_name: '<!channel> [x](javascript:1) @here {{ .Labels }} größe_1' },
    summary: 'New host 192.0.2.7 (??channel? ?x??javascript:1? ?here ?? .Labels ?? größe_1)',
    address: '192.0.2.7',
  },
])('templates of alerts for Loki and Grafana, which are those of Prometheus, $about', async ({ name, labels, summary, address: host }) => {
  const rule = lokiRuleGroup(DEFAULT_CONTENT).rules.find(({ alert }) => alert === name);
  const expr = Object.entries(labels).reduce((inner, [label, value]) => `label_replace(${inner}, "${label}", "${value}", "", "")`, 'vector(1)');
  const home = freshDir();
  const rules = join(home, 'rules.yaml');
  writeFileSync(rules, stringify({ groups: [{ name: 'g', interval: '1s', rules: [{ ...rule, expr }] }] }));
  const config = join(home, 'prometheus.yml');
  writeFileSync(config, stringify({ global: { evaluation_interval: '1s' }, rule_files: [rules] }));
  const address = `127.0.0.1:${await freePort()}`;
  // What Grafana calls itself ends in a slash.
  const url = '--web.external-url=https://grafana.example.net/';
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(home, 'tsdb')}`, `--web.listen-address=${address}`, url];
  const prometheus = startServer('prometheus', args, { stdio: 'ignore' });
  try {
    expect((await alertOf(address)).annotations).toMatchObject({
      host_dashboard: `https://grafana.example.net/d/portlog-host?var-address=${host}`,
      summary,
    });
  } finally {
    prometheus.kill('SIGTERM');
    await new Promise((resolve) => prometheus.once('close', resolve));
  }
});

test('promtool accepts what portlog writes for node_exporter, and a real Prometheus scrapes it', async () => {
  const home = freshDir();
  const scans = join(home, 'scans');
  mkdirSync(scans);
  writeFileSync(join(scans, 'a.xml'), scan(host('192.0.2.1', port(80) + port(23))));
  const common = ['--state-dir', join(home, 'state'), '--to', `file=${join(home, 'out')}`, '--site', 'lab'];
  const file = join(home, 'portlog.prom');
  expect(await portlog(['watch', '--once', scans, ...common, '--metrics-file', file])).toMatchObject({ code: 0 });
  await promtoolChecks(readFileSync(file, 'utf8'));

  const listen = `127.0.0.1:${await freePort()}`;
  const child = startPortlog(['watch', scans, ...common, '--metrics-listen', listen]);
  const config = join(home, 'prometheus.yml');
  const target = { job_name: 'portlog', scrape_interval: '1s', static_configs: [{ targets: [listen] }] };
  writeFileSync(config, stringify({ rule_files: [RULES], scrape_configs: [target] }));
  const address = `127.0.0.1:${await freePort()}`;
  const prometheus = startServer(
    'prometheus',
    [`--config.file=${config}`, `--storage.tsdb.path=${join(home, 'tsdb')}`, `--web.listen-address=${address}`],
    {
      stdio: 'ignore',
    },
  );
  try {
    expect(await asked(address, 'portlog_open_ports{zone="unassigned"}')).toBe(2);
    expect(await asked(address, 'up{job="portlog"}')).toBe(1);
    await promtoolChecks(await (await fetch(`http://${listen}/metrics`)).text());
  } finally {
    for (const one of [child, prometheus]) one.kill('SIGTERM');
    await Promise.all([finished(child), new Promise((resolve) => prometheus.once('close', resolve))]);
  }
});

async function promtoolChecks(text: string): Promise<void> {
  const checking = run('promtool', ['check', 'metrics']);
  checking.child.stdin?.end(text);
  const { stderr, stdout } = await checking;
  expect(stdout + stderr).toBe('');
}

/** The first alert that fires. */
async function alertOf(address: string): Promise<{ readonly annotations?: object }> {
  for (let tries = 0; tries < 120; tries++) {
    const answer = await fetch(`http://${address}/api/v1/alerts`).catch(() => undefined);
    const { data } = ((await answer?.json().catch(() => undefined)) ?? {}) as { data?: { alerts: readonly { annotations: object }[] } };
    if (data?.alerts[0] !== undefined) return data.alerts[0];
    await wait(250);
  }
  return {};
}

/** The value of the one series of an expression, as soon as there is one. */
async function asked(address: string, query: string): Promise<number> {
  for (let tries = 0; tries < 120; tries++) {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(query)}`).catch(() => undefined);
    const { data } = ((await answer?.json().catch(() => undefined)) ?? {}) as { data?: { result: readonly { value: readonly [number, string] }[] } };
    const [first] = data?.result ?? [];
    if (first !== undefined) return Number(first.value[1]);
    await wait(500);
  }
  throw new Error(`Prometheus knows nothing of ${query} after a minute`);
}
