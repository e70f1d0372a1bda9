import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { host, port } from '../support/scans.ts';
import { type CollectorServer, startCollector } from './collector.ts';
import { startVictoriaLogs, type VictoriaLogsServer } from './victorialogs.ts';
import { hasLoki, type LokiServer, startLoki } from './loki.ts';

const EVERYTHING = join(ROOT, 'test/fixtures/everything.xml');

interface LogRecord {
  readonly observedTimeUnixNano?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

/** Each record with its resource and scope, by its id; what says when it was read is left out. */
function recordsIn(requests: readonly any[]): ReadonlyMap<string, unknown> {
  const records = new Map<string, unknown>();
  for (const { resourceLogs } of requests)
    for (const { resource, scopeLogs } of resourceLogs)
      for (const { scope, logRecords } of scopeLogs)
        for (const { observedTimeUnixNano: _, ...record } of logRecords as LogRecord[]) {
          const id = record.attributes.find(({ key }) => key === 'log.record.uid')?.value.stringValue ?? '';
          expect(records.has(id), id).toBe(false);
          records.set(id, { resource, scope, ...record });
        }
  return records;
}

describe('the OpenTelemetry Collector', () => {
  let collector: CollectorServer;
  beforeAll(async () => {
    collector = await startCollector();
  });
  afterAll(() => collector?.stop());

  test.each(['json', 'protobuf'])('in %s, writes the same records that stdout shows in the other vocabulary', async (encoding) => {
    const what = ['--all', '--sensor', 'here', '--site', encoding, EVERYTHING];
    const { stdout } = await portlog(['--to', 'stdout', '--format', 'otel', ...what]);
    const shown = recordsIn(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    const before = new Set(recordsIn(await collector.requests()).keys());
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: otlp, url: "${collector.url}", encoding: ${encoding} }]\n`);
    const { code, stderr } = await portlog(['--config', config, '--state-dir', freshDir(), '--no-changes', ...what]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`delivered ${shown.size} + already 0 + dead 0`)]);
    const written = recordsIn(await collector.requests());
    for (const [id, record] of shown) expect(written.get(id), id).toEqual(record);
    const others = [...written].filter(([id]) => !shown.has(id) && !before.has(id)).map(([, record]) => (record as { eventName: string }).eventName);
    expect(others).toEqual(['nmap.run_summary']);
  });

  test('10,000 ports in a burst are 10,000 records', async () => {
    const folder = freshDir();
    const file = join(folder, 'many.xml');
    const ports = (from: number): string => Array.from({ length: 100 }, (_, i) => port(from + i).replace(/<\/?ports>/g, '')).join('');
    const hosts = Array.from({ length: 100 }, (_, i) => host(`192.0.2.${i}`, `<ports>${ports(20_100)}</ports>`));
    writeFileSync(
      file,
      `<?xml version="1.0"?><nmaprun scanner="nmap" args="nmap -oX - 192.0.2.0/24" start="1760000000">${hosts.join('')}<runstats><finished time="1760000060" exit="success"/></runstats></nmaprun>`,
    );
    const before = recordsIn(await collector.requests()).size;
    const { code, stderr } = await portlog(['--state-dir', freshDir(), '--no-changes', '--to', `otlp=${collector.url}`, file]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('read 10,101 = delivered 10,101 + already 0 + dead 0')]);
    // With one more, that tells of the run.
    expect(recordsIn(await collector.requests()).size - before).toBe(10_102);
  });

  test('check, a wrong path, and nobody there', async () => {
    const check = async (url: string): Promise<string> => (await portlog(['check', '--to', `otlp=${url}`, '--state-dir', freshDir()])).stdout;
    expect(await check(collector.url)).toContain(`ok      ${collector.url} takes OTLP in protobuf`);
    expect(await check(`${collector.url}/nowhere`)).toContain('does not accept OTLP at /nowhere (404: ');
  });
});

describe('VictoriaLogs', () => {
  let server: VictoriaLogsServer;
  beforeAll(async () => {
    server = await startVictoriaLogs();
  });
  afterAll(() => server?.stop());

  test('takes every record, in protobuf, which is what portlog sends unless told otherwise', async () => {
    const state = freshDir();
    const to = ['--state-dir', state, '--no-changes', '--all', '--site', 'otlp', '--to', `otlp=${server.otlpUrl}`];
    expect((await portlog(['check', ...to])).stdout).toContain(`ok      ${server.url} takes OTLP in protobuf`);
    const { code, stderr } = await portlog([...to, EVERYTHING]);
    expect(code, stderr).toBe(0);
    const [, read] = /read (\d+) = delivered \1 \+/.exec(stderr) ?? [];
    const [sum] = await server.query('nmap.site:="otlp" severity_text:* | stats count_uniq("log.record.uid") n');
    // With the one about the run.
    expect(Number(sum?.['n'])).toBe(Number(read) + 1);
  });

  test('refuses JSON: check says so, and nothing becomes a dead letter', async () => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks: [{ type: otlp, url: "${server.otlpUrl}", encoding: json }]\n`);
    const args = ['--config', config, '--state-dir', freshDir()];
    expect((await portlog(['check', ...args])).stdout).toContain('takes OTLP in protobuf, and not in json (400');
    const { code, stderr } = await portlog([...args, '--no-changes', EVERYTHING]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('takes OTLP in protobuf, and not in json')]);
    expect(stderr).not.toMatch(/dead [1-9]/);
  });

  test('takes lines of JSON, told by the query string which field is which', async () => {
    const { code, stderr } = await portlog([
      '--state-dir',
      freshDir(),
      '--no-changes',
      '--all',
      '--site',
      'json',
      '--to',
      `http=${server.jsonUrl}`,
      EVERYTHING,
    ]);
    expect(code, stderr).toBe(0);
    const [, read] = /read (\d+) = delivered \1 \+/.exec(stderr) ?? [];
    const stored = await server.query('nmap.site:="json"');
    expect(new Set(stored.map((record) => record['event.id'])).size).toBe(Number(read) + 1);
    for (const record of stored) expect(record['_msg']).not.toContain('missing _msg');
  });
});

