import { copyFileSync, existsSync, linkSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir, portlog as portlogProcess } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';

const BEFORE = 'examples/before.xml';
const AFTER = 'examples/after.xml';
/** What a host may call itself. */
const HOSTILE = `"><script>document.title='pwned'</script><img src=x onerror=alert(1)>\u202E\u001B]0;x`;

test('of scans: what is open at the end, and what changed between them', async () => {
  const { stdout, stderr, code } = await portlog(['report', '--format', 'json', BEFORE, AFTER]);
  const { totals, changes, ports, scans } = JSON.parse(stdout);
  expect([code, scans.length, totals.openPorts, ports.total]).toEqual([0, 2, 1, 1]);
  expect(changes.rows.map(({ action }: { action: string }) => action)).toContain('port-opened');
  expect(stderr).toContain('after.xml: 1 run, 1 host listed, 1 open port');
});

test('of scans: a severe weakness in the first of them is no change between them', async () => {
  const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
  const { stdout } = await portlog(['report', '--format', 'json', '-'], { input: scan(host('192.0.2.7', telnet)) });
  const { changes, findings } = JSON.parse(stdout);
  expect([changes.total, findings.total]).toEqual([0, 1]);
});

test('of scans: nothing of it is left behind, and the state of the user is not touched', async () => {
  const home = freshDir();
  const tmp = freshDir();
  await portlogProcess(['report', BEFORE], { env: { HOME: home, TMPDIR: tmp } });
  expect([readdirSync(home), readdirSync(tmp)]).toEqual([[], []]);
});

test('of what is known: since a date, in a file that only its owner reads', async () => {
  const dir = freshDir();
  const output = join(dir, 'report.html');
  for (const path of [BEFORE, AFTER]) await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, path]);
  const { stdout, stderr, code } = await portlog(['report', '--state-dir', dir, '--since', '2020-01-01', '-o', output]);
  expect([code, stdout, stderr]).toEqual([0, '', `portlog: the report is in ${output}\n`]);
  const page = readFileSync(output, 'utf8');
  expect(statSync(output).mode & 0o777).toBe(0o600);
  expect(page).toContain('<td class="short">port-opened</td>'.replace(' class="short"', ''));
  expect(page).toMatch(/Open ports <span class="count">1<\/span>/);
});

