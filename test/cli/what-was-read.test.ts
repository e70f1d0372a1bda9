import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { FOOTER, host, port, scan } from '../support/scans.ts';

const folder = freshDir();

function written(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test('findings that are not reported are not counted as if they were', async () => {
  const guess = port(6379, 'open', '<service name="redis" method="table" conf="3"/>');
  const telnet = port(23, 'open', '<service name="telnet" method="probed" conf="10"/>');
  const args = ['--to', `file=${join(folder, 'a')}`, '--state-dir', join(folder, 'state')];
  const one = await portlog([...args, written('guess.xml', scan(host('192.0.2.7', guess)))]);
  expect(one.stderr).toContain('1 open port, 1 unconfirmed finding; ');
  const two = await portlog([...args, written('both.xml', scan(host('192.0.2.8', (telnet + guess).replace('</ports><ports>', ''))))]);
  expect(two.stderr).toContain('2 open ports, 2 findings (1 unconfirmed); ');
  const shown = await portlog(['findings', '--state-dir', join(folder, 'state')]);
  const note = 'not listed: what only the number of a port, a version or a mention suggests (nmap.finding has them)';
  expect(shown.stderr).toBe(`portlog: 1 weakness of 1 host\nportlog: 2 unconfirmed findings are ${note}\n`);
  const report = await portlog(['report', '--format', 'markdown', '--state-dir', join(folder, 'state')]);
  expect(report.stdout).toContain(`\n2 unconfirmed findings are ${note}.\n`);
  // Another service answers there, and says so.
  const redis = port(6379, 'open', '<service name="http" method="probed" conf="10"/>');
  const header = 'scanner="nmap" version="7.93" args="nmap -sV 192.0.2.0/28" start="1760000900"';
  await portlog([...args, written('asked.xml', scan(host('192.0.2.7', redis), header).replaceAll(/"17600000(\d\d)"/g, '"17600009$1"'))]);
  const after = await portlog(['findings', '--state-dir', join(folder, 'state')]);
  expect(after.stderr).toContain('portlog: 1 unconfirmed finding is not listed: ');
});

test('a scan that looked at no port does not read as if none were open', async () => {
  const pings = written(
    'pings.xml',
    `<nmaprun scanner="nmap" version="7.93" args="nmap -sn 192.0.2.0/24" start="1760000000"><verbose level="0"/>${host('192.0.2.7')}${FOOTER}</nmaprun>`,
  );
  const { stdout, stderr } = await portlog([pings]);
  expect(stderr).toContain('pings.xml: 1 run, 1 host listed, no ports looked at\n');
  expect(stdout).toContain('scan finished: 1 host (1 up), no ports looked at in 60 s');
  const ports = written(
    'ports.xml',
    scan(`<scaninfo type="syn" protocol="tcp" numservices="1" services="80"/>${host('192.0.2.7', port(80, 'closed'))}`),
  );
  expect((await portlog([ports])).stderr).toContain('ports.xml: 1 run, 1 host listed, 0 open ports\n');
});

test("events that wait for a server that is down are listed as events of scans and as portlog's own", async () => {
  const path = written('wait.xml', scan(host('192.0.2.7', port(80))));
  const args = ['--to', 'elasticsearch=http://127.0.0.1:1', '--retry-for-seconds', '1', '--state-dir', join(folder, 'waiting'), path];
  const { stderr, code } = await portlog(args);
  const [, all, read, inventory, about] =
    /: (\d+) events wait on disk \((\d+) of what was read, (\d+) of the inventory, (\d+) about portlog itself\)/.exec(stderr) ?? [];
  expect([code, Number(read) + Number(inventory) + Number(about)]).toEqual([5, Number(all)]);
  expect(stderr).toContain(`read ${read} = delivered 0 + already 0 + dead 0 + spooled ${read}\n`);
  expect((await portlog(args)).stderr).toMatch(/, \d+ of earlier runs\)/);
});

test('a protocol that closes is named, as a port is', async () => {
  const run = (start: number, protocols: readonly number[]): string =>
    `<nmaprun scanner="nmap" version="7.93" args="nmap -sO 192.0.2.7" start="${start}"><scaninfo type="ipproto" protocol="ip" numservices="256" services="0-255"/><host starttime="${start}" endtime="${start + 1}"><status state="up" reason="proto-response"/><address addr="192.0.2.7" addrtype="ipv4"/><ports><extraports state="closed" count="${256 - protocols.length}"/>${protocols
      .map((id) => `<port protocol="ip" portid="${id}"><state state="open" reason="proto-response"/></port>`)
      .join('')}</ports></host>${FOOTER}</nmaprun>`;
  const args = ['--to', `file=${join(folder, 'b')}`, '--state-dir', join(folder, 'protocols')];
  await portlog([...args, written('one.xml', run(1_760_000_000, [1, 6]))]);
  const { stderr } = await portlog([...args, written('two.xml', run(1_760_086_400, [6]))]);
  expect(stderr).toContain('1 open protocol; changed: 1 port closed (192.0.2.7 1/ip)\n');
});
