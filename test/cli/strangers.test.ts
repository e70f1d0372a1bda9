import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portlog } from '../support/run-in-process.ts';
import { freshDir } from '../support/run-portlog.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';
import { host, scan } from '../support/scans.ts';

/** What a terminal could obey, beside line ends and tabs. */
const UNSAFE =
  /(?![\n\r\t])[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\uFFFE\uFFFF]|\uDB40[\uDC00-\uDC7F]/;
/** A title of the terminal in C1, a text turned round, an isolate, a mark of order. */
const EVIL = 'a\u009D0;owned\u009C\u202Etxt\u2066\u200F\uFEFF\u200B\u2060\u{E0041}\u007F\u00AD\u3164z';
const dir = freshDir();
const [old, newer, policy, state] = [join(dir, 'old.xml'), join(dir, 'new.xml'), join(dir, 'exposure.yaml'), join(dir, 'state')];

const scanOf = (product: string): string =>
  scan(
    `<scaninfo type="syn" protocol="tcp" numservices="2" services="80,443"/>${host(
      '192.0.2.7',
      `<hostnames><hostname name="${EVIL}" type="PTR"/></hostnames><os><osmatch name="${EVIL}" accuracy="99" line="1"><osclass vendor="${EVIL}" osfamily="x" accuracy="99"/></osmatch></os><ports><port protocol="tcp" portid="80"><state state="open"/><service name="${EVIL}" product="${product}" method="probed" conf="10"/><script id="${EVIL}" output="${EVIL} CVE-2020-12345"><elem key="${EVIL}">${EVIL}</elem></script></port></ports>`,
    )}`,
    `scanner="nmap" version="${EVIL}" args="nmap -sV ${EVIL}" start="1760000000"`,
  );

beforeAll(async () => {
  writeFileSync(old, scanOf('one'));
  writeFileSync(newer, scanOf(EVIL));
  writeFileSync(policy, `networks:\n  - { network: 192.0.2.0/24, zone: dmz, owner: "${EVIL}" }\nexpected: []\n`);
  await portlog(['--state-dir', state, '--to', `file=${join(dir, 'x')}`, newer]);
});

describe('control characters of untrusted text reach no terminal', () => {
  test.for<readonly string[]>([
    ['--format', 'table', newer],
    ['--format', 'ecs', newer],
    ['--format', 'otel', newer],
    ['--format', 'ecs', '--changes', '--all', '--json', newer],
    ['--verbose', newer],
    ['diff', old, newer],
    ['diff', '--format', 'json', old, newer],
    ['diff', '--format', 'unified', old, newer],
    ['inventory', '--state', 'all'],
    ['inventory', '--state', 'all', '--format', 'json'],
    ['inventory', '--state', 'all', '--format', 'csv'],
    ['exposure', 'init', newer],
    ['exposure', 'init'],
    ['exposure', 'check', '--exposure', policy, newer],
    ['exposure', 'check', '--exposure', policy, '--format', 'json', newer],
    ['exposure', 'check', '--exposure', policy, '--format', 'junit', newer],
    ['exposure', 'check', '--exposure', policy, '--format', 'sarif', newer],
    ['findings'],
    ['findings', '--format', 'json'],
    ['findings', '--format', 'csv'],
    ['report', '--format', 'html'],
    ['report', '--format', 'markdown'],
    ['report', '--format', 'csv'],
    ['report', '--format', 'json'],
    ['report', '--format', 'markdown', old, newer],
    ['status'],
    ['status', '--json'],
    ['check'],
  ])('portlog %j', async (args) => {
    const { stdout, stderr, code } = await portlog(args, { env: { PORTLOG_STATE_DIR: state } });
    expect(code).not.toBe(2);
    expect((stdout + stderr).length).toBeGreaterThan(0);
    expect(UNSAFE.exec(stdout)).toBeNull();
    expect(UNSAFE.exec(stderr)).toBeNull();
  });

  test('JSON says it all the same', async () => {
    const { stdout } = await portlog(['--format', 'ecs', newer]);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.find(({ event }) => event.dataset === 'nmap.port').nmap.service).toMatchObject({ name: EVIL, product: EVIL });
  });

  test('neither do files and lines of Wazuh', async () => {
    for (const sink of ['file', 'wazuh']) {
      const out = join(dir, `${sink}.out`);
      writeFileSync(out, '');
      expect((await portlog(['--state-dir', freshDir(), '--to', `${sink}=${out}`, newer])).code).toBe(0);
      const text = readFileSync(out, 'utf8');
      expect(text.length).toBeGreaterThan(1000);
      expect(UNSAFE.exec(text)).toBeNull();
    }
  });
});

