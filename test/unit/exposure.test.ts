import { describe, expect, test } from 'vitest';
import { Finder } from '../../src/finding/finder.ts';
import { type ExposureFile, ExposurePolicy, type NetworkEntry } from '../../src/finding/exposure.ts';
import { subjectsOf } from '../../src/finding/registry.ts';
import { host, hosts, itemsOf, scan } from '../support/scans.ts';
import { port, probed, said } from '../support/script-output.ts';
import { World } from '../support/world.ts';
import { NOW } from '../support/found.ts';

describe('expected exposure', () => {
  const FILE: ExposureFile = {
    networks: [
      { network: '192.0.2.0/28', zone: 'dmz', criticality: 'high', owner: 'web team', external: true },
      { network: '192.0.2.0/24', zone: 'office', criticality: 'low' },
    ],
    expected: [
      { hosts: ['192.0.2.1', '192.0.2.128/25'], ports: ['22,8000-8100/tcp', '53/udp'], reason: 'test' },
      { hosts: ['zone:dmz'], ports: ['443/tcp'], reason: 'web', expires: '2025-10-09' },
    ],
  };
  const policy = new ExposurePolicy(FILE, 'exposure.yaml');
  const judged = (ip: string, number: number, protocol = 'tcp', time = NOW): string => {
    const finding = policy.judge([ip], number, protocol, time);
    return finding === undefined ? 'expected' : `${finding.rule.id} ${finding.severity}: ${finding.title}`;
  };

  test.for([
    ['192.0.2.1', 22, 'tcp', 'expected'],
    ['192.0.2.200', 8050, 'tcp', 'expected'],
    ['192.0.2.1', 53, 'udp', 'expected'],
    ['192.0.2.1', 53, 'tcp', 'nmap-exposure-unexpected 73: is not expected to be open in zone dmz'],
    ['192.0.2.20', 22, 'tcp', 'nmap-exposure-unexpected 21: is not expected to be open in zone office'],
    ['198.51.100.1', 22, 'tcp', 'nmap-exposure-unexpected 47: is not expected to be open'],
    ['192.0.2.2', 443, 'tcp', 'expected'],
  ] as const)('%s %s/%s: %s', ([ip, number, protocol, expected]) => {
    expect(judged(ip, number, protocol)).toBe(expected);
  });

  test('a port in a network that everyone can reach is at least as severe as inside', () => {
    const severityOf = (criticality: NetworkEntry['criticality'], external: boolean): number | undefined =>
      new ExposurePolicy(
        { networks: [{ network: '192.0.2.0/24', zone: 'dmz', external, ...(criticality && { criticality }) }], expected: [] },
        '',
      ).judge(['192.0.2.1'], 22, 'tcp', NOW)?.severity;
    const each = [undefined, 'low', 'medium', 'high', 'critical'] as const;
    expect(each.map((criticality) => severityOf(criticality, false))).toEqual([47, 21, 47, 73, 99]);
    expect(each.map((criticality) => severityOf(criticality, true))).toEqual([73, 73, 73, 73, 99]);
  });

  test('ends behind its last day', () => {
    expect(judged('192.0.2.2', 443, 'tcp', Date.parse('2025-10-09T23:59:59Z'))).toBe('expected');
    expect(judged('192.0.2.2', 443, 'tcp', Date.parse('2025-10-10T00:00:00Z'))).toBe(
      'nmap-exposure-expired 21: was expected to be open until 2025-10-09 (web)',
    );
  });

  test('of several that have ended, the last one says until when it was expected to be open', () => {
    const entry = (expires: string, reason: string) => ({ hosts: ['192.0.2.1'], ports: ['443/tcp'], reason, expires });
    const twice = new ExposurePolicy(
      { expected: [entry('2025-03-31', 'a trial'), entry('2025-06-30', 'longer'), entry('2024-12-31', 'before')] },
      '',
    );
    expect(twice.judge(['192.0.2.1'], 443, 'tcp', NOW)?.title).toBe('was expected to be open until 2025-06-30 (longer)');
  });

  test('without a list of what is expected, nothing is checked; networks alone name zones', () => {
    const zones = new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x');
    expect(zones.judge(['192.0.2.1'], 9999, 'tcp', NOW)).toBeUndefined();
    expect(zones.networkOf(['192.0.2.1'])?.zone).toBe('dmz');
    expect(zones.networkOf(['203.0.113.1'])).toBeUndefined();
  });

  test('networks alone do not say that what was found is resolved', async () => {
    const night = (day: number): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="1" services="9999"/>${host('192.0.2.1', `<ports>${port(9999, '')}</ports>`).replaceAll('176000000', `17600${day}000`)}`,
        `scanner="nmap" args="nmap -p 9999 192.0.2.1" start="17600${day}0000"`,
      );
    const world = new World({ findings: { exposure: policy } });
    expect((await world.ship(night(0)))[0]).toBe('192.0.2.1 9999/tcp is not expected to be open in zone dmz [high]');
    const before = world.changes().length;
    await world.run([night(1)], { findings: { exposure: new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x') } });
    expect(world.changes()).toHaveLength(before);
  });

  test.for([{}, { networks: [] }, { networks: [{ network: '192.0.2.0/24', zone: 'x' }] }])('%j states no expectation', (file) => {
    expect(() => new ExposurePolicy(file, 'e.yaml')).toThrow(/^e\.yaml: it /);
  });

  test('what is no address is a sentence', () => {
    expect(() => new ExposurePolicy({ networks: [{ network: '192.0.2.0/33', zone: 'x' }], expected: 'none' }, 'e.yaml')).toThrow(
      'e.yaml: networks.0.network: "192.0.2.0/33" is not an address or network',
    );
  });

  test('what everyone can reach is graver', () => {
    const [one] = hosts(itemsOf(scan(host('192.0.2.7', `<ports>${port(3389, probed('ms-wbt-server'))}</ports>`))));
    const severities = (finder: Finder): number[] =>
      [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => finder.at(subject)).map(({ severity }) => severity);
    expect(severities(new Finder())).toEqual([47]);
    expect(severities(new Finder({ exposure: new ExposurePolicy({ networks: FILE.networks ?? [], expected: 'none' }, 'x') }))).toEqual([73]);
  });

  test('reported when it appears, baseline or not, with zone and owner in every event; and resolved', async () => {
    const exposure = new ExposurePolicy(FILE, 'x');
    const world = new World({ findings: { exposure }, event: { networkOf: (ips) => exposure.networkOf(ips) } });
    const night = (day: number, ports: string): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="3" services="1-10000"/>${host('192.0.2.1', `<ports><extraports state="closed" count="9"/>${ports}</ports>`).replaceAll(/176000000\d/g, String(1_760_000_000 + day * 86_400))}`,
        `scanner="nmap" args="nmap -p 1-10000 192.0.2.0/28" start="${1_760_000_000 + day * 86_400}"`,
      );
    expect(await world.ship(night(0, port(22, '') + port(9999, '') + port(443, '')))).toEqual([
      '192.0.2.1 9999/tcp is not expected to be open in zone dmz [high]',
      expect.stringContaining('3 open ports seen for the first time'),
    ]);
    expect(await world.ship(night(1, port(22, '') + port(9999, '') + port(443, '')))).toEqual([
      '192.0.2.1 443/tcp was expected to be open until 2025-10-09 (web) [low]',
    ]);
    expect(await world.ship(night(2, port(22, '') + port(443, '')))).toEqual([
      '192.0.2.1 9999/tcp closed (open for 2 days)',
      '192.0.2.1 9999/tcp resolved: is not expected to be open in zone dmz, known for 2 days',
    ]);
    expect(world.changes().map(({ action }) => action)).toEqual([
      'exposure-unexpected',
      'baseline',
      'exposure-expired',
      'port-closed',
      'finding-resolved',
    ]);
    // Without the file nobody has judged.
    const before = world.changes().length;
    await world.run([night(3, port(22, '') + port(443, ''))], { findings: {} });
    expect(world.changes()).toHaveLength(before);
    const placed = [...world.stored.values()].filter(
      ({ dataset }) => dataset === 'nmap.host' || dataset === 'nmap.port' || dataset === 'nmap.finding',
    );
    for (const { own } of placed) expect((own as any).nmap).toMatchObject({ zone: 'dmz', criticality: 'high', owner: 'web team' });
    expect(placed.length).toBeGreaterThan(10);
  });
});