describe('over several sites', () => {
  const dir = freshDir();
  const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
  beforeAll(async () => {
    const ship = async (site: string, input: string): Promise<unknown> =>
      portlog(['-q', '--site', site, '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, '-'], { input });
    await ship('berlin', scan(host('192.0.2.7', telnet)));
    await ship('hamburg', scan(host('192.0.2.7', telnet)));
    await ship('hamburg', scan(host('192.0.2.7', telnet) + host('192.0.2.8', port(80))).replaceAll('"17', '"18'));
  });
  const shown = async (...args: readonly string[]): Promise<string> =>
    (await portlog(['report', '--state-dir', dir, '--since', '2020-01-01', ...args])).stdout;

  test('each table has the site beside the host, in Markdown and HTML; of one site there is no such column', async () => {
    const markdown = await shown('--format', 'markdown');
    const headings = markdown.split('\n').filter((line) => line.startsWith('| ') && line.includes('| Host |'));
    expect(headings.map((line) => line.includes('| Host | Site |'))).toEqual(headings.map(() => true));
    expect(markdown).toContain('| high | 192.0.2.7 | berlin | 23/tcp |');
    expect(markdown).toContain('| host-new | 192.0.2.8 | hamburg |  |');
    expect(markdown).toContain('| 192.0.2.7 | hamburg |  | 23/tcp | telnet |');
    expect(markdown).toMatch(/\d\d:\d\d, site berlin: 1 host and 1 open port seen for the first time/);
    // The same address at two sites is two hosts.
    expect(markdown).toMatch(/^1\. \*\*high\*\* .* at 2 hosts: /m);
    const html = await shown('--format', 'html');
    expect(html).toContain('<th scope="col">Host</th><th scope="col">Site</th><th scope="col">Port</th>');
    expect(html).toContain('<td class="host">192.0.2.7</td><td>berlin</td>');
    for (const format of ['html', 'markdown']) expect(await shown('--site', 'berlin', '--format', format)).not.toContain('Site');
  });
});

describe('of known state: what counts as a change', () => {
  const DAY_S = 86_400;
  const START = 1_760_000_000;
  const args = (day: number): string => `scanner="nmap" version="7.93" args="nmap -v -sV -p 80,443 192.0.2.0/28" start="${START + day * DAY_S}"`;
  const INFO = '<scaninfo type="connect" protocol="tcp" numservices="2" services="80,443"/>';
  const night = (day: number, ...hosts: readonly string[]): string =>
    scan(INFO + hosts.join(''), args(day)).replaceAll(/"17600000(\d\d)"/g, (_, seconds: string) => `"${START + day * DAY_S + Number(seconds)}"`);
  const known = async (...scans: readonly string[]): Promise<Record<string, { rows: { action: string; message: string }[]; total: number }>> => {
    const dir = freshDir();
    for (const input of scans) await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, '-'], { input });
    return JSON.parse((await portlog(['report', '--state-dir', dir, '--since', '2020-01-01', '--format', 'json'])).stdout);
  };
  const nginx = (version: string): string =>
    port(80, 'open', `<service name="http" product="nginx" version="${version}" method="probed" conf="10"/>`);

  test('the first scan is a baseline, and its severe weaknesses are changes, as they were reported', async () => {
    const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
    const { changes, baselines, findings } = await known(night(0, host('192.0.2.7', telnet), host('192.0.2.9', port(443))));
    // It was reported beside the baseline, so it is in the list, too.
    expect(changes).toMatchObject({ total: 1, rows: [{ action: 'finding-opened', message: '192.0.2.7 23/tcp Telnet is reachable [high]' }] });
    expect(findings).toMatchObject({ total: 1, rows: [{ level: 'high', host: '192.0.2.7', port: '23/tcp' }] });
    expect(baselines).toMatchObject({
      rows: [
        {
          site: 'default',
          message:
            '2 hosts and 2 open ports seen for the first time, with nothing earlier to compare: taken as the baseline, except for 1 finding reported by itself',
        },
      ],
      total: 1,
    });
  });

  test('changes have the same words as alerts, services and mass changes included', async () => {
    const { changes } = await known(night(0, host('192.0.2.7', nginx('1.26.0'))), night(7, host('192.0.2.7', nginx('1.28.0') + port(443))));
    expect(changes?.rows.map(({ action, message }) => `${action}: ${message}`)).toEqual([
      'service-changed: 192.0.2.7 80/tcp changed from http nginx 1.26.0 to http nginx 1.28.0',
      'port-opened: 192.0.2.7 443/tcp opened (http), closed|filtered for 7 days',
    ]);
  });

  test('a severe weakness of a new host, or of a port that was scanned before, is a change', async () => {
    const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
    const { changes } = await known(
      night(0, host('192.0.2.7', port(80)), host('192.0.2.8', port(80))),
      night(1, host('192.0.2.7', telnet), host('192.0.2.9', telnet)),
    );
    expect(changes?.rows.filter(({ action }) => action === 'finding-opened').map(({ message }) => message)).toEqual([
      '192.0.2.7 23/tcp Telnet is reachable [high]',
      '192.0.2.9 23/tcp Telnet is reachable [high]',
    ]);
  });

  test('a page says what was taken as a baseline, beside no changes', async () => {
    const dir = freshDir();
    await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, BEFORE]);
    for (const format of ['html', 'markdown']) {
      const { stdout } = await portlog(['report', '--state-dir', dir, '--since', '2020-01-01', '--format', format]);
      expect(stdout).toMatch(/seen for the first time, with nothing earlier to compare/);
      expect(stdout).toContain('Nothing changed, as far as was looked.');
    }
  });
});

