import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import { flatLine } from '../../src/event/flat.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { wazuhSink } from '../../src/sink/wazuh/wazuh.ts';
import { againstServer } from '../support/against.ts';
import { runPipeline } from '../support/delivery.ts';
import { FakeWazuh } from '../support/fake-wazuh.ts';
import { faultContract } from '../support/fault-contract.ts';
import { eventsOf, fixture, host, port, scan } from '../support/scans.ts';
import { scriptedStream } from '../support/scripted-stream.ts';
import { answer, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { sinkOptions } from '../support/sink-options.ts';

/* What it writes is tested in test/alerts/wazuh.test.ts. */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const LINES = EVENTS.map(flatLine);
const USER = { kind: 'basic', user: 'wazuh-wui', secret: () => 'secret' } as const;

test.each([undefined, 'udp://wazuh:514', 'gopher://wazuh', 'wazuh:55000'])('%s is no way in', (target) => {
  expect(() => wazuhSink(sinkOptions('wazuh', { target }))).toThrow(/needs a file|UDP is not supported|is not an address|may be a file or a manager/);
});

test('takes what rules look at, unless told otherwise', () => {
  const sink = (datasets?: OptionsOf<'wazuh'>['datasets']): Sink => wazuhSink(sinkOptions('wazuh', { target: '/var/log/w.ndjson', datasets }));
  expect([sink().accepts('nmap.change'), sink().accepts('nmap.finding'), sink().accepts('nmap.port')]).toEqual([true, false, false]);
  expect([sink(['nmap.port']).accepts('nmap.finding'), sink(['nmap.port']).accepts('nmap.port')]).toEqual([false, true]);
});

/* How it writes is tested in wazuh-file.test.ts. */
test("a file is told apart from another sink's of the same name, and its name says what it is", () => {
  const sink = wazuhSink(sinkOptions('wazuh', { target: '/var/log/w.ndjson' }));
  expect([sink.name, sink.identity.type]).toEqual(['wazuh /var/log/w.ndjson', 'wazuh']);
});

test('syslog: lines with the header that a manager knows', async () => {
  let got = '';
  const server = await scriptedStream((socket, read) => void read.then((text) => socket.end(() => (got = text))));
  const sink = wazuhSink(sinkOptions('wazuh', { target: `tcp://127.0.0.1:${server.port}` }));
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  const messages = got.split('\n').slice(0, -1);
  for (const message of messages) expect(message).toMatch(/^<\d{3}>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [!-~]+ portlog: \{/);
  expect(messages.map((message) => message.slice(message.indexOf('{')))).toEqual(LINES);
  await server.stop();
});

describe('the API', () => {
  let wazuh: FakeWazuh;
  let url: string;
  beforeEach(async () => {
    wazuh = new FakeWazuh();
    url = await wazuh.start();
  });
  afterEach(() => wazuh.stop());
  const open = (more: Partial<OptionsOf<'wazuh'>> = {}): Sink => wazuhSink(sinkOptions('wazuh', { target: url, credentials: USER, ...more }));

  describe('the contract', () => sinkContract(async () => open()));

  test('logs in once, and sends texts', async () => {
    const sink = open();
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(wazuh.events).toEqual([...LINES, ...LINES]);
    expect(wazuh.logins).toBe(1);
  });

  test('asks for another token when the first has expired, by its word or by the clock', async () => {
    let later = 0;
    const sink = open({ clock: { ...systemClock, elapsed: () => systemClock.elapsed() + later } });
    wazuh.tokenTakes = 1;
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).toMatchObject({ delivered: EVENTS.length });
    expect(wazuh.logins).toBe(2);
    wazuh.tokenTakes = Infinity;
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(wazuh.logins).toBe(3);
    later = 850_000;
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(wazuh.logins).toBe(4);
    expect(wazuh.events).toHaveLength(5 * EVENTS.length);
    wazuh.tokenTakes = 0;
    const useless = open();
    await expect(useless.send(batchOf(entriesOf(useless, EVENTS)), NEVER)).rejects.toMatchObject({ kind: 'permanent' });
  });

  test('30 requests a minute, those that fail too; the next one waits', async () => {
    let now = 0;
    const waits: number[] = [];
    const clock: Clock = {
      ...systemClock,
      elapsed: () => now,
      async sleep(ms) {
        waits.push(ms);
        now += ms;
      },
    };
    const sink = open({ clock });
    wazuh.now = () => now;
    wazuh.onLogin = () => void (now += 800);
    for (let i = 0; i < 61; i++) {
      expect(await sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 1))), NEVER)).toMatchObject({ delivered: 1 });
      now += 100;
    }
    expect(waits.filter((ms) => ms > 0)).toEqual([58_000, 58_000]);
    // Another process has not heard of these.
    const other = open({ clock: { ...clock, elapsed: () => 0 } });
    const [entry] = entriesOf(other, EVENTS);
    for (let i = 0; i < 29; i++) await other.send(batchOf([entry!]), NEVER);
    await expect(other.send(batchOf([entry!]), NEVER)).rejects.toMatchObject({ kind: 'temporary', retryAfterMs: 10_000 });
  });

  test.each([413, 417] as const)('what is too large for it (%i) goes in halves', async (status) => {
    const entries = entriesOf(open(), EVENTS);
    const refusing = open();
    wazuh.tooLarge = status;
    expect(await refusing.send(batchOf(entries), NEVER)).toMatchObject({ delivered: 0, retry: entries, rejected: [], split: true });
  });

  test('a 200 that did not take all: what is too long is rejected, what did not get through is tried again', async () => {
    const sink = open();
    const entries = entriesOf(sink, EVENTS);
    wazuh.refuse = (event) =>
      event === LINES[0]
        ? { code: 1012, message: 'Invalid message to queue' }
        : event === LINES[1]
          ? { code: 1014, message: 'Error communicating with socket' }
          : undefined;
    const outcome = await sink.send(batchOf(entries), NEVER);
    expect(outcome).toMatchObject({
      delivered: EVENTS.length - 2,
      retry: [entries[1]],
      rejected: [{ entry: entries[0], reason: 'Invalid message to queue' }],
    });
    wazuh.refuse = () => ({ code: 1014, message: 'Error communicating with socket' });
    expect(await sink.send(batchOf(entries), NEVER)).toMatchObject({ delivered: 0, retry: entries });
  });

  test('check: version, wrong password, no credentials', async () => {
    expect(await open().check(NEVER)).toMatchObject([{ level: 'ok', message: expect.stringContaining('Wazuh 4.14.7') }, { level: 'ok' }]);
    const wrong = open({ credentials: { ...USER, secret: () => 'wrong' } });
    await expect(wrong.check(NEVER)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('Invalid credentials') });
    await expect(open({ credentials: { kind: 'none' } }).check(NEVER)).rejects.toMatchObject({
      kind: 'permanent',
      message: expect.stringContaining('wants a user'),
    });
    expect(wazuh.events).toEqual([]);
  });

  test('check sees that this user may send no events', async () => {
    const levels = async (policies: object): Promise<readonly string[]> => {
      wazuh.policies = policies;
      return (await open().check(NEVER)).map(({ level }) => level);
    };
    expect(await levels({ 'event:ingest': { '*:*:*': 'allow' }, 'rbac_mode': 'white' })).toEqual(['ok', 'ok']);
    expect(await levels({ 'agent:read': { '*:*:*': 'allow' }, 'rbac_mode': 'white' })).toEqual(['ok', 'error']);
    expect(await levels({ 'event:ingest': { '*:*:*': 'deny' }, 'rbac_mode': 'white' })).toEqual(['ok', 'error']);
    expect(await levels({ rbac_mode: 'black' })).toEqual(['ok', 'ok']);
    wazuh.policies = { 'agent:read': { '*:*:*': 'allow' }, 'rbac_mode': 'white' };
    expect((await open().check(NEVER))[1]).toMatchObject({
      message: expect.stringContaining('it lacks event:ingest'),
      hint: expect.stringContaining('Policies'),
    });
  });
});

