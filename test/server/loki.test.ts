import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lokiScenarios, scanOf } from '../support/loki-scenarios.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { hasLoki, type LokiServer, ownsLoki, startLoki } from './loki.ts';
import { startVictoriaLogs, type VictoriaLogsServer } from './victorialogs.ts';

describe.skipIf(!hasLoki)('a real Loki', () => lokiScenarios(() => startLoki(), ownsLoki));

describe.skipIf(!ownsLoki)('a real Loki that is killed', () => {
  let loki: LokiServer;
  beforeAll(async () => {
    loki = await startLoki();
  });
  afterAll(() => loki?.stop());

  test('down in the middle and back again: every event is there', async () => {
    const input = join(freshDir(), 'scan.xml');
    writeFileSync(input, scanOf(Array.from({ length: 3000 }, (_, i) => i)));
    await loki.halt();
    const shipping = portlog(['--json', '--state-dir', freshDir(), '--to', `loki=${loki.url}`, input], { env: { PORTLOG_LOKI_TENANT: 'fast' } });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await loki.resume();
    const { stderr, code } = await shipping;
    const { sinks } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '{}') as { sinks: object[] };
    expect(sinks[0]).toMatchObject({ read: 6002, delivered: 6002, spooled: 0, dead: 0 });
    expect(code).toBe(0);
    const stored = await loki.entries('fast', '{service_name="portlog", dataset!="nmap.health"} | line_format ``');
    expect(new Set(stored.map(({ stream }) => stream['event_id'])).size).toBe(6002);
  });
});

describe('the push API of Loki that VictoriaLogs has', () => {
  let server: VictoriaLogsServer;
  beforeAll(async () => {
    server = await startVictoriaLogs();
  });
  afterAll(() => server?.stop());

  test('each event is there, whole, with the labels and metadata that it has in Loki; the query string says which field is the message', async () => {
    const input = join(ROOT, 'test/fixtures/everything.xml');
    const { stdout } = await portlog(['--to', 'stdout', '--format', 'ecs', '--all', input]);
    const shown = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const args = ['--all', '--no-changes', '--state-dir', freshDir(), '--to', `loki=${server.lokiUrl}`];
    const { code, stderr } = await portlog([...args, input]);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`read ${shown.length} = delivered ${shown.length} + already 0 + dead 0`)]);
    const stored = await server.query('{service_name="portlog"} dataset:!="nmap.health"');
    expect(new Set(stored.map(({ event_id }) => event_id))).toEqual(new Set(shown.map(({ event }) => event.id)));
    expect(stored.length).toBe(shown.length);
    const byId = new Map(stored.map((record) => [record['event_id'], record]));
    for (const { event, message, ...rest } of shown) {
      const record = byId.get(event.id);
      expect(record).toMatchObject({ '_msg': message, 'dataset': event.dataset, 'event.action': event.action, '@timestamp': rest['@timestamp'] });
      if (rest.server?.port !== undefined) expect(record).toMatchObject({ server_port: String(rest.server.port) });
    }
  });

  test('6,002 events in many requests are 6,002 events; check says that it is there', async () => {
    const input = join(freshDir(), 'scan.xml');
    writeFileSync(input, scanOf(Array.from({ length: 3000 }, (_, i) => i)));
    const to = ['--state-dir', freshDir(), '--to', `loki=${server.lokiUrl}`];
    const { code, stderr } = await portlog(['--site', 'many', ...to, input]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('read 6,002 = delivered 6,002')]);
    const [sum] = await server.query('{site="many"} dataset:!="nmap.health" | stats count() n, count_uniq(event_id) ids');
    expect(sum).toEqual({ n: '6002', ids: '6002' });
    expect((await portlog(['check', ...to])).stdout).toContain(`ok      Loki at ${server.url} takes events without credentials`);
  });
});