describe('settings', () => {
  const telnet = port(23, probed('telnet'));
  const rules = new Map([
    ['nmap-service-telnet', { silence: true }],
    ['nmap-access-ftp-anon', { severity: 21 }],
  ]);
  const own = {
    id: 'acme-panel',
    name: 'ACME panel',
    category: 'other',
    ports: ['9443/tcp'],
    services: /^acme$/,
    severity: 73,
    external: 99,
    why: 'x',
    remedy: 'y',
    references: [],
  } as const;

  test('a silenced rule reports nothing, and no resolution', async () => {
    const world = new World();
    const night = (day: number): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="1" services="23"/>${host('192.0.2.1', `<ports>${telnet}</ports>`).replaceAll('176000000', `17600${day}000`)}`,
        `scanner="nmap" args="nmap -p 23 192.0.2.1" start="17600${day}0000"`,
      );
    expect((await world.ship(night(0)))[0]).toBe('192.0.2.1 23/tcp Telnet is reachable [high]');
    const stored = world.stored.size;
    await world.run([night(1)], { findings: { rules } });
    expect([...world.stored.values()].slice(stored).filter(({ dataset }) => dataset === 'nmap.finding' || dataset === 'nmap.change')).toEqual([]);
  });

  test('another severity in one zone, silence in another, and elsewhere as it is', () => {
    const exposure = new ExposurePolicy(
      {
        networks: [
          { network: '192.0.2.0/28', zone: 'dmz' },
          { network: '192.0.2.16/28', zone: 'lab' },
          { network: '192.0.2.32/28', zone: 'lan' },
        ],
        expected: 'none',
      },
      'x',
    );
    const byZone = new Map([
      [
        'nmap-service-telnet',
        {
          severity: 47,
          zones: new Map<string, object>([
            ['dmz', { severity: 99 }],
            ['lab', { silence: true }],
          ]),
        },
      ],
    ]);
    const judged = ['192.0.2.1', '192.0.2.17', '192.0.2.33', '198.51.100.1'].map((address) => {
      const [one] = hosts(itemsOf(scan(host(address, `<ports>${telnet}</ports>`))));
      const [, subject] = [...subjectsOf({ args: 'nmap' }, one!, NOW)];
      const [found] = new Finder({ rules: byZone, exposure }).at(subject!);
      return [found?.severity, found?.isSilenced ?? false];
    });
    expect(judged).toEqual([
      [99, false],
      [47, true],
      [47, false],
      [47, false],
    ]);
  });

  test("another severity, and a service of one's own before the catalogue", () => {
    const [one] = hosts(
      itemsOf(scan(host('192.0.2.7', `<ports>${port(21, probed('ftp'), said('ftp-anon', 'Anonymous FTP login allowed'))}${port(9443, '')}</ports>`))),
    );
    const found_ = [...subjectsOf({ args: 'nmap' }, one!, NOW)].flatMap((subject) => new Finder({ rules, services: [own] }).at(subject));
    expect(found_.map(({ rule, severity, title }) => [rule.id, severity, title])).toEqual([
      ['nmap-access-ftp-anon', 21, 'anonymous FTP is allowed'],
      ['nmap-service-ftp', 21, 'FTP is reachable'],
      ['acme-panel', 21, 'ACME panel may be reachable, a guess from the number of the port'],
    ]);
  });
});