test('a statement about a day that has passed is dated, with the time of the last scan', async () => {
  const dir = freshDir();
  const certificate = '<script id="ssl-cert" output=""><table key="validity"><elem key="notAfter">2025-10-20T12:00:00</elem></table></script>';
  const input = scan(
    host('192.0.2.7', port(443, 'open', `<service name="https" method="probed" conf="10"/>${certificate}`)),
    'scanner="nmap" args="nmap -sV -sC 192.0.2.7" start="1760000000"',
  );
  await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, '-'], { input });
  const { stdout } = await portlog(['report', '--state-dir', dir, '--format', 'markdown']);
  expect(stdout).toContain('as it was seen last on 2025-10-09 08:53 UTC');
  expect(stdout).toMatch(/the certificate expires on 2025-10-20 .*; that day has passed since the scan/);
  expect((await portlog(['findings', '--state-dir', dir])).stdout).toContain('that day has passed since the scan');
});

test('in a ticket, untrusted text mentions nobody and makes no link', async () => {
  const dir = freshDir();
  const banner = '@acme/admins @everyone www.evil.example https://evil.example [bank](https://evil.example) &lt;img src=x&gt;';
  const input = scan(host('192.0.2.7', port(80, 'open', `<service name="http" product="${banner}" method="probed" conf="10"/>`)));
  await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, '-'], { input });
  const { stdout } = await portlog(['report', '--state-dir', dir, '--format', 'markdown']);
  expect(stdout).toContain('@ acme/admins @ everyone www&#46;evil.example https&#58;//evil.example');
  expect(stdout).not.toMatch(/(?<![\w.+-])@\w|https?:\/\/evil|www\.|[^\\]\]\(|<img/);
});

test('without known hosts there is no report that looks as if all were well', async () => {
  const dir = freshDir();
  const { stdout, stderr, code } = await portlog(['report', '--state-dir', dir, '-o', join(dir, 'r.html')]);
  expect([code, stdout, existsSync(join(dir, 'r.html'))]).toEqual([3, '', false]);
  expect(stderr).toContain('nothing is known yet');
});

test('a scan that cannot be read is named, and the report is of the others', async () => {
  const missing = join(freshDir(), 'none.xml');
  const { stdout, stderr, code } = await portlog(['report', '--format', 'csv', missing, AFTER]);
  expect([code, stdout.startsWith('kind,site,host,')]).toEqual([1, true]);
  expect(stderr).toContain('none.xml');
  // Whoever reads the report alone must know it, too.
  expect(stdout).toMatch(/^"gap",.*none\.xml/m);
  expect((await portlog(['report', missing, AFTER])).stdout).toContain('What this report does not know');
  expect((await portlog(['report', missing])).code).toBe(3);
});

test.for(['html', 'markdown', 'csv', 'json'])('as %s, untrusted text stays text', async (format) => {
  const input = scan(
    host('192.0.2.1', port(80)).replace('<ports>', `<hostnames><hostname name="${attribute(HOSTILE)}" type="PTR"/></hostnames><ports>`),
  );
  const { stdout, code } = await portlog(['report', '--format', format, '-'], { input });
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/[\u202E\u001B]/);
  if (format === 'html') expect(stdout.match(/<script|<img/g)).toEqual(['<script']);
  if (format === 'markdown') expect(stdout).not.toContain('<script');
});

