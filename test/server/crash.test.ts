import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { portlog as portlogInProcess } from '../support/run-in-process.ts';
import { finished, freshDir, portlog, startPortlog } from '../support/run-portlog.ts';
import { eventsOf, FOOTER, host, port, scan } from '../support/scans.ts';
import { type BothServers, startBoth } from './both.ts';

/** How often portlog is killed; `PORTLOG_KILLS=500` for a longer look. */
const KILLS = Number(process.env['PORTLOG_KILLS'] ?? 50);

let servers: BothServers;
let elasticsearch: BothServers['elasticsearch'];
let store: BothServers['second'];
let env: BothServers['env'];

beforeAll(async () => {
  servers = await startBoth();
  ({ elasticsearch, second: store, env } = servers);
});
afterAll(() => servers.stop());

test(
  `killed at ${KILLS} random moments: the same command again, then replay, and each event is stored exactly once`,
  { timeout: 40 * 60_000 },
  async () => {
    const now = Math.floor(Date.now() / 1000);
    const hosts = Array.from({ length: 500 }, (_, i) =>
      host(`10.9.${i >> 8}.${i & 255}`, `${port(80)}${port(443)}`, `starttime="${now - 900 + i}" endtime="${now - 899 + i}"`),
    );
    const text = scan(hosts.join(''), `scanner="nmap" version="7.93" args="nmap -oX - 10.9.0.0/16" start="${now - 1000}"`);
    const input = join(freshDir(), 'scan.xml');
    writeFileSync(input, text.replace(FOOTER, FOOTER.replace('1760000060', String(now))));
    const expected = eventsOf(text).length;
    const seen: string[] = [];
    for (let kill = 0; kill < KILLS; kill++) {
      const site = `kill-${kill}`;
      const state = freshDir();
      const args = ['--site', site, '--state-dir', state, '--to', `elasticsearch=${elasticsearch.url}`, '--to', store.to, input];
      const child = startPortlog(args, { env });
      const ended = finished(child);
      // From before it has opened anything to after it has ended.
      const timer = setTimeout(() => child.kill('SIGKILL'), 120 + Math.random() * 900);
      const killed = await ended;
      clearTimeout(timer);
      // These are not killed, and need no process.
      const again = await portlogInProcess([...args, '--json'], { env });
      const replay = await portlogInProcess(['replay', '--state-dir', state], { env });
      expect([again.code, replay.code], `${site}: ${again.stderr}${replay.stderr}`).toEqual([0, 0]);
      const summary = JSON.parse(again.stderr.split('\n').find((line) => line.startsWith('{')) ?? '{}') as {
        sinks: { read: number; unaccounted: number; spooled: number }[];
      };
      // The baseline is told by the run that comes to the end of the scan first.
      for (const sink of summary.sinks) {
        expect(sink, site).toMatchObject({ unaccounted: 0, spooled: 0 });
        expect([expected, expected + 1], site).toContain(sink.read);
      }
      expect(replay.stderr, site).toContain('nothing waits');
      seen.push(killed.code === null ? 'killed' : 'ended before');
    }
    expect(seen.filter((how) => how === 'killed').length).toBeGreaterThan(KILLS / 4);

    await elasticsearch.ask('POST', '/logs-nmap.*/_refresh');
    for (let kill = 0; kill < KILLS; kill++) {
      const site = `kill-${kill}`;
      const { body } = await elasticsearch.ask('POST', '/logs-nmap.*/_search', {
        size: 0,
        track_total_hits: true,
        query: { bool: { filter: { term: { 'nmap.site': site } }, must_not: { term: { 'event.dataset': 'nmap.health' } } } },
      });
      // One backing index, where an id is there once.
      expect([site, body.hits.total.value]).toEqual([site, expected + 1]);
      const stored = await store.events(site);
      const ids = Map.groupBy(stored, ({ id }) => id);
      const twice = [...ids.values()].find((copies) => copies.length > 1);
      expect([site, ids.size], JSON.stringify(twice)).toEqual([site, expected + 1]);
      if (store.dedups) expect([site, stored.length], JSON.stringify(twice)).toEqual([site, expected + 1]);
    }
  },
);

test('a watcher that is killed again and again ships each scan of its directory once', { timeout: 10 * 60_000 }, async () => {
  const now = Math.floor(Date.now() / 1000);
  const folder = freshDir();
  const ids = new Set<string>();
  const put = (index: number): void => {
    const times = `starttime="${now - 900 + index}" endtime="${now - 899 + index}"`;
    const text = scan(
      [1, 2, 3].map((last) => host(`10.8.${index}.${last}`, port(80), times)).join(''),
      `scanner="nmap" version="7.93" args="nmap -oX - 10.8.${index}.0/24" start="${now - 1000 + index}"`,
    );
    writeFileSync(join(folder, `${String(index).padStart(3, '0')}.xml`), text);
    for (const { id } of eventsOf(text, { site: 'watched' })) ids.add(id);
  };
  const args = ['watch', folder, '--poll-seconds', '0.1', '--site', 'watched', '--state-dir', freshDir()];
  args.push('--to', `elasticsearch=${elasticsearch.url}`, '--to', store.to);
  for (let kill = 0; kill < 20; kill++) {
    for (let i = 0; i < 10; i++) put(kill * 10 + i);
    const child = startPortlog(args, { env });
    const ended = finished(child);
    setTimeout(() => child.kill('SIGKILL'), 200 + Math.random() * 1500);
    await ended;
  }
  expect((await portlog([...args, '--once'], { env })).code).toBe(0);
  const second = await portlog([...args, '--once'], { env });
  expect([second.code, second.stderr]).toEqual([0, '']);

  await elasticsearch.ask('POST', '/logs-nmap.*/_refresh');
  const { body } = await elasticsearch.ask('POST', '/logs-nmap.*/_search', {
    size: 10_000,
    _source: false,
    query: {
      bool: { filter: { term: { 'nmap.site': 'watched' } }, must_not: { terms: { 'event.dataset': ['nmap.health', 'nmap.change'] } } },
    },
  });
  const stored = (body.hits.hits as { _id: string }[]).map(({ _id }) => _id);
  expect([...stored].sort()).toEqual([...ids].sort());
  const found = (await store.events('watched')).flatMap(({ id, dataset }) => (dataset === 'nmap.change' ? [] : [id]));
  expect((store.dedups ? found : [...new Set(found)]).sort()).toEqual([...ids].sort());
});