describe.skipIf(!hasLoki)('the OTLP endpoint of Loki', () => {
  let loki: LokiServer;
  beforeAll(async () => {
    loki = await startLoki();
  });
  afterAll(() => loki?.stop());

  test('takes what is recent; what is older than its window is a dead letter, and the rest is there', async () => {
    const folder = freshDir();
    const run = (at: number): string =>
      `<?xml version="1.0"?><nmaprun scanner="nmap" args="nmap -oX - 192.0.2.0/24" start="${at}">${[1, 2, 3].map((i) => host(`192.0.2.${i}`, port(80), `starttime="${at}" endtime="${at}"`)).join('')}<runstats><finished time="${at}" exit="success"/></runstats></nmaprun>`;
    const now = Math.floor(Date.now() / 1000);
    writeFileSync(join(folder, 'new.xml'), run(now - 3600));
    writeFileSync(join(folder, 'old.xml'), run(now - 30 * 86_400));
    const tenant = loki.tenant('fast');
    const env = { PORTLOG_OTLP_TENANT: tenant };
    const args = ['--state-dir', join(folder, 'state'), '--no-changes', '--to', `otlp=${loki.url}/otlp`];
    const fresh = await portlog([...args, join(folder, 'new.xml')], { env });
    expect([fresh.code, fresh.stderr]).toEqual([0, expect.stringContaining('read 7 = delivered 7 + already 0 + dead 0')]);
    const old = await portlog([...args, join(folder, 'old.xml')], { env });
    expect([old.code, old.stderr]).toEqual([1, expect.stringContaining('read 7 = delivered 0 + already 0 + dead 7')]);
    const entries = await loki.entries(tenant, '{service_name="portlog"}');
    expect(entries.filter(({ line }) => line.includes('192.0.2.')).length).toBe(6);
    expect(entries.find(({ line }) => line.includes('80/tcp'))?.stream).toMatchObject({ server_port: '80', nmap_port_state: 'open' });
  });
});
