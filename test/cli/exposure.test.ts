import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const EXAMPLE = join(ROOT, 'examples/loopback.xml');
const folder = freshDir();
const written = join(folder, 'exposure.yaml');

describe('portlog exposure', () => {
  test('init writes down what a scan has, check finds nothing wrong with it, and then something', async () => {
    const { stdout, stderr, code } = await portlog(['exposure', 'init', EXAMPLE]);
    expect([code, stderr]).toEqual([0, 'portlog: 5 open ports of 2 hosts written down\n']);
    expect(stdout).toContain('- network: 127.0.0.0/8\n');
    expect(stdout).toContain('reason: not said yet; found open on 2026-11-23 (ftp, http, https, ssh)\n');
    writeFileSync(written, stdout);
    const calm = await portlog(['exposure', 'check', '--exposure', written, EXAMPLE]);
    expect([calm.code, calm.stdout, calm.stderr]).toEqual([0, '', 'portlog: 5 open ports, all of them expected\n']);
    writeFileSync(written, stdout.replace('2323/tcp', '2324/tcp').replace('external: false', 'external: true'));
    const wrong = await portlog(['exposure', 'check', '--exposure', written, EXAMPLE]);
    expect(wrong.stdout).toBe('unexpected 127.0.0.2 2323/tcp telnet: is not expected to be open in zone internal [high]\n');
    expect([wrong.code, wrong.stderr]).toEqual([1, 'portlog: 1 of 5 open ports not expected to be open\n']);
  });

  test('as JSON and JUnit', async () => {
    const json = await portlog(['exposure', 'check', '--exposure', written, '--format', 'json', EXAMPLE]);
    const [violation = '', checked = ''] = json.stdout.trim().split('\n');
    expect(JSON.parse(checked)).toEqual({ kind: 'checked', hosts: 3, open_ports: 5, violations: 1, gaps: 0 });
    expect(JSON.parse(violation)).toEqual({
      kind: 'unexpected',
      level: 'high',
      what: 'is not expected to be open in zone internal',
      host: '127.0.0.2',
      port: '2323/tcp',
      service: 'telnet',
      zone: 'internal',
      owner: 'nobody yet',
    });
    const { stdout } = await portlog(['exposure', 'check', '--exposure', written, '--format', 'junit', '-'], { input: readFileSync(EXAMPLE) });
    expect(stdout).toContain('<testsuite name="exposure of -" tests="6" failures="1" errors="0">');
    expect(stdout.match(/<testcase /g)).toHaveLength(6);
    expect(stdout).toContain('<failure type="unexpected" message="is not expected to be open in zone internal [high]">owner: nobody yet</failure>');
  });

  test('as SARIF: a result a port, which is the same from scan to scan', async () => {
    const { stdout, code } = await portlog(['exposure', 'check', '--exposure', written, '--format', 'sarif', EXAMPLE]);
    const { version, runs } = JSON.parse(stdout);
    const [{ tool, results, invocations }] = runs;
    expect(invocations).toEqual([{ executionSuccessful: true, toolExecutionNotifications: [] }]);
    expect([code, version, tool.driver.name]).toEqual([1, '2.1.0', 'portlog']);
    expect(results).toEqual([
      {
        ruleId: 'nmap-exposure-unexpected',
        level: 'error',
        message: { text: '127.0.0.2 2323/tcp telnet: is not expected to be open in zone internal [high]' },
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: EXAMPLE } },
            logicalLocations: [{ name: '127.0.0.2 2323/tcp', kind: 'resource', fullyQualifiedName: '127.0.0.2/2323/tcp' }],
          },
        ],
        partialFingerprints: { 'hostAndPort/v1': '127.0.0.2/2323/tcp' },
        properties: { zone: 'internal', owner: 'nobody yet' },
      },
    ]);
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toContain(results[0].ruleId);
  });

  test('of a scan that is cut not all is right', async () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    const input = text.slice(0, text.indexOf('addr="127.0.0.2"'));
    const { stderr, code } = await portlog(['exposure', 'check', '--exposure', written, '-'], { input });
    const report = await portlog(['exposure', 'check', '--exposure', written, '--format', 'junit', '-'], { input });
    expect(report.stdout).toContain('tests="5" failures="0" errors="1"');
    expect([code, stderr]).toEqual([
      1,
      'portlog: standard input: the scan is not complete; only hosts that it finished count\nportlog: 4 open ports, all of them expected\n',
    ]);
  });

  test('init writes down what is known', async () => {
    const state = freshDir();
    await portlog(['--state-dir', state, '--to', `file=${join(folder, 'x')}`, EXAMPLE]);
    const { stdout, code } = await portlog(['exposure', 'init', '--state-dir', state]);
    expect(code).toBe(0);
    expect(stdout).toContain('- 2121,2222,8080,8443/tcp');
  });

  test.each([
    ['192.0.2.7', '192.0.2.0/24', 'public'],
    ['10.1.2.3', '10.1.2.0/24', 'internal'],
    ['::1', '::1/128', 'internal'],
    ['2001:db8::7', '2001:db8::/64', 'public'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64', 'public'],
    ['fe80::1', 'fe80::/64', 'internal'],
    ['fd00:0:0:1::9', 'fd00:0:0:1::/64', 'internal'],
  ])('init: %s is in %s, which is %s, and a port without a service needs no brackets', async (ip, network, zone) => {
    const input = scan(host(ip, port(4444, 'open', '')));
    const { stdout } = await portlog(['exposure', 'init', '-'], { input });
    expect(stdout).toContain(`- network: ${network}\n    zone: ${zone}\n`);
    expect(stdout).toMatch(/reason: not said yet; found open on \d{4}-\d\d-\d\d\n/);
    writeFileSync(written.replace('exposure', 'init'), stdout);
    expect((await portlog(['exposure', 'check', '--exposure', written.replace('exposure', 'init'), '-'], { input })).code).toBe(0);
  });

  test('init of an unknown site does not say that nothing is expected to be open', async () => {
    const state = freshDir();
    await portlog(['--state-dir', state, '--site', 'lab', '--to', `file=${join(folder, 'y')}`, EXAMPLE]);
    const { stdout, stderr, code } = await portlog(['exposure', 'init', '--state-dir', state]);
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toBe('portlog: nothing is known of a site "default"; known: lab\nportlog:   → choose one of them with --site\n');
  });

  test('shipping with it reports unexpected open ports', async () => {
    const out = join(folder, 'events.ndjson');
    const { code } = await portlog(['--state-dir', freshDir(), '--exposure', written, '--to', `file=${out}`, EXAMPLE]);
    const events = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(events.filter(({ event }) => event.action === 'exposure-unexpected').map(({ message }) => message)).toEqual([
      '127.0.0.2 2323/tcp is not expected to be open in zone internal [high]',
    ]);
    expect(events.find(({ event }) => event.dataset === 'nmap.host').nmap).toMatchObject({ zone: 'internal', criticality: 'medium' });
  });

  test.for([
    [['chek'], 'portlog exposure has no task "chek"'],
    [['check'], 'portlog exposure check needs a scan'],
    [['check', EXAMPLE], 'there is no exposure file to check against'],
    [['check', '--exposure', '/nowhere.yaml', EXAMPLE], 'the exposure file /nowhere.yaml could not be read: there is no such file'],
  ] as const)('%j: exit 2 and a sentence', async ([args, says]) => {
    const { stderr, code } = await portlog(['exposure', ...args]);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  const NETWORKS = 'networks:\n  - { network: 127.0.0.0/8, zone: lab }\n';
  test.for<readonly [string, string]>([
    ['', 'it says nothing: is it empty, or cut short?'],
    ['# a comment\n', 'it says nothing: is it empty, or cut short?'],
    ['{}\n', 'it says nothing: is it empty, or cut short?'],
    [NETWORKS, 'it names networks, and not what is expected to be open: is it cut short?'],
    [`${NETWORKS}expected:\n`, 'expected: must be a list or a string'],
    [`${NETWORKS}expected: none\n`, 'names networks only, so there is nothing to check against'],
    ['expected:\n  - { hosts: [192.0.2.7], ports: [22/tcp], reason: x, expires: 2026-13-01 }\n', 'expected.0.expires: there is no day 2026-13-01'],
    ['expected:\n  - { hosts: [192.0.2.7], ports: [22/tcp], reason: x, expires: 2026-02-30 }\n', 'expected.0.expires: there is no day 2026-02-30'],
    ['expected:\n  - { hosts: [192.0.2.7], ports: [90-80/tcp], reason: x }\n', 'expected.0.ports: "90-80/tcp": 90-80 ends before it begins'],
    ['expected:\n  - { hosts: [192.0.2.7], ports: [70000/tcp], reason: x }\n', 'expected.0.ports: "70000/tcp": ports go up to 65535'],
    ['expected:\n  - { hosts: [192.0.2.7], ports: [-/tcp], reason: x }\n', 'expected.0.ports: "-/tcp": write numbers and ranges'],
    [`${NETWORKS}expected:\n  - { hosts: ["zone:labb"], ports: [22/tcp], reason: x }\n`, 'no network is of the zone "labb"'],
  ])('%j is no policy: the check does not pass', async ([file, says]) => {
    const policy = join(freshDir(), 'exposure.yaml');
    writeFileSync(policy, file);
    for (const format of ['table', 'junit', 'sarif', 'json']) {
      const { stdout, stderr, code } = await portlog(['exposure', 'check', '--exposure', policy, '--format', format, EXAMPLE]);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(says);
    }
  });

  test('nothing is shipped or set up with an emptied policy, and init overwrites it', async () => {
    const dir = freshDir();
    const [policy, config] = [join(dir, 'exposure.yaml'), join(dir, 'portlog.yaml')];
    writeFileSync(policy, '');
    writeFileSync(config, `exposure: ${policy}\nstateDir: ${dir}\n`);
    const out = join(dir, 'events');
    for (const args of [[EXAMPLE], ['--to', `file=${out}`, EXAMPLE], ['check'], ['setup', 'grafana', '--export', dir]]) {
      const { stderr, code } = await portlog([...args, '--config', config]);
      expect([args, code, stderr.includes('it says nothing')]).toEqual([args, 2, true]);
    }
    const { stdout, code } = await portlog(['exposure', 'init', '--config', config, EXAMPLE]);
    expect([code, stdout.includes('2323/tcp')]).toEqual([0, true]);
  });

  describe('"nothing was scanned" is not "nothing was found"', () => {
    const policy = join(folder, 'policy.yaml');
    writeFileSync(
      policy,
      'networks:\n  - { network: 192.0.2.0/24, zone: dmz }\nexpected:\n  - { hosts: [192.0.2.0/28], ports: [443/tcp], reason: web }\n',
    );
    const up = '<status state="up" reason="syn-ack"/>';
    const scanOf = (inside: string, args = 'nmap -p 443 192.0.2.7', ports = '443', type = 'syn'): string =>
      `<nmaprun scanner="nmap" args="${args}" start="1760000000"><scaninfo type="${type}" protocol="tcp" numservices="1" services="${ports}"/>${inside}<runstats><finished time="1760000060" exit="success"/><hosts up="0" down="0" total="0"/></runstats></nmaprun>`;
    const hostOf = (ip: string, inside: string, status = up): string => `<host>${status}<address addr="${ip}" addrtype="ipv4"/>${inside}</host>`;
    const closed = '<ports><port protocol="tcp" portid="443"><state state="closed" reason="reset"/></port></ports>';

    test.for<readonly [string, string, string]>([
      ['no host', scanOf(''), 'the scan lists no host'],
      ['hosts that are down', scanOf(hostOf('192.0.2.7', '', '<status state="down" reason="no-response"/>')), 'the scan found no host up (1 down)'],
      ['a ping scan', scanOf(hostOf('192.0.2.7', '')).replace(/<scaninfo[^>]*>/, ''), 'does not say of any port whether it is open'],
      ['a host that was given up', scanOf(hostOf('192.0.2.7', '').replace('<host>', '<host timedout="true">')), 'does not say of any port'],
      [
        'ports that are open or filtered',
        scanOf(hostOf('192.0.2.7', '<ports><port protocol="tcp" portid="443"><state state="open|filtered"/></port></ports>')),
        'does not say of any port',
      ],
      [
        'a network that is not in the exposure file',
        scanOf(hostOf('198.51.100.7', closed)),
        'the exposure file says nothing about the host of the scan',
      ],
      [
        'none of the ports that it names',
        scanOf(hostOf('192.0.2.7', closed.replace('443', '22')), 'nmap -p 22', '22'),
        'none of the ports in the exposure file was scanned',
      ],
    ])('%s: exit 3, and no green report', async ([, input, says]) => {
      const run = (format: string) => portlog(['exposure', 'check', '--exposure', policy, '--format', format, '-'], { input });
      const { stderr, code } = await run('table');
      expect(stderr).toContain(says);
      expect(code).toBe(3);
      expect((await run('junit')).stdout).toMatch(/<testsuite [^>]*failures="0" errors="[12]">/);
      expect(JSON.parse((await run('sarif')).stdout).runs[0].invocations[0].executionSuccessful).toBe(false);
      expect((await run('json')).stdout).toContain('"kind":"not-checked"');
    });

    test('a host whose ports are closed was looked at', async () => {
      const input = scanOf(hostOf('192.0.2.7', closed));
      const { stdout, stderr, code } = await portlog(['exposure', 'check', '--exposure', policy, '--format', 'junit', '-'], { input });
      expect([code, stderr]).toEqual([0, 'portlog: no port is open on 1 host\n']);
      expect(stdout).toContain('<testcase classname="dmz" name="192.0.2.7: no port is open"/>');
    });

    test('one of two hosts was given up: not all is right', async () => {
      const input = scanOf(hostOf('192.0.2.7', closed) + hostOf('192.0.2.8', '').replace('<host>', '<host timedout="true">'));
      const { stderr, code } = await portlog(['exposure', 'check', '--exposure', policy, '-'], { input });
      expect([code, stderr]).toEqual([1, 'portlog: standard input: nmap gave up on 1 host (192.0.2.8)\nportlog: no port is open on 1 host\n']);
    });
  });

  test('a mistake in the file is named', async () => {
    const bad = join(folder, 'bad.yaml');
    writeFileSync(bad, 'expected:\n  - { hosts: [192.0.2.0/24], ports: ["22"], reason: x, ownr: y }\n');
    const { stderr, code } = await portlog(['exposure', 'check', '--exposure', bad, EXAMPLE]);
    expect(stderr).toContain('expected.0.ownr: there is no such setting; did you mean "owner"?');
    expect(stderr).toContain('expected.0.ports.0: ports and ranges, a slash, and tcp, udp or sctp; for example 443/tcp');
    expect(code).toBe(2);
  });

  test('what is no scan is exit 3', async () => {
    expect((await portlog(['exposure', 'init', written])).code).toBe(3);
  });
});
