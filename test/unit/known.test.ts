import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import { AddressSet } from '../../src/nmap/address-set.ts';
import { openStore } from '../support/delivery.ts';
import { ecs, fixture } from '../support/scans.ts';
import { World } from '../support/world.ts';
import { scanOf, up, CLOSED, tcp, ssh, down, START, DAY } from '../support/lab-scan.ts';

describe('a host whose element could not be read', () => {
  const nightly = (day: number, inside: string): string => scanOf({ day, inside, args: 'nmap -v 192.0.2.0/29', verbose: true });
  const broken = up(2).replace('<status', '<status <<');

  test('is neither missing nor, the next night, new or back', async () => {
    const world = new World();
    await world.ship(nightly(0, up(1) + up(2)));
    expect(await world.ship(nightly(1, up(1) + broken))).toEqual([]);
    expect(await world.ship(nightly(2, up(1) + up(2)))).toEqual([]);
    expect(await world.ship(nightly(3, up(1)))).toEqual(['192.0.2.2 is down, was up for 3 days']);
  });

  test('is not new when it is read first', async () => {
    const world = new World();
    await world.ship(nightly(0, up(1) + broken));
    expect(await world.ship(nightly(1, up(1) + up(2)))).toEqual([
      '1 host seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });

  test('may be any of those that are not listed, when its address cannot be read either', async () => {
    const world = new World();
    await world.ship(nightly(0, up(1) + up(2) + up(3)));
    expect(await world.ship(nightly(1, up(1) + '<host <<><ports></ports></host>\n'))).toEqual([]);
    expect(await world.ship(nightly(2, up(1) + broken))).toEqual(['192.0.2.3 is down, was up for 2 days']);
  });
});

test('missing hosts of some ranges are reported, and none between them, however many these are', async () => {
  const scan = (day: number, targets: string, inside: string): string => scanOf({ day, inside, args: `nmap -v ${targets}`, verbose: true });
  for (const [between, last] of [
    [[2, 4, 6, 7], 5],
    [[2], 3],
  ] as const) {
    const world = new World();
    await world.ship(scan(0, '192.0.2.0/28', [1, ...between, last].map((octet) => up(octet)).join('')));
    const told = await world.ship(scan(1, `192.0.2.1,${last},9,11`, ''));
    expect(told.filter((message) => message.includes('is down'))).toEqual([1, last].map((octet) => `192.0.2.${octet} is down, was up for 1 day`));
  }
});

test('every event is accounted for, though a change and an own event are sent at once', async () => {
  const world = new World();
  const nightly = (day: number, inside: string, targets = '192.0.2.0/29'): string => scanOf({ day, inside, args: `nmap ${targets}` });
  await world.ship(nightly(0, up(1) + up(2)));
  const { sinks } = await world.run([nightly(1, up(1), '192.0.2.0/30')]);
  const actions = [...world.stored.values()].map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(['absence-unknown', 'scope-shrank']));
  expect(sinks.map(({ tally, own }) => [unaccounted(tally), unaccounted(own)])).toEqual([[0, 0]]);
});

describe('a sequence of scans', () => {
  test('gives exactly the changes that a careful person would write', async () => {
    const world = new World();
    const nightly = (day: number, inside: string): string => scanOf({ day, inside });
    expect(await world.ship(nightly(0, up(1, CLOSED + tcp(22, 'open', ssh('9.2')))))).toEqual([
      '1 host and 1 open port seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
    // The same, a night later: nothing.
    expect(await world.ship(nightly(1, up(1, CLOSED + tcp(22, 'open', ssh('9.2')))))).toEqual([]);
    expect(await world.ship(nightly(41, up(1, CLOSED + tcp(22, 'open', ssh('9.6')) + tcp(80))))).toEqual([
      '192.0.2.1 22/tcp changed from ssh OpenSSH 9.2 to ssh OpenSSH 9.6',
      '192.0.2.1 80/tcp opened, closed for 41 days',
    ]);
    // A smaller scan closes nothing.
    expect(await world.ship(scanOf({ day: 42, services: '443', inside: up(1) }))).toEqual([]);
    const closing = nightly(43, up(1, CLOSED + tcp(22, 'open', ssh('9.6'))));
    // Killed before the host: nothing.
    expect(await world.ship(closing.slice(0, closing.indexOf('<ports>')))).toEqual([]);
    expect(await world.ship(closing)).toEqual(['192.0.2.1 80/tcp closed (open for 2 days)']);
    expect(await world.ship(nightly(44, up(1, CLOSED + tcp(22, 'open', ssh('9.6')) + tcp(80))))).toEqual([
      '192.0.2.1 80/tcp reopened, last seen open 3 days ago',
    ]);
    // Shipped again, and late.
    expect(await world.ship(closing)).toEqual([]);
    expect(await world.ship(nightly(30, up(1, CLOSED)))).toEqual([]);
    // Another host, in a range that complete scans have covered; without -v nobody can say that the first is down.
    expect(await world.ship(nightly(45, up(2, CLOSED + tcp(443))))).toEqual(['192.0.2.2 is new, with 443/tcp open']);
    expect(await world.ship(scanOf({ day: 46, verbose: true, inside: down(1) + up(2, CLOSED + tcp(443)) }))).toEqual([
      '192.0.2.1 is down, was up for 46 days',
    ]);
    expect(
      await world.ship(scanOf({ day: 47, verbose: true, inside: up(1, CLOSED + tcp(22, 'open', ssh('9.6')) + tcp(80)) + up(2, CLOSED + tcp(443)) })),
    ).toEqual(['192.0.2.1 is back, last seen 3 days ago']);
    // A complete scan that lists who is down, and does not list this one.
    expect(await world.ship(scanOf({ day: 48, verbose: true, inside: up(1, CLOSED + tcp(22, 'open', ssh('9.6')) + tcp(80)) }))).toEqual([
      '192.0.2.2 is down, was up for 3 days',
    ]);
    expect(
      await world.ship(
        scanOf({ day: 49, args: 'nmap -sV -p 22,80,443 192.0.2.0/30', inside: up(1, CLOSED + tcp(22, 'open', ssh('9.6')) + tcp(80)) }),
      ),
    ).toEqual(['the scan looked at less: 4 addresses, 8 the last time (1 day ago); nothing is known to have changed beyond that']);
  });

  test('a port of which no earlier scan knew is the baseline, not news', async () => {
    const world = new World();
    await world.ship(scanOf({ day: 0, services: '22', inside: up(1) }));
    expect(await world.ship(scanOf({ day: 1, inside: up(1, CLOSED + tcp(80)) }))).toEqual([
      '1 open port seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });

  test('a change carries both sides, both scans, and how long the old state had stood', async () => {
    const world = new World();
    await world.ship(scanOf({ day: 0, inside: up(1, CLOSED + tcp(22, 'open', ssh('9.2'))) }));
    await world.ship(scanOf({ day: 10, inside: up(1, CLOSED + tcp(22, 'open', ssh('9.6'))) }));
    const [first, change] = world.changes();
    expect(change).toMatchObject({ action: 'service-changed', severity: 21, time: (START + 10 * DAY + 5) * 1000 });
    expect(change?.own).toMatchObject({
      event: { kind: 'event', category: ['host'], type: ['change'] },
      server: { address: '192.0.2.1', ip: '192.0.2.1', port: 22 },
      network: { transport: 'tcp', type: 'ipv4' },
      service: { type: 'ssh' },
      nmap: {
        change: {
          before: {
            state: 'open',
            service: 'ssh',
            version: 'OpenSSH 9.2',
            since: new Date((START + 5) * 1000).toISOString(),
            duration_seconds: 10 * DAY,
            scan: { id: (first?.own as any).nmap.scan.id },
          },
          after: { state: 'open', service: 'ssh', version: 'OpenSSH 9.6' },
        },
      },
    });
    expect((change?.own as any).nmap.scan.id).not.toBe((first?.own as any).nmap.scan.id);
  });

  test('confirmScans: closed and missing are reported when they were found so often, flapping is not', async () => {
    const world = new World({ changes: { confirm: 2, mass: 100, everywhere: false } });
    const open = up(1, CLOSED + tcp(80));
    const nights = [open, up(1), open, up(1), open, up(1), up(1), up(1), open];
    const said: string[] = [];
    for (const [day, inside] of nights.entries()) said.push(...(await world.ship(scanOf({ day, inside }))).map((message) => `${day}: ${message}`));
    expect(said.slice(1)).toEqual(['6: 192.0.2.1 80/tcp closed (open for 2 days)', '8: 192.0.2.1 80/tcp reopened, last seen open 4 days ago']);
  });

  test('in a network of lent addresses, a MAC address that moves is one host', async () => {
    const macNetworks = AddressSet.of(['192.0.2.0/24']) as AddressSet;
    const world = new World({ event: { macNetworks } });
    const mac = '<address addr="52:54:00:00:00:01" addrtype="mac"/>';
    await world.ship(scanOf({ day: 0, inside: up(1, CLOSED + tcp(22), mac) }));
    expect(await world.ship(scanOf({ day: 1, inside: up(4, CLOSED + tcp(22), mac) }))).toEqual([
      '52-54-00-00-00-01 moved from 192.0.2.1 to 192.0.2.4',
    ]);
    expect(world.known()).toHaveLength(1);
  });

  test('masscan lists answers only: it opens nothing that it did not see, and closes nothing', async () => {
    const masscan = (day: number, ports: readonly number[]): string =>
      `<nmaprun scanner="masscan" start="${START + day * DAY}" version="1.0-BETA" xmloutputversion="1.03">\n<scaninfo type="syn" protocol="tcp"/>\n${ports
        .map(
          (number) => `<host endtime="${START + day * DAY + number}"><address addr="192.0.2.1" addrtype="ipv4"/><ports>${tcp(number)}</ports></host>`,
        )
        .join(
          '\n',
        )}\n<runstats><finished time="${START + day * DAY + 999}" timestr="x" elapsed="1"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`;
    const world = new World();
    await world.ship(masscan(0, [22, 80]));
    expect(await world.ship(masscan(1, [22]))).toEqual([]);
    expect(await world.ship(masscan(2, [22, 80, 443]))).toEqual([
      '1 open port seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });
});

test('a change has the name that is known of its host, when its scan says none', async () => {
  const world = new World();
  const named = up(1, CLOSED, '<hostnames><hostname name="db.example.net" type="PTR"/></hostnames>');
  const nightly = (day: number, inside: string): string => scanOf({ day, inside, args: 'nmap -v 192.0.2.0/29', verbose: true });
  await world.ship(nightly(0, named));
  await world.ship(nightly(1, down(1)));
  const missing = world.changes().find(({ action }) => action === 'host-missing');
  expect(ecs(missing!)).toMatchObject({ host: { name: 'db.example.net' }, related: { hosts: ['db.example.net'], ip: ['192.0.2.1'] } });
});

test('what is kept is what schemas/state.schema.json says', async () => {
  const schema = JSON.parse(readFileSync(new URL('../../schemas/state.schema.json', import.meta.url), 'utf8')) as object;
  const check = new Ajv2020({ allErrors: true, strict: false }).compile(schema);
  const world = new World();
  await world.ship(fixture('everything.xml').toString(), fixture('masscan.xml').toString());
  await world.ship(
    scanOf({ day: 400, services: '1-1000,2000,3000,4000,5000,6000,7000,8000', inside: up(1, CLOSED + tcp(22, 'open', ssh('9'))) + down(2) }),
  );
  const rows = openStore(world.stateDir).database.all('SELECT known FROM host');
  expect(rows.length).toBeGreaterThan(3);
  for (const { known } of rows) expect(check(JSON.parse(known as string)) ? [] : check.errors).toEqual([]);
});

describe('two processes on one state', () => {
  test('at the same time: what each of them learned is known', async () => {
    const world = new World();
    await world.ship(scanOf({ day: 0, inside: up(1) + up(2) }));
    const scans = [
      scanOf({ day: 1, services: '22', inside: up(1, tcp(22)) + up(2) }),
      scanOf({ day: 2, services: '80', inside: up(1, tcp(80)) + up(2) }),
    ];
    await Promise.all(scans.map((text) => world.run([text])));
    const messages = world.changes().map(({ message }) => message);
    expect(messages.slice(1).toSorted()).toEqual(['192.0.2.1 22/tcp opened, closed for 1 day', '192.0.2.1 80/tcp opened, closed for 2 days']);
    const alone = new World();
    await alone.ship(scanOf({ day: 0, inside: up(1) + up(2) }), ...scans);
    expect(world.known()).toEqual(alone.known());
  });
});

describe('scan-overdue', () => {
  test('is reported once, by whatever runs next, until a scan comes', async () => {
    const maxAges = new Map([['default', 26 * 3_600_000]]);
    const hour = 3_600_000;
    const at = (hours: number) => ({ maxAges, event: { now: () => START * 1000 + hours * hour } });
    const world = new World();
    const overdue = (): readonly string[] =>
      [...world.stored.values()].filter(({ action }) => action === 'scan-overdue').map(({ message }) => message);
    await world.run([scanOf({ day: 0, inside: up(1) })], at(1));
    await world.run([], at(20));
    expect(overdue()).toEqual([]);
    await world.run([], at(30));
    await world.run([], at(40));
    expect(overdue()).toEqual([
      'site default: no finished scan since 2025-10-09T08:54:20.000Z; one is expected every 26 hours, so it was due 2025-10-10T10:54:20.000Z',
    ]);
    await world.run([scanOf({ day: 2, inside: up(1) })], at(49));
    expect(overdue()).toHaveLength(1);
    await world.run([], at(49 + 27));
    expect(overdue()).toHaveLength(2);
  });
});