test('an HTML report asks for nothing and runs nothing that is not its own', async () => {
  const { stdout } = await portlog(['report', AFTER]);
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(stdout) ?? [];
  expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[\w+/=]+'; script-src 'sha256-[\w+/=]+'; base-uri 'none'; form-action 'none'$/);
  expect(stdout).not.toMatch(/(?:src|href)="(?!#)/);
  expect(stdout).not.toMatch(/ style=| on\w+=/);
});

test('portlog findings: the gravest of a host first; filters; CSV and JSON', async () => {
  const dir = freshDir();
  await portlog(['-q', '--state-dir', dir, '--to', `file=${join(dir, 'out')}`, 'examples/loopback.xml']);
  const all = await portlog(['findings', '--state-dir', dir]);
  expect(all.stderr).toBe('portlog: 4 weaknesses of 2 hosts\n');
  expect(all.stdout.split('\n')[0]).toBe('SEVERITY  SITE       HOST             PORT       SINCE       WEAKNESS');
  const high = await portlog(['findings', '--state-dir', dir, '--severity', 'high', '--format', 'json']);
  expect(JSON.parse(high.stdout)).toMatchObject({ host: '127.0.0.2', port: '2323/tcp', level: 'high', rule: 'nmap-service-telnet' });
  const csv = await portlog(['findings', '--state-dir', dir, '--network', '127.0.0.2', '--format', 'csv']);
  expect(csv.stdout.trim().split('\r\n')).toHaveLength(2);
  expect((await portlog(['findings', '--state-dir', dir, '--rule', 'nmap-service-telnet'])).stderr).toBe('portlog: 1 weakness of 1 host\n');
});

function attribute(text: string): string {
  return text.replaceAll(/[&<>"\u001B]/g, (character) => `&#${character.charCodeAt(0)};`);
}

describe('what is written', () => {
  const command = (dir: string, output: string): readonly string[] => ['report', '--state-dir', dir, join(dir, 'scan.xml'), '-o', join(dir, output)];
  const prepared = (): string => {
    const dir = freshDir();
    copyFileSync(BEFORE, join(dir, 'scan.xml'));
    return dir;
  };

  test.each(['scan.xml', 'link.xml', 'same.xml', 'portlog.db'])('is never what is read: %s', async (output) => {
    const dir = prepared();
    symlinkSync('scan.xml', join(dir, 'link.xml'));
    linkSync(join(dir, 'scan.xml'), join(dir, 'same.xml'));
    const { stderr, code } = await portlog(command(dir, output));
    expect(code).toBe(2);
    expect(stderr).toContain(`nothing is written to ${join(dir, output)}: it is the ${output === 'portlog.db' ? 'state' : 'scan'}`);
    expect(readFileSync(join(dir, 'scan.xml'))).toEqual(readFileSync(BEFORE));
  });

  test('goes through a pipe or a device, which stays what it is', async () => {
    const dir = prepared();
    const pipe = join(dir, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);
    const report = portlogProcess(command(dir, 'pipe'));
    expect((await promisify(execFile)('cat', [pipe])).stdout).toMatch(/^<!doctype html>/);
    await report;
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  test('goes where a link of our own leads, and a report to a directory says so in words', async () => {
    const dir = prepared();
    symlinkSync('there.html', join(dir, 'link.html'));
    copyFileSync(BEFORE, join(dir, 'there.html'));
    expect(await portlog(command(dir, 'link.html'))).toMatchObject({ code: 0 });
    expect(readFileSync(join(dir, 'there.html'), 'utf8')).toMatch(/^<!doctype html>/);
    expect((await portlog(command(dir, 'nowhere/report.html'))).stderr).toContain(
      'report.html: there is no such file\nportlog:   → name another file',
    );
  });
});

test('what to do first has a subject, groups thousands, and says nothing that holds of one host only', async () => {
  const dir = freshDir();
  const policy = join(dir, 'exposure.yaml');
  writeFileSync(policy, 'networks: [{ network: 10.0.0.0/8, zone: office }]\nexpected: []\n');
  const hosts = Array.from({ length: 1200 }, (_, i) => host(`10.0.${i >> 8}.${i & 255}`, port(8080))).join('');
  const { stdout } = await portlog(['report', '--format', 'markdown', '--exposure', policy, '-'], { input: scan(hosts) });
  expect(stdout).toContain('**medium** An unexpected port is open at 1,200 hosts: Close it');
  expect(stdout).toContain('1,200 hosts up, 1,200 open ports; weaknesses: 0 critical, 0 high, 1,200 medium,');
});
