import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const INFO = '<scaninfo type="connect" protocol="tcp" numservices="2" services="80,443"/>';
const OLD = scan(INFO + host('192.0.2.7', port(80, 'closed')));
const NEW = scan(INFO + host('192.0.2.7', port(80, 'open')));

function file(name: string, content: string): string {
  const path = join(freshDir(), name);
  writeFileSync(path, content);
  return path;
}

describe('portlog diff', () => {
  const [old, newer] = [file('old.xml', OLD), file('new.xml', NEW)];

  test('one line per change, and what was compared', async () => {
    expect(await portlog(['diff', old, newer])).toEqual({
      stdout: 'port-opened         192.0.2.7 80/tcp         closed → http\n',
      stderr: 'portlog: 1 change on 1 host; 1 host compared\n',
      code: 0,
    });
  });

  test('two scans give the same new findings as a scan and the known state', async () => {
    const ask = (name: string): string => port(80, 'open', `<service name="${name}" method="probed" conf="10"/>`);
    const args = 'scanner="nmap" version="7.93" args="nmap -sV -p 80,443 192.0.2.7" start="1760000000"';
    const [web, telnet] = [
      file('web.xml', scan(INFO + host('192.0.2.7', ask('http')), args)),
      file('telnet.xml', scan(INFO + host('192.0.2.7', ask('telnet')), args)),
    ];
    const opened = 'finding-opened      192.0.2.7 80/tcp         not found → Telnet is reachable\n';
    const two = await portlog(['diff', web, telnet]);
    expect(two.stdout).toContain(opened);
    const back = await portlog(['diff', telnet, web]);
    expect(back.stdout).toContain('finding-resolved    192.0.2.7 80/tcp         Telnet is reachable → not found\n');
    expect((await portlog(['diff', telnet, telnet])).stdout).toBe('');
    const state = freshDir();
    await portlog(['--state-dir', state, '--to', `file=${join(state, 'out')}`, web]);
    expect((await portlog(['diff', '--state-dir', state, telnet])).stdout).toBe(two.stdout);
    // The old scan did not ask.
    const mild = file('ftp.xml', scan(INFO + host('192.0.2.7', ask('ftp')), args));
    const plain = file('plain.xml', scan(INFO + host('192.0.2.7', port(80, 'open'))));
    expect(await portlog(['diff', plain, mild])).toMatchObject({
      stdout: '',
      stderr: 'portlog: 0 changes on 0 hosts; 1 host compared; 1 finding not looked for before\n',
    });
    expect(await portlog(['diff', mild, plain])).toMatchObject({
      stdout: '',
      stderr: 'portlog: 0 changes on 0 hosts; 1 host compared; 1 finding not looked for by the new scan\n',
    });
    // What is high is told at once, and nobody says that it was not there.
    expect((await portlog(['diff', plain, telnet])).stdout).toBe(
      'finding-opened      192.0.2.7 80/tcp         not looked for before → Telnet is reachable\n',
    );
    expect(await portlog(['diff', telnet, plain])).toMatchObject({ stdout: '', stderr: expect.stringContaining('; 1 finding not looked for by') });
  });

  test('what the new scan did not test is counted, as is what the old one did not', async () => {
    const wide = file('wide.xml', scan(INFO + host('192.0.2.7', port(80) + port(443))));
    const narrow = file('narrow.xml', scan(INFO.replace('80,443', '80') + host('192.0.2.7', port(80))));
    const counted = 'portlog: 0 changes on 0 hosts; 1 host compared; 1 open port not tested';
    expect(await portlog(['diff', wide, narrow])).toMatchObject({ stdout: '', stderr: `${counted} by the new scan\n` });
    expect(await portlog(['diff', narrow, wide])).toMatchObject({ stdout: '', stderr: `${counted} before\n` });
  });

  test('a scan that is older than the known state is not compared with it: its changes would be reversed', async () => {
    const at = (inside: string, day: number): string =>
      scan(INFO + inside, `scanner="nmap" version="7.93" args="nmap -v -p 80,443 192.0.2.0/28" start="17600${day}0000"`).replaceAll(
        '"17600000',
        `"17600${day}00`,
      );
    const [monday, tuesday] = [
      file('monday.xml', at(host('192.0.2.7', port(80, 'closed')), 1)),
      file('tuesday.xml', at(host('192.0.2.7', port(80)), 2)),
    ];
    const state = freshDir();
    for (const day of [monday, tuesday]) await portlog(['-q', '--state-dir', state, '--to', `file=${join(state, 'out')}`, day]);
    const refused = await portlog(['diff', '--state-dir', state, '--exit-code', monday]);
    expect(refused).toMatchObject({ stdout: '', code: 2 });
    expect(refused.stderr).toContain('monday.xml is older than what is known of its host: nothing of it would be a change');
    // The latest one again is as old as what is known; and of several hosts, the others are compared.
    expect(await portlog(['diff', '--state-dir', state, tuesday])).toMatchObject({ stdout: '', code: 0 });
    const other = file('other.xml', at(host('192.0.2.9', port(80, 'closed')), 0));
    await portlog(['-q', '--state-dir', state, '--to', `file=${join(state, 'out')}`, other]);
    const both = file('both.xml', at(host('192.0.2.7', port(80, 'closed')) + host('192.0.2.9', port(80)), 1));
    const { stdout, stderr } = await portlog(['diff', '--state-dir', state, both]);
    expect(stdout).toBe('port-opened         192.0.2.9 80/tcp         closed → http\n');
    expect(stderr).toContain('1 host compared; 1 host not compared: the scan is older than what is known of it');
  });

  test('a host that is new is shown with what is open at it', async () => {
    const args = 'scanner="nmap" version="7.93" args="nmap -v -p 80,443 192.0.2.0/28" start="1760000000"';
    const before = file('before.xml', scan(INFO + host('192.0.2.7', port(80)), args));
    const after = file('after.xml', scan(INFO + host('192.0.2.7', port(80)) + host('192.0.2.9', port(443)), args));
    const { stdout } = await portlog(['diff', before, after]);
    expect(stdout).toBe('host-new            192.0.2.9                down → up, with 443/tcp http open\n');
    const unified = await portlog(['diff', '--format', 'unified', before, after]);
    expect(unified.stdout).toBe(`--- ${before}\n+++ ${after}\n@@ 192.0.2.9 @@\n-host down\n+host up\n+443/tcp open http\n`);
  });

  test('as diff -u and as JSON', async () => {
    const unified = await portlog(['diff', '--format', 'unified', old, newer]);
    expect(unified.stdout).toBe(`--- ${old}\n+++ ${newer}\n@@ 192.0.2.7 @@\n-80/tcp closed\n+80/tcp open http\n`);
    const json = await portlog(['diff', '--format', 'json', '-q', old, newer]);
    expect([JSON.parse(json.stdout), json.stderr]).toEqual([
      {
        action: 'port-opened',
        host: '192.0.2.7',
        port: '80/tcp',
        before: 'closed',
        after: 'http',
        message: '192.0.2.7 80/tcp opened (http), was closed',
      },
      '',
    ]);
  });

  test('--exit-code ends as git diff does', async () => {
    expect((await portlog(['diff', '--exit-code', old, newer])).code).toBe(1);
    expect((await portlog(['diff', '--exit-code', old, old])).code).toBe(0);
  });

  test('one of them from standard input, and a scan that was cut says so', async () => {
    const { stdout, stderr } = await portlog(['diff', old, '-'], { input: NEW.slice(0, NEW.indexOf('<runstats>')) });
    expect(stdout).toContain('port-opened');
    expect(stderr).toContain('standard input: the scan is not complete; only hosts that it finished are compared');
  });

  test('a list scan is not compared, and says so', async () => {
    const listed = NEW.replaceAll('state="up" reason="syn-ack"', 'state="unknown" reason="user-set"');
    const { stdout, stderr } = await portlog(['diff', old, '-'], { input: listed });
    expect(stdout).toBe('');
    expect(stderr).toContain('standard input: it is a list scan (-sL), which only names hosts and looks at none: none of them is compared');
    expect(stderr).toContain('0 hosts compared');
  });

  test('control characters of a scan reach no terminal', async () => {
    const nasty = file('nasty.xml', NEW.replace('name="http"', 'name="&#x1b;[2Jhttp"'));
    expect((await portlog(['diff', old, nasty])).stdout).toContain('closed → \\x1B[2Jhttp');
  });

  test.for([
    [['diff', old, newer, old], 'portlog diff compares two scans'],
    [['diff', '--namespace', 'x', old, newer], 'portlog diff has no option --namespace\nportlog:   → portlog diff --help shows those that it has'],
    [['diff', '-', '-'], 'only one of the two scans can come from standard input'],
  ] as const)('%j: exit 2 and a sentence', async ([args, says]) => {
    const { stderr, code } = await portlog(args);
    expect(stderr).toContain(says);
    expect(code).toBe(2);
  });

  test('what is no scan is exit 3', async () => {
    const { stderr, code } = await portlog(['diff', old, file('x.json', '{}')]);
    expect(stderr).toContain('is not a scan: it looks like JSON');
    expect(code).toBe(3);
  });
});

