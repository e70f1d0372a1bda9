import { describe, expect, test } from 'vitest';
import { diffScans } from '../../src/change/scan-diff.ts';
import { ScanCollector, type ScanView } from '../../src/change/scan-view.ts';
import { DEFAULT_OPTIONS } from '../../src/event/context.ts';
import { EventMapper } from '../../src/event/map.ts';
import { newInputReport, noteEvent } from '../../src/pipeline/input-report.ts';
import { type Ending, RunWatch } from '../../src/nmap/item.ts';
import { World } from '../support/world.ts';
import { ecs, eventsOf, fixture, host, itemsOf, port } from '../support/scans.ts';
import { expectValidEvent } from '../support/validate.ts';

const NMAP = 'scanner="nmap" version="7.93" args="nmap -v -oX - 192.0.2.0/24" start="1760000000"';
const ACTION = { finished: 'scan-finished', empty: 'scan-empty', listed: 'scan-listed', failed: 'scan-failed', cut: 'scan-incomplete' } as const;

/** A whole scan with that end. */
function ended(end: string, inside = '', attributes = NMAP): string {
  return `<nmaprun ${attributes}>${inside}${end === '' ? '' : `<runstats>${end}</runstats>`}</nmaprun>`;
}

function hostsIn(up: number, down: number, total: number): string {
  return `<hosts up="${up}" down="${down}" total="${total}"/>`;
}

const GOOD = '<finished time="1760000060" elapsed="60" exit="success"/>';
const DOWN = '<host><status state="down" reason="no-response"/><address addr="192.0.2.9" addrtype="ipv4"/></host>';
const NAMED = '<host><status state="unknown" reason="user-set"/><address addr="192.0.2.9" addrtype="ipv4"/></host>';
const SKIPPED = '<target specification="nolonger.example" status="skipped" reason="invalid"/>';
const MASSCAN = 'scanner="masscan" version="1.0-BETA" start="1760000000"';

