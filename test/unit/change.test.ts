import { describe, expect, test } from 'vitest';
import { absentHost } from '../../src/change/coverage.ts';
import { diff, networkOf, one, tcp, view } from '../support/compared.ts';
import { page } from '../support/docs.ts';
import { FOOTER, fixture, host, NOBODY_UP, scan } from '../support/scans.ts';

const messages = (before: string, after: string): string[] => diff(before, after).changes.map(({ message }) => message);

describe('the truth table of docs/explanation/change.md', () => {
  const rows = [
    ...page('docs/explanation/change.md').matchAll(/^\| `((?:nmap|masscan) [^`]+)` \| (.*?) \| (.*?) \| (?!or)(host \S+|\d+\/\w+) \| (.*?) \|$/gm),
  ].map((row) => row.slice(1).map((cell) => cell.replaceAll('\\|', '|')) as [string, string, string, string, string]);

  test('has its rows', () => {
    expect(rows.length).toBeGreaterThan(35);
  });

  test.for(rows)('%s, %s, %s: %s is %s', ([args, ports, hostCell, asked, established]) => {
    const found = view(runOf(args, ports, hostCell));
    if (asked.startsWith('host ')) {
      const { coverage, complete } = found.runs[0]!;
      const answer = absentHost(coverage, complete, asked.slice(5));
      expect(answer.tested ? `tested: ${answer.state}` : `not tested: ${answer.why}`).toBe(established);
    } else {
      const [number = '', protocol = ''] = asked.split('/');
      const answer = found.hosts.get('192.0.2.7')!.find(protocol, Number(number));
      expect(answer.tested ? `tested: ${answer.state}` : `not tested: ${answer.why}`).toBe(established);
    }
  });
});

/** The scan that a row of the table describes. */
function runOf(args: string, ports: string, hostCell: string): string {
  const scaninfo = ports
    .replaceAll('`', '')
    .split(';')
    .filter((part) => part.trim() !== '')
    .map((part) => part.trim().split(' '))
    .map((words) => (words.length === 3 ? words : ['syn', ...words]))
    .map(([type, protocol, services]) => `<scaninfo type="${type}" protocol="${protocol}" numservices="1" services="${services}"/>`);
  const [, inside] = /^`(.*)`$/.exec(hostCell) ?? [];
  const status = inside?.includes('<status') === true ? '' : '<status state="up" reason="syn-ack"/>';
  const body = inside === 'timedout' ? '' : (inside ?? '');
  const statusElement = /<status[^>]*>/.exec(body)?.[0] ?? '';
  const rest = body.replace(statusElement, '');
  const element = `<host${inside === 'timedout' ? ' timedout="true"' : ''}>${status}${statusElement}<address addr="192.0.2.7" addrtype="ipv4"/><ports>${rest}</ports></host>`;
  const head = `<nmaprun scanner="${args.split(' ', 1)[0]}" args="${args}" start="1760000000">${scaninfo.join('')}`;
  if (hostCell === 'cut before it') return head;
  return `${head}${inside === undefined ? NOBODY_UP : element + FOOTER}</nmaprun>`;
}

const OTHERS = '<extraports state="closed" count="2"/>';
const ssh = (version: string): string => `<service name="ssh" product="OpenSSH" version="${version}" method="probed" conf="10"/>`;

describe('changes', () => {
  test('a port that opens, closes, changes its version', () => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open', ssh('9.2'))}`));
    const after = networkOf(
      one(`<extraports state="closed" count="1"/>${tcp(22, 'open', ssh('9.6'))}${tcp(80, 'open', '<service name="http" method="table" conf="3"/>')}`),
    );
    expect(messages(before, after)).toEqual([
      '192.0.2.7 22/tcp changed from ssh OpenSSH 9.2 to ssh OpenSSH 9.6',
      '192.0.2.7 80/tcp opened (http), was closed',
    ]);
    expect(messages(after, before)).toEqual([
      '192.0.2.7 22/tcp changed from ssh OpenSSH 9.6 to ssh OpenSSH 9.2',
      '192.0.2.7 80/tcp closed (was http)',
    ]);
  });

  test('a window scan closes nothing that a connect scan has found open, and opens nothing', () => {
    const [connect, window] = ['connect', 'window'].map((type) => fixture(`scan-type-${type}.xml`).toString()) as [string, string];
    expect(diff(connect, window)).toMatchObject({ changes: [], hostsCompared: 1 });
    expect(messages(window, connect)).toEqual([]);
  });

  test.for([
    ['ack', 'closed'],
    ['window', 'closed'],
    ['maimon', 'closed'],
    ['null', 'closed'],
    ['fin', 'closed'],
    ['xmas', 'filtered'],
    ['idle', 'closed|filtered'],
    ['bounce', 'filtered'],
  ])('a scan of type %s does not close a port that it calls %s, listed or counted', ([type, state]) => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open')}`));
    const counted = networkOf(one(`<extraports state="${state}" count="3"/>`)).replace('type="syn"', `type="${type}"`);
    const listed = networkOf(one([22, 80, 443].map((number) => tcp(number, state as string)).join(''))).replace('type="syn"', `type="${type}"`);
    expect([messages(before, counted), messages(before, listed)]).toEqual([[], []]);
    const open = networkOf(one([22, 80, 443].map((number) => tcp(number, 'open')).join('')));
    // It was no test of these ports either: what is open afterwards is no news.
    expect(messages(counted, open)).toEqual([]);
  });

  test.for([['syn'], ['connect']])('a scan of type %s does', ([type]) => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open')}`));
    expect(messages(before, networkOf(one('<extraports state="closed" count="3"/>')).replace('type="syn"', `type="${type}"`))).toEqual([
      '192.0.2.7 22/tcp closed',
    ]);
  });

  test('flags without SYN ask another question', () => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open')}`));
    const after = (flags: string): string =>
      networkOf(one('<extraports state="closed" count="3"/>')).replace('type="syn"', `type="syn" scanflags="${flags}"`);
    expect(messages(before, after('FINPSH'))).toEqual([]);
    expect(messages(before, after('SYNECE'))).toEqual(['192.0.2.7 22/tcp closed']);
  });

  test('in a run of two kinds, each protocol is judged by its own', () => {
    const mixed = (type: string, state: string): string =>
      networkOf(one(tcp(22, state) + tcp(53, state).replace('protocol="tcp"', 'protocol="udp"')))
        .replace('type="syn"', `type="${type}"`)
        .replace('<scaninfo', '<scaninfo type="udp" protocol="udp" numservices="1" services="53"/><scaninfo');
    expect(messages(mixed('syn', 'open'), mixed('syn', 'closed'))).toHaveLength(2);
    expect(messages(mixed('syn', 'open'), mixed('ack', 'closed'))).toEqual(['192.0.2.7 53/udp closed']);
  });

  test('a smaller scan closes nothing and makes no host missing, and says what it did not cover', () => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open')}`) + one(`${OTHERS}${tcp(80, 'open')}`, '192.0.2.8'));
    const after = networkOf(one('<extraports state="closed" count="1"/>'), 'nmap -v -p 443 192.0.2.7', '443');
    expect(diff(before, after)).toEqual({
      changes: [],
      hostsCompared: 1,
      hostsNotLookedAt: 1,
      hostsFirstSeen: 0,
      hostsKnownLater: 0,
      portsFirstSeen: 0,
      protocolsFirstSeen: 0,
      findingsFirstSeen: 0,
      portsNotTested: 1,
      protocolsNotTested: 0,
      findingsNotLookedFor: 0,
    });
  });

  test('a scan that was killed counts for the hosts that it finished', () => {
    const before = networkOf(one(`${OTHERS}${tcp(22, 'open')}`) + one(`${OTHERS}${tcp(22, 'open')}`, '192.0.2.8'));
    const whole = networkOf(one('<extraports state="closed" count="3"/>') + one('<extraports state="closed" count="3"/>', '192.0.2.8'));
    const cut = whole.slice(0, whole.indexOf('192.0.2.8'));
    expect(messages(before, cut)).toEqual(['192.0.2.7 22/tcp closed']);
    expect(diff(before, cut).hostsNotLookedAt).toBe(1);
  });

  test('hosts that go and come, where the runs can tell', () => {
    const both = networkOf(one(OTHERS) + one(`${OTHERS}${tcp(80, 'open')}`, '192.0.2.8'));
    const down = networkOf(`${one(OTHERS)}<host><status state="down" reason="no-response"/><address addr="192.0.2.8" addrtype="ipv4"/></host>`);
    const absent = networkOf(one(OTHERS));
    expect(messages(both, down)).toEqual(['192.0.2.8 is down']);
    expect(messages(both, absent)).toEqual(['192.0.2.8 is down']);
    expect(messages(absent, both)).toEqual(['192.0.2.8 is new, with 80/tcp open']);
    expect(messages(down, both)[0]).toBe('192.0.2.8 is new, with 80/tcp open');
    const quiet = networkOf(one(OTHERS), 'nmap -p 22,80,443 192.0.2.0/24');
    expect(diff(both, quiet)).toMatchObject({ changes: [], hostsNotLookedAt: 1 });
    expect(diff(quiet, both)).toMatchObject({ changes: [], hostsFirstSeen: 1, portsFirstSeen: 1 });
  });

  test('open|filtered opens and closes nothing, and neither does closed to filtered', () => {
    const states = ['open|filtered', 'unfiltered', 'closed', 'filtered'];
    for (const state of states)
      for (const other of states) expect(messages(networkOf(one(tcp(80, state))), networkOf(one(tcp(80, other))))).toEqual([]);
    expect(messages(networkOf(one(tcp(80, 'open'))), networkOf(one(tcp(80, 'open|filtered'))))).toEqual([]);
  });

  test('a service that was not asked has not changed', () => {
    const guessed = '<service name="ssh" method="table" conf="3"/>';
    expect(messages(networkOf(one(tcp(22, 'open', ssh('9.2')))), networkOf(one(tcp(22, 'open', guessed))))).toEqual([]);
  });

  test('a connection that was closed at once is no other service', () => {
    const wrapped = '<service name="tcpwrapped" method="probed" conf="8"/>';
    const [before, after] = [ssh('9.2'), wrapped].map((service) => networkOf(one(tcp(22, 'open', service)))) as [string, string];
    expect([messages(before, after), messages(after, before)]).toEqual([[], []]);
  });

  test('a scanner that tells another kind of hash sees no other certificate', () => {
    const cert = (until: string, ...hashes: readonly string[]): string =>
      networkOf(
        one(
          tcp(
            443,
            'open',
            `<script id="ssl-cert" output="x"><table key="validity"><elem key="notAfter">${until}</elem></table>${hashes
              .map((hash) => `<elem key="${hash.length === 40 ? 'sha1' : 'sha256'}">${hash}</elem>`)
              .join('')}</script>`,
          ),
        ),
      );
    const [sha1, sha256] = ['a'.repeat(40), 'b'.repeat(64)] as const;
    const [older, newer] = [cert('2027-01-31T00:00:00', sha1), cert('2027-01-31T00:00:00', sha1, sha256)];
    expect([messages(older, newer), messages(newer, older)]).toEqual([[], []]);
    expect(messages(older, cert('2028-01-31T00:00:00', sha1, sha256))).toHaveLength(1);
  });

  test('certificate, MAC address, operating system', () => {
    const cert = (sha: string): string =>
      tcp(
        443,
        'open',
        `<script id="ssl-cert" output="x"><table key="subject"><elem key="commonName">www</elem></table><table key="validity"><elem key="notAfter">2027-01-31T00:00:00</elem></table><elem key="sha1">${sha}</elem></script>`,
      );
    const os = (gen: string, accuracy = 98): string =>
      `<os><osmatch name="Linux ${gen}" accuracy="${accuracy}" line="1"><osclass type="x" vendor="Linux" osfamily="Linux" osgen="${gen}" accuracy="${accuracy}"/></osmatch></os>`;
    const whole = (sha: string, mac: string, gen: string, accuracy?: number): string =>
      networkOf(host('192.0.2.7', `<address addr="${mac}" addrtype="mac"/><ports>${cert(sha)}</ports>${os(gen, accuracy)}`));
    expect(messages(whole('aa', '00:00:00:00:00:01', '5.X'), whole('bb', '00:00:00:00:00:02', '6.X'))).toEqual([
      '192.0.2.7 MAC address changed from 00-00-00-00-00-01 to 00-00-00-00-00-02',
      '192.0.2.7 operating system changed from Linux 5.X to Linux 6.X',
      '192.0.2.7 443/tcp has another certificate: CN=www, until 2027-01-31, fingerprint BB, was CN=www, until 2027-01-31, fingerprint AA',
    ]);
    expect(messages(whole('aa', '00:00:00:00:00:01', '5.X'), whole('aa', '00:00:00:00:00:01', '6.X', 60))).toEqual([]);
  });

  test('guesses of the operating system that overlap are no change', () => {
    const guess = (family: string, ...generations: readonly string[]): string => {
      const classes = generations.map((gen) => `<osclass type="x" vendor="${family}" osfamily="${family}" osgen="${gen}" accuracy="98"/>`);
      return networkOf(host('192.0.2.7', `<ports></ports><os><osmatch name="x" accuracy="98" line="1">${classes.join('')}</osmatch></os>`));
    };
    const [wide, narrow, other] = [guess('Linux', '4.X', '5.X'), guess('Linux', '5.X'), guess('Linux', '2.6.X', '3.X')];
    expect([messages(wide, narrow), messages(narrow, wide)]).toEqual([[], []]);
    expect(messages(wide, other)).toEqual(['192.0.2.7 operating system changed from Linux 4.X or 5.X to Linux 2.6.X or 3.X']);
    expect(messages(wide, guess('OpenBSD', '5.X'))).toEqual(['192.0.2.7 operating system changed from Linux 4.X or 5.X to OpenBSD 5.X']);
  });

  test('several runs in a file are taken together', () => {
    const tcpRun = networkOf(one(`${OTHERS}${tcp(22, 'open')}`));
    const udpRun = scan(
      `<scaninfo type="udp" protocol="udp" numservices="1" services="53"/>${one('<port protocol="udp" portid="53"><state state="open"/></port>')}`,
      'scanner="nmap" args="nmap -sU -p 53 192.0.2.7" start="1760000000"',
    );
    const later = networkOf(one('<extraports state="closed" count="3"/>'));
    expect(messages(tcpRun + udpRun, later)).toEqual(['192.0.2.7 22/tcp closed']);
  });

  test('a host that is listed once for each of its ports is one host, and takes no time that grows with its square', () => {
    const apart = networkOf(Array.from({ length: 5000 }, (_, i) => one(tcp(i + 1, 'open'))).join(''));
    const began = process.cpuUsage();
    const { changes, hostsCompared } = diff(apart, apart);
    expect([changes, hostsCompared]).toEqual([[], 1]);
    expect(process.cpuUsage(began).user / 1e6).toBeLessThan(3);
  });
});
