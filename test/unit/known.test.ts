import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SEVERITY } from '../../src/event/event.ts';
import { type KnownHost, type KnownPort, since } from '../../src/state/known-host.ts';
import { unaccounted } from '../../src/state/tally.ts';
import { AddressSet } from '../../src/nmap/address-set.ts';
import { openStore } from '../support/delivery.ts';
import { ecs, fixture, FOOTER, NOBODY_UP } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { World } from '../support/world.ts';

const DAY = 86_400;
const START = 1_760_000_000;

interface Scanned {
  readonly day: number;
  readonly args?: string;
  readonly services?: string;
  readonly verbose?: boolean;
  readonly inside: string;
  /** Left out: killed before it ended. */
  readonly whole?: boolean;
}

/** A scan of a day. Hosts are written by {@link up} and {@link down}, which know that day. */
function scanOf({
  day,
  services = '22,80,443',
  args = `nmap -sV -p ${services} 192.0.2.0/29`,
  verbose = false,
  inside,
  whole = true,
}: Scanned): string {
  const head = `<?xml version="1.0"?>\n<nmaprun scanner="nmap" version="7.93" args="${args}" start="${START + day * DAY}">\n<scaninfo type="syn" protocol="tcp" numservices="3" services="${services}"/>\n<verbose level="${verbose ? 1 : 0}"/>\n`;
  return `${head}${inside.replaceAll('DAY', String(START + day * DAY + 5))}${whole ? `${(inside.includes('state="up"') ? FOOTER : NOBODY_UP).replace(/time="\d+"/, `time="${START + day * DAY + 60}"`)}</nmaprun>\n` : ''}`;
}

const CLOSED = '<extraports state="closed" count="3"><extrareasons reason="resets" count="3"/></extraports>';

function up(octet: number, ports = CLOSED, more = ''): string {
  return `<host starttime="DAY" endtime="DAY"><status state="up" reason="syn-ack"/><address addr="192.0.2.${octet}" addrtype="ipv4"/>${more}<ports>${ports}</ports></host>\n`;
}

function down(octet: number): string {
  return `<host starttime="DAY" endtime="DAY"><status state="down" reason="no-response"/><address addr="192.0.2.${octet}" addrtype="ipv4"/></host>\n`;
}

function tcp(number: number, state = 'open', service = ''): string {
  return `<port protocol="tcp" portid="${number}"><state state="${state}" reason="syn-ack"/>${service}</port>`;
}

const ssh = (version: string): string => `<service name="ssh" product="OpenSSH" version="${version}" method="probed" conf="10"/>`;

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

test('every event is accounted for, though a change and an event of our own are told at once', async () => {
  const world = new World();
  const nightly = (day: number, inside: string, targets = '192.0.2.0/29'): string => scanOf({ day, inside, args: `nmap ${targets}` });
  await world.ship(nightly(0, up(1) + up(2)));
  const { sinks } = await world.run([nightly(1, up(1), '192.0.2.0/30')]);
  const actions = [...world.stored.values()].map(({ action }) => action);
  expect(actions).toEqual(expect.arrayContaining(['absence-unknown', 'scope-shrank']));
  expect(sinks.map(({ tally, own }) => [unaccounted(tally), unaccounted(own)])).toEqual([[0, 0]]);
});