describe('how a run ended', () => {
  test.for<readonly [string, string, Ending]>([
    ['it says so', ended(GOOD + hostsIn(1, 0, 1), host('192.0.2.7')), 'finished'],
    ['without a count', ended(GOOD, host('192.0.2.7')), 'finished'],
    ['nmap 3 knows no exit', ended('<finished time="1760000060"/>', host('192.0.2.7')), 'finished'],
    ['everything is down, and not listed', ended(GOOD + hostsIn(0, 256, 256)), 'finished'],
    ['everything is down, and listed', ended(GOOD + hostsIn(0, 1, 1), DOWN), 'finished'],
    ['masscan, which nobody answered', ended('<finished time="1760000060" elapsed="9"/>' + hostsIn(0, 0, 0), '', MASSCAN), 'finished'],
    ['no target resolves', ended(GOOD + hostsIn(0, 0, 0), SKIPPED), 'empty'],
    ['no target is left', ended(GOOD + hostsIn(0, 0, 0)), 'empty'],
    ['no target, and no count', ended(GOOD), 'empty'],
    ['a list scan', ended(GOOD + hostsIn(0, 1, 1), NAMED), 'listed'],
    ['a list scan that counts nothing', ended(GOOD + hostsIn(0, 0, 0), NAMED), 'listed'],
    ['hosts that were to be looked at, and were skipped', ended(GOOD + hostsIn(0, 1, 1), NAMED.replace('unknown', 'skipped')), 'empty'],
    ['success with an error', ended('<finished time="1760000060" exit="success" errormsg="Failed to open device"/>', host('192.0.2.7')), 'failed'],
    ['an error', ended('<finished time="1760000060" exit="error" errormsg="no"/>', host('192.0.2.7')), 'failed'],
    ['an error before exit was known', ended('<finished time="1760000060" errormsg="no"/>', host('192.0.2.7')), 'failed'],
    ['an exit that nobody knows', ended('<finished time="1760000060" exit="aborted"/>', host('192.0.2.7')), 'failed'],
    ['it does not say', ended('', host('192.0.2.7')), 'cut'],
  ])('%s', ([, text, ending]) => {
    const watch = new RunWatch();
    const items = itemsOf(text);
    expect(items.map((item) => watch.take(item)).filter((one) => one !== undefined)).toEqual([ending]);
    const event = eventsOf(text, { all: true }).at(-1)!;
    expectValidEvent(event);
    expect(event.action).toBe(ACTION[ending]);
    const collector = new ScanCollector();
    for (const item of items) collector.add(item);
    expect(collector.view().runs.map(({ complete }) => complete)).toEqual([ending === 'finished']);
  });

  test('a list scan on purpose is no mistake: no remark, no alert; and it has looked at nothing', async () => {
    const text = ended(GOOD + hostsIn(0, 1, 1), NAMED);
    expect(ecs(eventsOf(text).at(-1)!)).toMatchObject({
      event: { outcome: 'success', severity: 0 },
      message: 'nmap 7.93 list scan finished: 1 host named, none looked at in 60 s',
    });
    const world = new World();
    const { inputs } = await world.run([text]);
    expect(inputs.map(({ remarks, empty }) => [remarks, empty])).toEqual([[[], 0]]);
    expect(await world.ship(ended(GOOD + hostsIn(1, 0, 1), host('192.0.2.9')).replaceAll('17600000', '17600800'))).toEqual([
      '1 host seen for the first time, with nothing earlier to compare: taken as the baseline',
    ]);
  });

  test('a scan of nothing tells which targets it could not look at', () => {
    const text = ended(GOOD + hostsIn(0, 0, 0), SKIPPED + SKIPPED);
    expect(ecs(eventsOf(text)[0]!)).toMatchObject({
      event: { outcome: 'failure', severity: 73, reason: 'it has looked at no host; 2 targets skipped: nolonger.example (invalid), …' },
      message: 'nmap 7.93 scan of nothing: it has looked at no host; 2 targets skipped: nolonger.example (invalid), …',
    });
  });

  test('a finished one tells how many targets were skipped', () => {
    expect(eventsOf(ended(GOOD + hostsIn(1, 0, 1), SKIPPED + host('192.0.2.7'))).at(-1)?.message).toContain(', 1 target skipped');
  });

  test('a finished one tells on how many hosts nmap gave up: nothing found is not nothing looked at', () => {
    const gaveUp = host('192.0.2.7').replace('<host ', '<host timedout="true" ');
    const report = newInputReport('x');
    const events = eventsOf(ended(GOOD + hostsIn(2, 0, 2), gaveUp + host('192.0.2.8')));
    for (const event of events) noteEvent(report, event);
    expect(events.at(-1)?.message).toBe('nmap 7.93 scan finished: 2 hosts (2 up), no ports looked at, 1 host timed out in 60 s');
    expect(report.remarks).toEqual(['nmap gave up on 1 host (--host-timeout): nothing is known of what it has not listed there']);
  });

  test('a scan of nothing counts as a trouble of its input', () => {
    const report = newInputReport('x');
    for (const event of eventsOf(ended(GOOD + hostsIn(0, 0, 0), SKIPPED))) noteEvent(report, event);
    expect(report).toMatchObject({ empty: 1, failed: 0, incomplete: 0 });
    expect(report.remarks).toHaveLength(1);
  });
});

describe('remarks about very many runs or elements of one input', () => {
  const remarksOf = async (text: string): Promise<readonly string[] | undefined> => (await new World().run([text])).inputs[0]?.remarks;
  const runs = (inside: string): string =>
    Array.from({ length: 30 }, (_, i) => `<nmaprun args="nmap ${i}" start="${1_760_000_000 + i}">${inside}`).join('');

  test.for<readonly [string, string, readonly [RegExp, string]]>([
    ['cut', host('192.0.2.7'), [/^nmap scan incomplete: .*1 host \(1 up\)/, '29 more runs are incomplete']],
    ['failed', '<runstats><finished exit="error" errormsg="no route"/></runstats></nmaprun>', [/no route/, '29 more runs ended with an error']],
    [
      'of nothing',
      `<runstats><finished exit="success"/>${hostsIn(0, 0, 0)}</runstats></nmaprun>`,
      [/it has looked at no host/, '29 more runs have looked at no host'],
    ],
  ])('%s: the first, and how many more there are', async ([, inside, [first, more]]) => {
    expect(await remarksOf(runs(inside))).toEqual([expect.stringMatching(first), more]);
  });

  test('could not be read: the first five, and how many more there are', async () => {
    const bad = '<host><address addr="192.0.2.7"/><ports><port protocol="tcp" portid=80></ports></host>';
    const remarks = await remarksOf(ended(GOOD + hostsIn(30, 0, 30), bad.repeat(30)));
    expect(remarks?.slice(0, 5).every((one) => one.startsWith('the host element of 192.0.2.7 at byte '))).toBe(true);
    expect(remarks?.[5]).toBe('25 more elements could not be read');
  });

  test('one more is one', async () => {
    const text = `<nmaprun args="nmap 1" start="1760000000">${host('192.0.2.7')}`;
    expect((await remarksOf(text + text.replace('nmap 1', 'nmap 2')))?.at(-1)).toBe('1 more run is incomplete');
  });
});