const forwarded = (count: number): object => ({
  data: { affected_items: [], total_affected_items: count, total_failed_items: 0, failed_items: [] },
  error: 0,
});

describe('an API that fails', () => {
  const against = againstServer('wazuh', (options) => wazuhSink({ ...options, credentials: USER }));
  const withLogin =
    (then: (seen: Seen, response: Parameters<typeof answer>[0]) => void) =>
    (seen: Seen, response: Parameters<typeof answer>[0]): void =>
      seen.path.startsWith('/security') ? void response.writeHead(200).end('a.b.c') : then(seen, response);

  test.each([
    [429, { title: 'Limit reached' }, { kind: 'temporary', retryAfterMs: 10_000 }],
    [403, { title: 'Permission Denied' }, { kind: 'permanent', hint: expect.stringContaining('event:ingest') }],
    [405, {}, { kind: 'permanent', hint: expect.stringContaining('4.6') }],
    [503, {}, { kind: 'temporary' }],
    [302, {}, { kind: 'permanent' }],
    [200, 'hello', { kind: 'temporary' }],
    [200, 'null', { kind: 'temporary' }],
    [200, { error: 0 }, { kind: 'temporary', message: expect.stringContaining('counts nothing of 12 events') }],
    [200, forwarded(0), { kind: 'temporary', message: expect.stringContaining('counts 0 of 12 events') }],
    [200, forwarded(13), { kind: 'temporary' }],
    [200, { data: { total_affected_items: 12, total_failed_items: 1 }, error: 0 }, { kind: 'temporary' }],
    [200, { data: [], error: 0 }, { kind: 'temporary' }],
    [200, { error: 0.5 }, { kind: 'temporary' }],
  ])('%i %j', async (status, body, error) => {
    const { sink } = await against(withLogin((_, response) => answer(response, status, body)));
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject(error);
  });

  test('a refusal that names nobody: the bad one is found by halves', async () => {
    const lines = (seen: Seen): readonly string[] => JSON.parse(seen.body).events;
    const { sink } = await against(
      withLogin((seen, response) =>
        answer(response, 200, lines(seen).includes(LINES[3]!) ? { error: 2, message: 'no' } : forwarded(lines(seen).length)),
      ),
    );
    const pipeline = await runPipeline({ ...sink, accepts: () => true }, EVENTS);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, dead: 1 });
    expect(pipeline.firstRejection).toBe('no');
  });

  test.each([
    [401, 'permanent'],
    [403, 'temporary'],
    [404, 'permanent'],
    [503, 'temporary'],
  ])('at the login, %i is %s', async (status, kind) => {
    const { sink } = await against((_, response) => answer(response, status, { title: 'no' }));
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind });
  });

  test('a login that gives no token is none of Wazuh', async () => {
    const { sink } = await against((_, response) => answer(response, 200, '<html>'));
    await expect(sink.check(NEVER)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('gave no token') });
  });

  describe('through a pipeline', () => {
    const isLogin = ({ path }: Seen): boolean => path.startsWith('/security');
    faultContract({
      open: (url) => ({ ...wazuhSink(sinkOptions('wazuh', { target: url.href, timeoutMs: 300, credentials: USER })), accepts: () => true }),
      ids: (seen) => (isLogin(seen) ? [] : (JSON.parse(seen.body).events as string[]).map((line) => JSON.parse(line).event.id as string)),
      accept: (seen, response) =>
        isLogin(seen) ? void response.writeHead(200).end('a.b.c') : answer(response, 200, forwarded(JSON.parse(seen.body).events.length)),
    });
  });
});

test('a burst is in requests of at most 100', async () => {
  const wazuh = new FakeWazuh();
  const url = await wazuh.start();
  const sink = wazuhSink(sinkOptions('wazuh', { target: url, credentials: USER }));
  const events = eventsOf(scan(Array.from({ length: 150 }, (_, i) => host(`192.0.2.${i}`, port(80))).join('')));
  const pipeline = await runPipeline({ ...sink, accepts: () => true }, events);
  expect(pipeline.account.tally).toMatchObject({ delivered: events.length });
  expect(wazuh.events).toHaveLength(events.length);
  expect(wazuh.actions).toHaveLength(Math.ceil(events.length / 100));
  await wazuh.stop();
});
