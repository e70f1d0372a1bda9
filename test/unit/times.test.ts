import { inWords } from '../../src/change/phrases.ts';
import { describe, expect, test } from 'vitest';
import { SiteWatch } from '../../src/change/overdue-sites.ts';
import { KnownHosts } from '../../src/state/known-hosts.ts';
import { stateFile } from '../../src/state/store.ts';
import { INVENTORY } from '../../src/event/event.ts';
import { Database } from '../../src/state/database.ts';
import { SCHEMA_VERSIONS } from '../../src/state/schema.ts';
import { hostKeys } from '../support/script-output.ts';
import { completeRuns } from '../support/plain-runs.ts';
import { ecs, eventsOf, fixture, FOOTER } from '../support/scans.ts';
import { World } from '../support/world.ts';

const NOW = Date.parse('2026-12-31T12:00:00Z');
const DAY = 86_400_000;
const FUTURE = 253_402_300_799;
const VERSIONS_BEFORE = 4;

interface Told {
  readonly start?: number | string | undefined;
  readonly host?: number | string;
  readonly finished?: number;
  readonly ports: readonly number[];
  readonly address?: string;
}

/** A complete scan with `-v` of a network; times in epoch seconds, as they are told. */
function scanOf({ start, host = start, finished = Number(start), ports, address = '192.0.2.7' }: Told): string {
  const open = ports.map((port) => `<port protocol="tcp" portid="${port}"><state state="open" reason="syn-ack"/></port>`).join('');
  const began = start === undefined ? '' : ` start="${start}"`;
  const at = host === undefined ? '' : ` starttime="${host}" endtime="${host}"`;
  return `<nmaprun scanner="nmap" version="7.93" args="nmap -v -p 1-100 192.0.2.0/24"${began}><scaninfo type="syn" protocol="tcp" numservices="100" services="1-100"/><verbose level="1"/>
<host${at}><status state="up" reason="syn-ack"/><address addr="${address}" addrtype="ipv4"/><ports><extraports state="closed" count="${100 - ports.length}"/>${open}</ports></host>
${FOOTER.replace(/time="\d+"/, `time="${finished}"`)}</nmaprun>`;
}

/** Days before now, in seconds. */
const ago = (days: number): number => (NOW - days * DAY) / 1000;
const worldAt = (now = () => NOW): World => new World({ event: { now } });