describe('a run that counts more hosts up than it lists', () => {
  const listed = host('192.0.2.7', port(80));
  const run = (args: string, up = 2): string =>
    ended(GOOD + hostsIn(up, 256 - up, 256), listed, `scanner="nmap" version="7.93" args="nmap ${args} 192.0.2.0/24" start="1760000000"`);

  test('says so, in its event and to whoever ships it', () => {
    const report = newInputReport('x');
    const events = eventsOf(run('-v'));
    for (const event of events) noteEvent(report, event);
    expect(ecs(events.at(-1)!).event.reason).toBe('1 host that its runstats count as up is not in it');
    expect(report.remarks).toEqual(['1 host that its runstats count as up is not in it']);
  });

  test.for<readonly [string, string]>([
    ['--open', '--open -v'],
    ['--open, cut short', '-ope -v'],
  ])('is believed with %s, which lists fewer', ([, args]) => {
    const said = ecs(eventsOf(run(args)).at(-1)!);
    expect([said.nmap.scan.hosts.up, said.nmap.scan.hosts.claimed, said.event.reason]).toEqual([2, undefined, undefined]);
  });

  test('makes no host missing or new', () => {
    const view = (text: string): ScanView => {
      const collector = new ScanCollector();
      for (const item of itemsOf(text)) collector.add(item);
      return collector.view();
    };
    const both = ended(GOOD + hostsIn(2, 254, 256), listed + host('192.0.2.8', port(80)), NMAP);
    expect(diffScans(view(both), view(run('-v', 1))).changes.map(({ action }) => action)).toEqual(['host-missing']);
    expect(diffScans(view(both), view(run('-v', 2)))).toMatchObject({ changes: [], hostsNotLookedAt: 1 });
    expect(diffScans(view(run('-v', 1)), view(both)).changes.map(({ action }) => action)).toEqual(['host-new']);
    expect(diffScans(view(run('-v', 2)), view(both))).toMatchObject({ changes: [], hostsFirstSeen: 1 });
  });
});

test('the reason why something could not be read is no part of the id', () => {
  const text = ended(GOOD, `${host('192.0.2.7')}<host><x></host>`);
  const idOf = (reason: string): string | undefined => {
    const mapper = new EventMapper({ ...DEFAULT_OPTIONS, now: () => 1_760_000_000_000 });
    const items = itemsOf(text).map((item) => (item.kind === 'refused' ? { ...item, refusal: { ...item.refusal, reason } } : item));
    return items.flatMap((item) => (item.kind === 'host' ? [] : [...mapper.events(item)])).at(-1)?.id;
  };
  expect(idOf('as an older portlog says it')).toBe(idOf('as this one does'));
});

describe('protocols without ports', () => {
  const open = (protocol: string, id: number): string =>
    `<port protocol="${protocol}" portid="${id}"><state state="open" reason="proto-response"/></port>`;

  test.for<readonly [string, string, string, number, object | undefined, string]>([
    ['a protocol scan', NMAP, open('ip', 1) + open('ip', 6), 0, { open: 2 }, '1 host (1 up), 2 open protocols'],
    ['pings of masscan', MASSCAN, open('icmp', 0) + open('tcp', 80), 1, { open: 1 }, '1 host (1 up), 1 open port, 1 open protocol'],
    ['ports alone', NMAP, open('tcp', 80) + open('udp', 53), 2, undefined, '1 host (1 up), 2 open ports'],
    ['nothing', NMAP, '', 0, undefined, '1 host (1 up), no ports looked at'],
  ])('%s are not counted as ports', ([, attributes, ports, openPorts, protocols, words]) => {
    const text = ended(GOOD + hostsIn(1, 0, 1), host('192.0.2.7', `<ports>${ports}</ports>`), attributes);
    const event = eventsOf(text).at(-1)!;
    expectValidEvent(event);
    const { scan } = ecs(event).nmap;
    expect([scan.ports.open, scan.protocols]).toEqual([openPorts, protocols]);
    expect(event.message).toContain(words);
  });
});