describe('control characters of servers reach no terminal', () => {
  let server: Server;
  let url = '';
  beforeAll(async () => {
    const body = JSON.stringify({ error: { reason: `\u001B]0;owned\u0007${EVIL}` }, message: EVIL, version: { number: EVIL, distribution: EVIL } });
    server = createServer((_, response) => response.writeHead(403, { 'content-type': 'application/json', 'server': 'x' }).end(body)).listen(
      0,
      '127.0.0.1',
    );
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  test.for([['replay', '--list'], ['replay', '--list', '--json'], ['status'], ['status', '--json'], ['check'], ['replay', '--dead', '--json']])(
    'nor from what is stored: portlog %j',
    async (command) => {
      const own = freshDir();
      // As an OTLP receiver rejects what it does not like.
      const receiver = await scriptedServer((_, response) => answer(response, 400, JSON.stringify({ code: 3, message: EVIL })));
      const to = ['--to', `otlp=${receiver.url.href}v1/${encodeURIComponent(EVIL)}`];
      const shipped = await portlog([newer, ...to, '--json', '--retry-for-seconds', '0', '--state-dir', own, '--site', 'a']);
      const { stdout, stderr } = await portlog([...command, '--state-dir', own, ...(command.includes('--dead') ? to : [])]);
      await receiver.stop();
      expect(UNSAFE.exec(shipped.stderr + stdout + stderr)).toBeNull();
      if (command.includes('--list')) expect(stdout).toMatch(/rejected|dead/);
      if (command[0] !== 'replay' && command.includes('--json')) expect(JSON.parse(stdout)).toHaveProperty('sinks');
    },
  );

  test.for(['elasticsearch', 'opensearch', 'loki', 'otlp', 'http', 'wazuh'])('%s', async (sink) => {
    const args = ['--to', `${sink}=${url}`, '--retry-for-seconds', '0', '--state-dir', freshDir()];
    for (const command of [
      [...args, newer],
      ['check', ...args.slice(0, 2), ...args.slice(4)],
    ]) {
      const { stdout, stderr } = await portlog(command);
      expect(UNSAFE.exec(stdout)).toBeNull();
      expect(UNSAFE.exec(stderr)).toBeNull();
    }
  });
});

test('a spreadsheet finds no formula in untrusted text', async () => {
  const formulas = ['=1+1', '+1', '-1', '@SUM(1)', '\uFF1D1', 'x;=cmd|1', 'x, =1', 'a"=1'];
  const ports = formulas
    .map(
      (text, i) =>
        `<port protocol="tcp" portid="${i + 1}"><state state="open"/><service name="${text.replaceAll('"', '&quot;')}" method="probed" conf="10"/></port>`,
    )
    .join('');
  const file = join(dir, 'formulas.xml');
  const own = freshDir();
  writeFileSync(file, scan(host('192.0.2.7', `<ports>${ports}</ports>`)));
  await portlog(['--state-dir', own, '--to', `file=${join(own, 'x')}`, file]);
  const { stdout } = await portlog(['inventory', '--state-dir', own, '--format', 'csv']);
  const [heading = '', ...rows] = stdout.trim().split('\r\n');
  const at = heading.split(',').indexOf('service');
  const cells = rows.map((row) => [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) => cell)[at]);
  expect(cells).toEqual([`"'=1+1"`, `"'+1"`, `"'-1"`, `"'@SUM(1)"`, `"'\uFF1D1"`, `"x;'=cmd|1"`, `"x,' =1"`, `"a""'=1"`]);
});