describe('a scan of the future', () => {
  test('is reported, and hides nothing', async () => {
    const world = worldAt();
    await world.ship(fixture('future.xml').toString());
    expect(await world.ship(scanOf({ start: ago(-0.001), ports: [80, 22] }))).toEqual(['192.0.2.7 22/tcp opened, was closed']);
    const health = [...world.stored.values()].filter(({ action }) => action === 'scan-misdated');
    expect(health.map(({ message }) => message)).toEqual([
      `site default: a scan of nmap has impossible times in the run and 1 host (nmaprun@start=${FUTURE}, finished@time=${FUTURE}, host@starttime=${FUTURE}): correct the clock of the scanner; until then the time of reading counts`,
    ]);
    const events = [...world.stored.values()].map((event) => ecs(event));
    expect(events.filter((event) => event['@timestamp'] > new Date(NOW + DAY).toISOString())).toEqual([]);
    expect(events.find(({ event }) => event.action === 'host-observed' && event.created)?.nmap.malformed).toEqual([
      `host@starttime=${FUTURE}`,
      `host@endtime=${FUTURE}`,
    ]);
    expect(events.find(({ event }) => event.action === 'scan-finished').nmap.malformed).toEqual([
      `nmaprun@start=${FUTURE}`,
      `finished@time=${FUTURE}`,
      `host@starttime=${FUTURE}`,
    ]);
  });

  test('counts as older than any later scan with a possible time, even one that is read long after it was made', async () => {
    const world = worldAt();
    const future = fixture('future.xml').toString();
    await world.ship(future);
    expect(await world.ship(scanOf({ start: ago(30), ports: [80, 22] }))).toEqual(['192.0.2.7 22/tcp opened, was closed']);
    const before = world.known();
    expect(await world.ship(future)).toEqual([]);
    expect(world.known()).toEqual(before);
    expect(await world.ship(scanOf({ start: ago(29), ports: [80] }))).toEqual(['192.0.2.7 22/tcp closed (open for 1 day)']);
    // Late, as others tell.
    expect(await world.ship(scanOf({ start: ago(29.5), ports: [80, 23] }))).toEqual([]);
  });

  test('does not hide that an SSH server shows another host key afterwards', async () => {
    const withKey = (text: string, key: string): string =>
      text.replace('portid="22"><state state="open" reason="syn-ack"/>', `$&${hostKeys(['ssh-ed25519', key])}`);
    const [old, other] = ['AAAAC3NzaC1lZDI1NTE5AAAAIOld', 'AAAAC3NzaC1lZDI1NTE5AAAAINew'];
    let now = NOW + 10 * DAY;
    const wrong = new World({ event: { now: () => now } });
    // Our clock was ahead as well: it is set back before the next scan.
    await wrong.ship(withKey(scanOf({ start: now / 1000, ports: [22] }), old));
    now = NOW;
    expect(await wrong.ship(withKey(scanOf({ start: ago(1), ports: [22] }), other))).toEqual([
      expect.stringContaining('192.0.2.7 22/tcp has another SSH host key'),
    ]);
  });

  test('shipped again and again adds nothing to what is known', async () => {
    let now = NOW;
    const world = worldAt(() => now);
    const future = fixture('future.xml').toString();
    await world.ship(future);
    const before = world.known();
    now += 3 * DAY;
    expect(await world.ship(future)).toEqual([]);
    expect(world.known()).toEqual(before);
  });

  test.each([
    ['the host alone', { start: ago(2), host: FUTURE, finished: ago(2) + 60 }],
    ['its end alone', { start: ago(2), finished: FUTURE }],
    ['milliseconds for seconds', { start: NOW - 2 * DAY, finished: NOW - 2 * DAY }],
    ['no time at all', { start: undefined, finished: 0 }],
    ['a clock that began in 1970', { start: 86_400, finished: 86_460 }],
  ])('%s: the next scan is news, and the watch over overdue scans goes on', async (_, told) => {
    const world = worldAt();
    await world.ship(scanOf({ start: ago(3), ports: [80] }));
    await world.ship(scanOf({ ...told, ports: [80] }));
    expect(await world.ship(scanOf({ start: ago(-0.002), ports: [80, 22] }))).toEqual(['192.0.2.7 22/tcp opened, closed for 3 days']);
    const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
    const watch = new SiteWatch(database);
    expect(watch.overdue(new Map([['default', DAY]]), NOW)).toEqual([]);
    expect(watch.overdue(new Map([['default', DAY]]), NOW + 2 * DAY)).toHaveLength(1);
    database.close();
  });

  test('a host that was not scanned for ports has times of 0, and they are no fault', () => {
    const pinged = scanOf({ start: ago(1), host: 0, ports: [] });
    const [hostEvent, end] = eventsOf(pinged).map(ecs);
    expect(hostEvent['@timestamp']).toBe(new Date(ago(1) * 1000).toISOString());
    expect([hostEvent.nmap.malformed, end.nmap.malformed]).toEqual([undefined, undefined]);
  });

  test('a time of 0 is reported as missing if it is that of a run', () => {
    const [hostEvent, , end] = eventsOf(
      scanOf({ start: 0, host: 0, finished: 0, ports: [80] }).replace('<host', '<taskend task="x" time="0"/><host'),
    ).map(ecs);
    expect(hostEvent.nmap.malformed).toBeUndefined();
    expect(end.nmap.malformed).toEqual(['nmaprun@start=0', 'finished@time=0', 'taskend@time=0']);
  });

  test('a clock that is ten minutes ahead is a clock like others', () => {
    const start = ago(0) + 540;
    const [hostEvent] = eventsOf(scanOf({ start, ports: [80] })).map(ecs);
    expect(hostEvent['@timestamp']).toBe(new Date(start * 1000).toISOString());
    expect(hostEvent.nmap.malformed).toBeUndefined();
  });
});