describe('a sequence of scans', () => {
  test('says what a careful person would write, and nothing else', async () => {
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

  test('confirmScans: closed and missing are told when they were found so often, flapping is not', async () => {
    const world = new World({ changes: { confirm: 2, mass: 100, everywhere: false } });
    const open = up(1, CLOSED + tcp(80));
    const nights = [open, up(1), open, up(1), open, up(1), up(1), up(1), open];
    const said: string[] = [];
    for (const [day, inside] of nights.entries()) said.push(...(await world.ship(scanOf({ day, inside }))).map((message) => `${day}: ${message}`));
    expect(said.slice(1)).toEqual(['6: 192.0.2.1 80/tcp closed (open for 2 days)', '8: 192.0.2.1 80/tcp reopened, last seen open 4 days ago']);
  });

  test('more changes than massChange: one digest beside them', async () => {
    const world = new World({ changes: { confirm: 1, mass: 2, everywhere: false } });
    await world.ship(scanOf({ day: 0, inside: up(1) }));
    const all = await world.ship(scanOf({ day: 1, inside: up(1, tcp(22) + tcp(80) + tcp(443)) }));
    expect(all).toHaveLength(4);
    expect(all[3]).toMatch(/^3 changes on 1 host in one scan: /);
  });

  test('changes carry the mark of a mass change as soon as there are more than massChange, however many come before', async () => {
    const marks = (world: World, action: string): (boolean | undefined)[] =>
      world.changes().flatMap((event) => (event.action === action ? [ecs(event).nmap.change.mass as boolean | undefined] : []));
    const some = (inside: string, count = 120): string => Array.from({ length: count }, (_, i) => up(i + 1, inside)).join('');
    const world = new World();
    await world.ship(scanOf({ day: 0, inside: some(CLOSED) }));
    await world.ship(scanOf({ day: 1, inside: some(CLOSED + tcp(80), 100) }));
    expect(marks(world, 'port-opened')).toEqual(Array(100).fill(undefined));
    await world.ship(scanOf({ day: 2, inside: some(CLOSED) }));
    const closed = marks(world, 'port-closed');
    expect(closed).toEqual(Array(100).fill(undefined));
    await world.ship(scanOf({ day: 3, inside: some(CLOSED + tcp(22)) }));
    // In transactions of fifty hosts: with the third of them it is known.
    expect(marks(world, 'port-opened').slice(100)).toEqual([...Array(100).fill(undefined), ...Array(20).fill(true)]);
    // Hosts that are gone are all told at the end.
    await world.ship(scanOf({ day: 4, inside: '', args: 'nmap -v 192.0.2.0/24', verbose: true }));
    expect(marks(world, 'host-missing')).toEqual(Array(120).fill(true));
    expect(marks(world, 'mass-change')).toEqual([undefined, undefined]);
  });

  test('what is critical carries no mark of a mass change, whatever else has changed', async () => {
    const world = new World({ changes: { confirm: 1, mass: 2, everywhere: false } });
    const docker = '<port protocol="tcp" portid="2375"><state state="open"/><service name="docker" method="probed" conf="10"/></port>';
    await world.ship(scanOf({ day: 0, inside: up(1, CLOSED) }));
    await world.ship(scanOf({ day: 1, inside: up(1, CLOSED + tcp(22) + tcp(80) + docker) }));
    const marks = world.changes().map((event) => [event.action, event.severity, ecs(event).nmap.change.mass as boolean | undefined]);
    expect(marks).toContainEqual(['port-opened', SEVERITY.medium, true]);
    expect(marks.filter(([action]) => action === 'finding-opened')).toContainEqual(['finding-opened', SEVERITY.critical, undefined]);
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
  test('is told once, by whatever runs next, until a scan comes', async () => {
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

describe('properties', () => {
  const state = fc.constantFrom('open', 'closed', 'filtered', 'open|filtered');
  const hostOf = (octet: number): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.dictionary(fc.constantFrom('22', '23', '443'), state).map((ports) =>
          up(
            octet,
            CLOSED +
              Object.entries(ports)
                .map(([number, word]) => tcp(Number(number), word, number === '22' ? ssh(word === 'open' ? '9' : '8') : ''))
                .join(''),
          ),
        ),
      },
      { weight: 1, arbitrary: fc.constant(down(octet)) },
      { weight: 1, arbitrary: fc.constant('') },
    );
  const kind = fc.constantFrom(
    { services: '22,23,443' },
    { services: '23' },
    { services: '22,443', args: 'nmap -F 192.0.2.0/30' },
    { services: '22,23,443', whole: false },
  );
  const night = fc.record({ kind, hosts: fc.tuple(hostOf(1), hostOf(2), hostOf(3)) });
  /** Without -v: a host that is not listed says nothing, wherever it stands in the order. */
  const nights = fc.array(night, { minLength: 1, maxLength: 5 }).map((list) =>
    list.map(({ kind: how, hosts }, day) => {
      const listed =
        how.services === '22,23,443' ? hosts : hosts.map((text) => text.replace(/<port .*<\/port>/, (ports) => portsWithin(ports, how.services)));
      return scanOf({ day, ...how, inside: listed.join('') });
    }),
  );

  function portsWithin(ports: string, services: string): string {
    return (ports.match(/<port .*?<\/port>/g) ?? []).filter((port) => services.split(',').includes(/portid="(\d+)"/.exec(port)?.[1] ?? '')).join('');
  }

  /** But for when something turned back: of a scan that is shipped late, and contradicts those around it, not all of them are kept. */
  function timeless(world: World): unknown {
    return JSON.parse(JSON.stringify(world.known(), (name, value: unknown) => (name === 'again' ? undefined : value)));
  }

  test('what turns back stands since the first time that it was found so', async () => {
    const port = (state: string): string => up(1, CLOSED + tcp(22, state));
    const world = new World();
    const states = ['open', 'closed', 'open', 'open', 'closed', 'closed'];
    const stood: (number | undefined)[] = [];
    for (const [day, state] of states.entries()) {
      await world.ship(scanOf({ day, inside: port(state) }));
      const { open } = (world.known() as readonly KnownHost[])[0]?.ports['22/tcp'] as KnownPort;
      stood.push(since(open, state === 'open' ? 'yes' : 'no'));
    }
    const [first = 0] = stood;
    expect(stood.map((time) => Math.round(((time ?? 0) - first) / 86_400_000))).toEqual([0, 1, 2, 2, 4, 4]);
    // The fourth night was closed, too: it comes late.
    expect(since({ yes: { first: 1, times: [9], again: 5 }, no: { first: 3, times: [3] } }, 'yes')).toBe(5);
  });

  test('any order of shipping the same scans ends in the same knowledge', async () => {
    await fc.assert(
      fc.asyncProperty(
        nights.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }))),
        fc.constantFrom(1, 2),
        async ([inOrder, shuffled], confirm) => {
          const [one, other] = [
            new World({ changes: { confirm, mass: 100, everywhere: false } }),
            new World({ changes: { confirm, mass: 100, everywhere: false } }),
          ];
          await one.ship(...inOrder);
          for (const text of shuffled) await other.ship(text);
          expect(timeless(other)).toEqual(timeless(one));
          // And again: nothing is learned, and nothing said.
          const said = other.stored.size;
          await other.ship(...shuffled);
          expect(timeless(other)).toEqual(timeless(one));
          expect([...other.stored.values()].slice(said).filter(({ dataset }) => dataset === 'nmap.change')).toEqual([]);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('a scan split by host says the same of hosts and ports as the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(hostOf(1), hostOf(2), hostOf(3)), fc.tuple(hostOf(1), hostOf(2), hostOf(3)), async (before, after) => {
        const [whole, split] = [new World(), new World()];
        const of = (list: readonly string[], day: number): string => scanOf({ day, inside: list.join('') });
        await whole.ship(of(before, 0));
        await split.ship(of(before, 0));
        await whole.ship(of(after, 1));
        for (const host of after) await split.ship(of([host], 1));
        const said = (world: World): string[] =>
          world
            .changes()
            .flatMap(({ action, message }) => (action === 'baseline' ? [] : [message]))
            .sort();
        expect(said(split)).toEqual(said(whole));
        expect(split.known()).toEqual(whole.known());
      }),
      { numRuns: 30 },
    );
  });

  test('a scan that is cut anywhere says of hosts and ports only what the whole says, of hosts that it finished', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(hostOf(1), hostOf(2)),
        fc.tuple(hostOf(1), hostOf(2)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (before, after, at) => {
          const [whole, cut] = [new World(), new World()];
          const first = scanOf({ day: 0, verbose: true, inside: before.join('') });
          const second = scanOf({ day: 1, verbose: true, inside: after.join('') });
          await whole.ship(first);
          await cut.ship(first);
          const all = await whole.ship(second);
          const part = second.slice(0, Math.floor(at * second.indexOf('<runstats')));
          const finished = [...part.matchAll(/<address addr="([\d.]+)"[^]*?<\/host>/g)].map(([, address]) => address as string);
          const said = (await cut.ship(part)).filter((message) => !message.includes('baseline'));
          for (const message of said) {
            expect(all).toContain(message);
            expect(finished).toContain(message.split(' ', 1)[0]);
          }
          // The whole, shipped then, says the rest.
          const rest = await cut.ship(second);
          expect([...said, ...rest].filter((message) => !message.includes('baseline')).sort()).toEqual(
            all.filter((message) => !message.includes('baseline')).sort(),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a process that dies', () => {
  const before = scanOf({ day: 0, inside: up(1, CLOSED + tcp(22)) + up(2) + up(3) });
  const after = scanOf({ day: 1, verbose: true, inside: up(1, CLOSED + tcp(80)) + up(2, tcp(22) + tcp(80) + tcp(443)) + up(4, CLOSED + tcp(443)) });

  test.for([false, true])('at any commit (after it: %s): the same changes, each once, under the same ids', async (done) => {
    const undisturbed = new World();
    await undisturbed.ship(before);
    await undisturbed.ship(after);
    const expected = undisturbed
      .changes()
      .map(({ id, message }) => `${id} ${message}`)
      .sort();
    expect(expected.length).toBeGreaterThan(7);
    let n = 1;
    for (; n < 100; n++) {
      const world = new World();
      await world.ship(before);
      const died = await world.shipAndDie([after], n, done);
      await world.ship(after);
      expect(
        world
          .changes()
          .map(({ id, message }) => `${id} ${message}`)
          .sort(),
        `killed at commit ${n}`,
      ).toEqual(expected);
      expect(world.known()).toEqual(undisturbed.known());
      if (!died) break;
    }
    expect(n).toBeGreaterThan(5);
  });
});
