import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeScan } from '../../bench/generate.ts';
import { freshDir, portlog, until } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { type BothServers, startBoth } from './both.ts';

const MEGABYTES = Number(process.env['PORTLOG_OUTAGE_MB'] ?? 50);
let servers: BothServers;
let elasticsearch: BothServers['elasticsearch'];
let second: BothServers['second'];
let env: BothServers['env'];

beforeAll(async () => {
  servers = await startBoth();
  ({ elasticsearch, second, env } = servers);
});
afterAll(() => servers.stop());

const RSS = 'process.on("exit",()=>process.stderr.write("RSS "+process.resourceUsage().maxRSS+"\\n"))';

/** The sums of a run by the type of the sink, and its peak memory in MiB. */
function result(stderr: string): { sums: Record<string, any>; rssMib: number } {
  const { sinks } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{')) ?? '{"sinks":[]}') as { sinks: { sink: string }[] };
  const sums = Object.fromEntries(sinks.map((sink) => [sink.sink.split(' ', 1)[0], sink]));
  return { sums, rssMib: Number(/RSS (\d+)/.exec(stderr)?.[1]) / 1024 };
}

/** How many events of a site Elasticsearch has, but for what portlog tells of itself. */
async function stored(site: string): Promise<number> {
  await elasticsearch.ask('POST', '/logs-nmap.*/_refresh');
  const query = { bool: { filter: { term: { 'nmap.site': site } }, must_not: { term: { 'event.dataset': 'nmap.health' } } } };
  return (await elasticsearch.ask('POST', '/logs-nmap.*/_count', { query })).body.count;
}

test(`Elasticsearch is down: ${MEGABYTES} MB go to the other store, the rest waits, and replay delivers it`, { timeout: 30 * 60_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'portlog-outage-'));
  const input = join(folder, 'big.xml');
  writeScan(input, MEGABYTES);
  const state = freshDir();
  const args = ['--json', '--site', 'outage', '--state-dir', state, '--retry-for-seconds', '1'];
  const measured = { ...env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(RSS)}` };
  await elasticsearch.halt();
  const down = await portlog([...args, '--to', `elasticsearch=${elasticsearch.url}`, '--to', second.to, input], { env: measured });
  expect(down.code).toBe(5);
  expect(down.stderr).toContain('→ when it works again: portlog replay');
  const { sums, rssMib } = result(down.stderr);
  const { read } = sums['loki'] as { read: number };
  expect(sums['loki']).toMatchObject({ delivered: read, dead: 0, spooled: 0, unaccounted: 0 });
  expect(sums['elasticsearch']).toMatchObject({ read, delivered: 0, spooled: read, unaccounted: 0 });
  expect(rssMib).toBeLessThan(256);
  expect(await second.count('outage')).toBe(read);

  await elasticsearch.resume({ isLoaded: true });
  const replay = await portlog(['replay', '--json', '--state-dir', state], { env: measured });
  expect(replay.code, replay.stderr).toBe(0);
  const back = result(replay.stderr);
  // With what portlog had to tell about the run, and the records of the inventory.
  expect(back.sums['elasticsearch'].replayed).toMatchObject({ delivered: read + (sums['elasticsearch'].own.read as number), dead: 0 });
  expect(back.sums['elasticsearch'].waiting).toBe(0);
  expect(back.rssMib).toBeLessThan(256);
  expect(await stored('outage')).toBe(read);
  const problems = await elasticsearch.ask('POST', '/logs-nmap.health-*/_search', { query: { term: { 'event.action': 'delivery-problem' } } });
  expect(problems.body.hits.hits[0]._source.nmap.delivery).toMatchObject({
    problem: 'sink-failing',
    sink: [expect.stringContaining('elasticsearch')],
  });
});

test('and the disk is full: what could not be kept is in the sum, the other store has everything, exit 4', { timeout: 10 * 60_000 }, async () => {
  const mount = mkdtempSync(join(tmpdir(), 'portlog-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m,mode=0700', 'tmpfs', mount]);
  try {
    const input = join(freshDir(), 'scan.xml');
    writeScan(input, 12);
    const args = ['--json', '--site', 'full', '--state-dir', mount, '--retry-for-seconds', '1', input];
    const { stderr, code } = await portlog(['--to', 'elasticsearch=http://127.0.0.1:1', '--to', second.to, ...args], { env });
    const { sums } = result(stderr);
    const { read } = sums['loki'] as { read: number };
    expect(sums['loki']).toMatchObject({ delivered: read, unaccounted: 0 });
    const { spooled, unaccounted } = sums['elasticsearch'] as { spooled: number; unaccounted: number };
    expect(spooled + unaccounted).toBe(read);
    expect([spooled > 0, unaccounted > 0]).toEqual([true, true]);
    expect(stderr).toContain(`${mount}/portlog.db cannot grow: the disk is full\nportlog:   → make room, or name another directory with --state-dir`);
    expect(stderr).toMatch(
      /elasticsearch http:\/\/127\.0\.0\.1:1: read [\d,]+ = delivered 0 \+ already 0 \+ dead 0 \+ spooled [\d,]+ \+ neither delivered nor kept [\d,]+\n/,
    );
    expect(code).toBe(4);
  } finally {
    execFileSync('umount', ['-l', mount]);
  }
});

test('Elasticsearch goes down in the middle and comes back: one run delivers everything', { timeout: 20 * 60_000 }, async () => {
  const hosts = Array.from({ length: 6000 }, (_, i) =>
    host(`10.8.${i >> 8}.${i & 255}`, Array.from({ length: 8 }, (_x, p) => port(p + 40_001)).join('')),
  );
  const shipping = portlog(
    ['--json', '--site', 'middle', '--state-dir', freshDir(), '--retry-for-seconds', '900', '--to', `elasticsearch=${elasticsearch.url}`],
    {
      env,
      input: scan(hosts.join('')),
    },
  );
  await until(async () => (await stored('middle')) > 0);
  await elasticsearch.halt();
  await elasticsearch.resume();
  const { stderr, code } = await shipping;
  const { sums } = result(stderr);
  expect(sums['elasticsearch']).toMatchObject({ read: 54_002, spooled: 0, dead: 0, unaccounted: 0 });
  expect(sums['elasticsearch'].delivered + sums['elasticsearch'].already).toBe(54_002);
  expect(code).toBe(0);
  expect(await stored('middle')).toBe(54_002);
});