describe('a host whose own time does not fit its run', () => {
  const first = { start: ago(3), ports: [80] };
  const late = { start: ago(2), ports: [80, 23] };

  test.each([
    ['lies before its start', { start: ago(1), host: ago(2) }],
    ['lies before all that is known', { start: ago(1), host: ago(9) }],
    ['lies behind its end', { start: ago(1), host: ago(0.5) }],
    ['is the only one that the scan tells', { start: undefined, host: ago(1), finished: 0 }],
    ['is told, and the start is not', { start: undefined, host: ago(1), finished: ago(1) + 60 }],
  ])('and %s: it is there, its changes are news, and it has its place among the scans', async (_, told) => {
    const world = worldAt();
    await world.ship(scanOf(first));
    expect(await world.ship(scanOf({ ...told, ports: [80, 22] }))).toEqual(['192.0.2.7 22/tcp opened, closed for 2 days']);
    expect(await world.ship(scanOf(late))).toEqual([]);
    expect(await world.ship(scanOf({ start: ago(0.1), ports: [80] }))).toEqual([
      expect.stringMatching(/^192\.0\.2\.7 22\/tcp closed \(open for \d+ hours\)$/),
    ]);
    expect(await world.ship(scanOf({ start: ago(0.05), ports: [], address: '192.0.2.1' }))).toContainEqual(
      expect.stringMatching(/^192\.0\.2\.7 is down, was up for 2 days$/),
    );
  });

  test.each([
    ['before its start', { start: ago(1), host: ago(9) }],
    ['without one', { start: undefined, host: ago(1), finished: ago(1) + 60 }],
  ])('%s: the order in which scans are shipped makes no difference', async (_, told) => {
    const scans = [scanOf(first), scanOf(late), scanOf({ ...told, ports: [80, 22] })];
    const [there, back] = [worldAt(), worldAt()];
    await there.ship(...scans);
    await back.ship(...scans.toReversed());
    expect(back.known()).toEqual(there.known());
  });

  test('shipped again it adds nothing', async () => {
    const world = worldAt();
    await world.ship(scanOf(first));
    const scans = [scanOf({ start: ago(1), host: ago(9), ports: [80, 22] }), scanOf({ start: undefined, host: ago(0.5), ports: [22] })];
    await world.ship(...scans);
    const before = world.known();
    expect(await world.ship(...scans)).toEqual([]);
    expect(world.known()).toEqual(before);
  });
});

/** The state file of a portlog that took every time as it was told, with a host of the year 9999. */
function oldState(world: World): void {
  const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS.slice(0, VERSIONS_BEFORE));
  const at = FUTURE * 1000;
  const run = { scanner: 'nmap', args: 'nmap -v -p 1-100 192.0.2.0/24', verbose: 1, scaninfo: [{ type: 'syn', protocol: 'tcp', services: '1-100' }] };
  const counts = { firstHosts: 1, firstPorts: 1, firstFindings: 0, changes: 0, changedHosts: 0 };
  database.run(
    "INSERT INTO scan (site, id, started, ended, complete, run, counts) VALUES ('default', 'future', ?, ?, 1, ?, ?)",
    at,
    at,
    JSON.stringify(run),
    JSON.stringify(counts),
  );
  const tests = { first: at, times: [at] };
  const known = {
    key: '192.0.2.7',
    up: { yes: tests, last: 'yes' },
    time: at,
    scan: 1,
    marks: ['a'],
    ips: ['192.0.2.7'],
    ports: { '80/tcp': { protocol: 'tcp', number: 80, open: { yes: tests, last: 'yes' }, state: 'open', at, scan: 1 } },
    tested: [{ protocol: 'tcp', ports: '1-100', tests, state: 'closed', scan: 1 }],
    findings: {},
  };
  const gone = { ...known, key: '192.0.2.9', ips: ['192.0.2.9'] };
  for (const one of [known, gone])
    database.run("INSERT INTO host (site, key, time, up, known) VALUES ('default', ?, ?, 1, ?)", one.key, at, JSON.stringify(one));
  database.run("INSERT INTO site (site, since) VALUES ('default', ?)", at);
  database.close();
}