describe.skipIf(!hasNmap())('with real scans of listeners on loopback (needs nmap)', () => {
  test('a port that opens and one that closes; a smaller scan and one that was killed change nothing else', async () => {
    const [a, b] = [await listen(), await listen()];
    const nmap = (...args: readonly string[]): string => execFileSync('nmap', ['-n', '-oX', '-', ...args]).toString();
    const ports = `${a.port},${b.port}`;
    a.server.close();
    const first = file('first.xml', nmap('-v', '-p', ports, '127.0.0.1', '127.0.0.2'));
    b.server.close();
    const again = await listen(a.port);
    const second = nmap('-v', '-p', ports, '127.0.0.1', '127.0.0.2');
    const smaller = file('smaller.xml', nmap('-v', '-p', String(a.port), '127.0.0.1'));
    again.server.close();
    const changes = async (text: string): Promise<string[]> =>
      (await portlog(['diff', first, '-'], { input: text })).stdout.split('\n').map((line) => line.split(/ +/).slice(0, 3).join(' '));
    const expected = [`port-opened 127.0.0.1 ${a.port}/tcp`, `port-closed 127.0.0.1 ${b.port}/tcp`];
    expect((await changes(second)).filter((line) => line !== '').sort()).toEqual(expected.sort());
    const killed = second.slice(0, second.indexOf('<address addr="127.0.0.2"'));
    expect((await changes(killed)).filter((line) => line !== '').sort()).toEqual(expected.sort());
    const { stdout, stderr } = await portlog(['diff', first, smaller]);
    expect(stdout.split('\n').filter((line) => line !== '')).toHaveLength(1);
    expect(stderr).toContain('1 host of the old scan not listed by the new scan');
  });
});

function hasNmap(): boolean {
  try {
    execFileSync('nmap', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function listen(at = 0): Promise<{ server: Server; port: number }> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.end()).listen(at, '127.0.0.1', () =>
      resolve({ server, port: (server.address() as { port: number }).port }),
    );
  });
}