describe('what runstats claim', () => {
  const listed = host('192.0.2.7', port(80)) + host('192.0.2.8', port(80)) + host('192.0.2.9', port(80));
  test.for<readonly [string, string, string, object, string]>([
    ['more than is listed', hostsIn(3, 253, 256), listed, { total: 256, up: 3, down: 253, claimed: undefined }, '256 hosts (3 up), 3 open ports'],
    [
      'more up than is listed',
      hostsIn(9, 247, 256),
      listed,
      { total: 3, up: 3, down: 0, claimed: { total: 256, up: 9, down: 247 } },
      '3 hosts (3 up); its runstats say 256 hosts (9 up)',
    ],
    [
      'more up than is listed, but for one that could not be read',
      hostsIn(4, 252, 256),
      `${listed}<host><x></host>`,
      { total: 256, up: 4, down: 252, claimed: undefined },
      '256 hosts (4 up), 3 open ports, 1 element unreadable',
    ],
    ['nothing', '', listed, { total: 3, up: 3, down: 0, claimed: undefined }, '3 hosts (3 up)'],
    [
      'a resumed scan',
      hostsIn(1, 0, 1),
      listed,
      { total: 3, up: 3, down: 0, claimed: { total: 1, up: 1, down: 0 } },
      '3 hosts (3 up); its runstats say 1 host (1 up)',
    ],
    [
      'an underflow',
      hostsIn(1, 4294967295, 0),
      host('192.0.2.7'),
      { total: 1, up: 1, down: 0, claimed: { total: 0, up: 1, down: 4294967295 } },
      '1 host (1 up); its runstats say 0 hosts (1 up)',
    ],
    ['no sum', hostsIn(3, 3, 99), listed, { total: 3, up: 3, down: 0, claimed: { total: 99, up: 3, down: 3 } }, 'its runstats say 99 hosts'],
    [
      'less down than listed',
      hostsIn(1, 0, 1),
      host('192.0.2.7') + DOWN,
      { total: 2, up: 1, down: 1, claimed: { total: 1, up: 1, down: 0 } },
      '2 hosts (1 up)',
    ],
    ['below nothing', hostsIn(-1, 2, 1), host('192.0.2.7'), { total: 1, up: 1, down: 0, claimed: { total: 1, up: -1, down: 2 } }, '1 host (1 up)'],
  ])('%s', ([, claims, inside, hosts, words]) => {
    const event = eventsOf(ended(GOOD + claims, inside)).at(-1)!;
    expectValidEvent(event);
    const said = ecs(event).nmap.scan.hosts;
    expect({ total: said.total, up: said.up, down: said.down, claimed: said.claimed }).toEqual(hosts);
    expect(event.message).toContain(words);
  });
});

describe('the end of a run', () => {
  test('has the id that it has always had', () => {
    expect(eventsOf(fixture('everything.xml')).at(-1)?.id).toBe('c03881aa17153d8a7d73ece35d3c119f');
  });

  test('a scan of nothing is not the one that a site is expected to have', async () => {
    const world = new World();
    const hour = 3_600_000;
    const at = (hours: number) => ({ maxAges: new Map([['default', 26 * hour]]), event: { now: () => 1_760_000_000_000 + hours * hour } });
    const overdue = (): number => [...world.stored.values()].filter(({ action }) => action === 'scan-overdue').length;
    await world.run([ended(GOOD + hostsIn(1, 0, 1), host('192.0.2.7'))], at(1));
    await world.run([ended(GOOD + hostsIn(0, 0, 0), SKIPPED).replaceAll('17600000', '17600800')], at(23));
    expect([...world.stored.values()].map(({ action }) => action)).toContain('scan-empty');
    expect(overdue()).toBe(0);
    await world.run([], at(30));
    expect(overdue()).toBe(1);
  });
});

test('a list scan makes nobody known, and an earlier scan that is shipped after it is the first', async () => {
  const world = new World();
  const later = ended(GOOD + hostsIn(0, 1, 1), NAMED.replace('192.0.2.9', '192.0.2.7')).replaceAll('17600000', '17700000');
  expect((await world.run([later])).inputs.map(({ listed, hosts }) => ({ listed, hosts }))).toEqual([{ listed: 1, hosts: 1 }]);
  expect(world.known()).toEqual([]);
  expect(await world.ship(ended(GOOD + hostsIn(1, 0, 1), host('192.0.2.7', port(80))))).toEqual([
    expect.stringMatching(/^1 host and 1 open port seen for the first time/),
  ]);
});