describe('a state of before', () => {
  test('with a scan of the future is corrected by the next scan, which reports its changes', async () => {
    const world = worldAt();
    oldState(world);
    expect(await world.ship(scanOf({ start: ago(0.01), ports: [22] }))).toEqual([
      '192.0.2.7 22/tcp opened, was closed',
      '192.0.2.7 80/tcp closed',
      '192.0.2.9 is down',
    ]);
    const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
    const hosts = new KnownHosts(database, 'default');
    expect(hosts.laterThan(NOW)).toEqual([]);
    expect(JSON.stringify(hosts.get('192.0.2.9'))).not.toContain(String(FUTURE));
    expect(completeRuns(database, 'default').every(({ ended }) => ended <= NOW)).toBe(true);
    database.close();
  });

  test('satisfies no watch over overdue scans with a scan of the future, nor with a look of the future', () => {
    const world = worldAt();
    oldState(world);
    const database = Database.open(stateFile(world.stateDir), SCHEMA_VERSIONS);
    const watch = new SiteWatch(database);
    expect(watch.overdue(new Map([['default', DAY]]), NOW)).toEqual([]);
    expect(watch.overdue(new Map([['default', DAY]]), NOW + 2 * DAY)).toHaveLength(1);
    database.close();
  });

  test('knows its hosts by their addresses, and sends their ports to the inventory once more', async () => {
    const world = new World({ event: { now: () => NOW } });
    oldState(world);
    await world.ship(scanOf({ start: ago(0.01), ports: [80] }));
    const records = [...world.stored.values()].filter(({ dataset }) => dataset === INVENTORY).map(({ message }) => message);
    expect(records.toSorted()).toEqual(
      ['192.0.2.7 80/tcp open', '192.0.2.7 up, 1 open', '192.0.2.9 80/tcp open', '192.0.2.9 down, 1 open'].toSorted(),
    );
  });
});

describe('records of ports', () => {
  const records = (world: World): readonly string[] =>
    [...world.stored.values()].flatMap((event) => {
      if (event.dataset !== INVENTORY) return [];
      const { inventory } = ecs(event).nmap;
      return inventory.kind === 'port' ? [`${event.message}, host ${inventory.host_state}`] : [];
    });

  test('say whether their host is there, from when it is missed to when it is back', async () => {
    const world = worldAt();
    const sent = async (text: string): Promise<readonly string[]> => {
      world.stored.clear();
      await world.ship(text);
      return records(world);
    };
    const other = { address: '192.0.2.1', ports: [53] };
    expect(await sent(scanOf({ start: ago(4), ports: [22, 80] }))).toEqual(['192.0.2.7 22/tcp open, host up', '192.0.2.7 80/tcp open, host up']);
    expect(await sent(scanOf({ start: ago(3), ports: [22, 80] }))).toEqual([]);
    expect(await sent(scanOf({ start: ago(2), ...other }))).toEqual([
      '192.0.2.1 53/tcp open, host up',
      '192.0.2.7 22/tcp open, host down',
      '192.0.2.7 80/tcp open, host down',
    ]);
    expect(await sent(scanOf({ start: ago(1), ports: [22, 80] }))).toEqual([
      '192.0.2.7 22/tcp open, host up',
      '192.0.2.7 80/tcp open, host up',
      '192.0.2.1 53/tcp open, host down',
    ]);
  });
});

test.each([
  [7 * 86_400_000 - 300_000, '7 days'],
  [6.9 * 86_400_000, '6 days'],
  [86_400_000 - 60_000, '1 day'],
  [3_600_000 - 5000, '1 hour'],
  [100 * 60_000, '1 hour'],
  [58_000, '58 seconds'],
  [0, '0 seconds'],
])('%d milliseconds are %s: what is nearly a whole unit is one', (ms, words) => {
  expect(inWords(ms)).toBe(words);
});
