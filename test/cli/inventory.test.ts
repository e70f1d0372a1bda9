import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const tcp = (number: number, state: string, service = ''): string =>
  `<port protocol="tcp" portid="${number}"><state state="${state}"/>${service}</port>`;
const SSH = '<service name="ssh" product="OpenSSH" version="9.2p1" method="probed" conf="10"/>';
const SCAN = scan(
  `<scaninfo type="syn" protocol="tcp" numservices="3" services="22,80,443"/>
   ${host('192.0.2.7', `<hostnames><hostname name="=cmd|x" type="PTR"/></hostnames><ports>${tcp(22, 'open', SSH)}${tcp(80, 'closed')}</ports>`)}
   ${host('192.0.2.10', `<ports>${tcp(443, 'open')}</ports>`)}
   ${host('192.0.2.9', `<ports>${tcp(80, 'filtered')}</ports>`)}`,
);
const stateDir = freshDir();
const inventory = (...args: string[]): ReturnType<typeof portlog> => portlog(['inventory', '--state-dir', stateDir, ...args]);

beforeAll(async () => {
  await portlog(['--state-dir', stateDir, '--to', `file=${join(freshDir(), 'x')}`], { input: SCAN });
});

async function rows(...args: string[]): Promise<readonly string[]> {
  const { stdout } = await inventory('--format', 'json', '-q', ...args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { host: string; port: number | null; state: string | null })
    .map(({ host: place, port, state }) => `${place} ${port ?? '-'} ${state ?? '-'}`);
}

describe('portlog inventory', () => {
  test('a table of what is open, in the order of addresses', async () => {
    const { stdout, stderr, code } = await inventory();
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      'SITE       HOST                             PORT       STATE          SINCE            LAST SEEN        SERVICE',
      'default    192.0.2.7 (=cmd|x)               22/tcp     open           2025-10-09 08:53 2025-10-09 08:53 ssh OpenSSH 9.2p1',
      'default    192.0.2.9                        -          up             2025-10-09 08:53 2025-10-09 08:53',
      'default    192.0.2.10                       443/tcp    open           2025-10-09 08:53 2025-10-09 08:53',
      '',
    ]);
    expect([code, stderr]).toEqual([0, 'portlog: 3 hosts, 2 ports\n']);
  });

  test.for([
    [
      ['--network', '192.0.2.8/30'],
      ['192.0.2.9 - -', '192.0.2.10 443 open'],
    ],
    [
      ['--network', '192.0.2.7', '--network', '192.0.2.10'],
      ['192.0.2.7 22 open', '192.0.2.10 443 open'],
    ],
    [['--port', '20-80'], ['192.0.2.7 22 open']],
    [['--port', '443/udp'], []],
    [['--service', 'openssh'], ['192.0.2.7 22 open']],
    [
      ['--state', 'closed,filtered', '--port', '80'],
      ['192.0.2.7 80 closed', '192.0.2.9 80 filtered'],
    ],
    [
      ['--state', 'all', '--port', '22,80'],
      ['192.0.2.7 22 open', '192.0.2.7 80 closed', '192.0.2.9 80 filtered'],
    ],
    [
      ['--since', '2025-10-09T00:00:00Z', '--port', '1-65535'],
      ['192.0.2.7 22 open', '192.0.2.10 443 open'],
    ],
    [['--since', '1h'], []],
    [['--site', 'elsewhere'], []],
  ] as const)('%j', async ([args, expected]) => {
    expect(await rows(...args)).toEqual(expected);
  });

  test('a port that was reopened is open since then, and --state down lists hosts that are', async () => {
    const own = freshDir();
    const night = (day: number, inside: string): string =>
      scan(
        `<scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>${inside}`,
        `scanner="nmap" args="nmap -v 192.0.2.0/24" start="${1_760_000_000 + day * 86_400}"`,
      );
    const seen = (address: string, day: number, state: string): string =>
      host(address, `<ports>${tcp(22, state)}</ports>`, `starttime="${1_760_000_000 + day * 86_400}" endtime="${1_760_000_000 + day * 86_400}"`);
    const gone = (address: string, day: number): string =>
      seen(address, day, 'closed')
        .replace('state="up"', 'state="down"')
        .replace(/<ports>.*<\/ports>/, '');
    for (const [day, state] of ['open', 'closed', 'open', 'open'].entries()) {
      const other = day < 3 ? seen('192.0.2.8', day, 'open') : gone('192.0.2.8', day);
      await portlog(['--state-dir', own, '--site', 'a', '--to', `file=${join(own, 'x')}`], {
        input: night(day, seen('192.0.2.7', day, state) + other),
      });
    }
    const table = async (...args: string[]): Promise<readonly string[]> =>
      (await portlog(['inventory', '--state-dir', own, '-q', ...args])).stdout.trimEnd().split('\n').slice(1);
    expect(await table()).toEqual([
      'a          192.0.2.7                        22/tcp     open           2025-10-11 08:53 2025-10-12 08:53',
      'a          192.0.2.8                        22/tcp     open, host down 2025-10-09 08:53 2025-10-11 08:53',
    ]);
    const down = 'a          192.0.2.8                        -          down           2025-10-12 08:53 2025-10-11 08:53';
    expect(await table('--state', 'down')).toEqual([down]);
    expect(await table('--state', 'down', '--since', '2025-10-12')).toEqual([down]);
    expect(await table('--state', 'down', '--since', '2025-10-13')).toEqual([]);
    expect(await table('--state', 'open,down', '--network', '192.0.2.7')).toHaveLength(1);
    expect(await table('--state', 'down', '--port', '22')).toEqual([down]);
  });

  test('CSV has a row per port, and untrusted text is no formula', async () => {
    const lines = (await inventory('--format', 'csv')).stdout.split('\r\n');
    expect(lines[0]).toMatch(/^site,host,ip,name,mac,os,host_state,/);
    expect(lines[1]).toMatch(/^"default","192\.0\.2\.7","192\.0\.2\.7","'=cmd\|x",,,"up",/);
    expect(lines).toHaveLength(5);
  });

  test('a reader that goes away is no error; a full disk is', () => {
    const launch = `"${process.execPath}" "${join(ROOT, 'bin/portlog.js')}" inventory --state-dir "${stateDir}"`;
    const said = join(freshDir(), 'said');
    execFileSync('bash', [
      '-c',
      `(sleep 0.2; ${launch} 2> "${said}"; echo "exit $?" >> "${said}") | true; while ! grep -q exit "${said}" 2> /dev/null; do sleep 0.1; done`,
    ]);
    expect(readFileSync(said, 'utf8')).toBe('exit 0\n');
    const full = execFileSync('bash', ['-c', `${launch} 2>&1 > /dev/full || echo "exit $?"`], { encoding: 'utf8' });
    expect(full).toMatch(/writing to standard output failed: the disk is full\n(?:.*\n)*exit [1-9]/);
  });

  test.for([
    [['--network', '192.0.2.300'], '"192.0.2.300" is not an address or network'],
    [['--port', 'ssh'], '--port "ssh": write numbers and ranges'],
    [['--state', 'opn'], 'there is no such state'],
    [['--since', 'yesterday-ish'], 'this is neither a date nor a length of time'],
    [['--forget', '--port', '22', '--yes'], '--forget forgets whole hosts'],
    [['--forget', '--yes'], '--forget without --network or --site would forget every host'],
    [['--forget', '--network', '192.0.2.7'], '--forget would permanently forget what is known of 1 host, and there is no terminal to confirm it'],
  ] as const)('%j: exit 2 and a sentence', async ([args, says]) => {
    const { stderr, code } = await inventory(...args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test('without known hosts there is a message, not an empty inventory: exit 3', async () => {
    const { stderr, code } = await portlog(['inventory', '--state-dir', freshDir()]);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/nothing is known yet: .*\nportlog: {3}→ ship a scan/)]);
  });

  test('diff with one scan compares with what is known, and moves nothing', async () => {
    const file = join(freshDir(), 'later.xml');
    writeFileSync(file, SCAN.replace('state="closed"', 'state="open"'));
    for (let twice = 0; twice < 2; twice++) {
      const { stdout, stderr } = await portlog(['diff', '--state-dir', stateDir, file]);
      expect(stdout).toBe('port-opened         192.0.2.7 80/tcp         closed → open\n');
      expect(stderr).toBe('portlog: 1 change on 1 host; 3 hosts compared\n');
    }
  });

  test('--forget', async () => {
    const copy = freshDir();
    await portlog(['--state-dir', copy, '--to', `file=${join(freshDir(), 'x')}`], { input: SCAN });
    const { stderr } = await portlog(['inventory', '--state-dir', copy, '--forget', '--network', '192.0.2.8/29', '--yes']);
    expect(stderr).toBe('portlog: forgot what is known of 2 hosts; when they are seen again, they are part of a baseline, or new\n');
    expect((await portlog(['inventory', '--state-dir', copy])).stderr).toBe('portlog: 1 host, 1 port\n');
  });

  test('--forget counts hosts as status does, and addresses where nothing has answered apart', async () => {
    const copy = freshDir();
    const down = (ip: string): string => `<host><status state="down" reason="no-response"/><address addr="${ip}" addrtype="ipv4"/></host>`;
    await portlog(['--state-dir', copy, '--to', `file=${join(freshDir(), 'x')}`], {
      input: scan(host('192.0.2.1', port(80)) + host('192.0.2.2', port(80)) + down('192.0.2.3')),
    });
    expect((await portlog(['status', '--state-dir', copy])).stdout).toContain('default: 2 hosts known');
    const ended = await portlog(['inventory', '--state-dir', copy, '--forget', '--all-hosts', '--yes']);
    expect(ended.stderr).toContain('forgot what is known of 2 hosts and of 1 address where nothing has answered; ');
    await portlog(['--state-dir', copy, '--to', `file=${join(freshDir(), 'x')}`], { input: scan(down('192.0.2.3')) });
    const rest = await portlog(['inventory', '--state-dir', copy, '--forget', '--all-hosts', '--yes']);
    expect(rest.stderr).toContain('forgot what is known of 1 address where nothing has answered; ');
  });
});

test('of a port that was never open, LAST SEEN says so', async () => {
  const state = freshDir();
  await portlog(['-q', '--state-dir', state, '--to', `file=${join(state, 'out')}`, '-'], { input: scan(host('192.0.2.7', port(22, 'closed'))) });
  const { stdout } = await portlog(['inventory', '--state-dir', state, '--state', 'all']);
  expect(stdout).toMatch(/22\/tcp +closed +\S+ \S+ never open\n/);
});
