import { type ChildProcess, execFile, execFileSync } from 'node:child_process';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshDir, portlog } from '../support/run-portlog.ts';
import { type ElasticsearchServer, PASSWORD, startElasticsearch } from './elasticsearch.ts';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';

const run = promisify(execFile);
const folder = freshDir();
let elasticsearch: ElasticsearchServer;
let env: Record<string, string>;
let ports: { readonly ftp: number; readonly tls: number };

beforeAll(async () => {
  elasticsearch = await startElasticsearch();
  env = { PORTLOG_ELASTICSEARCH_USER: 'admin', PORTLOG_ELASTICSEARCH_PASSWORD: PASSWORD, PORTLOG_CA_FILE: elasticsearch.caFile };
  await portlog(['setup', 'elasticsearch', '--url', elasticsearch.url], { env });
  ports = { ftp: await freePort(), tls: await freePort() };
});
afterAll(() => elasticsearch?.stop());

/** Enough of an FTP server to log in, or not. */
async function ftp(answer: string): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined).write('220 (vsFTPd 3.0.3)\r\n');
    socket.on('data', (data) => {
      for (const line of data
        .toString()
        .split('\r\n')
        .filter((one) => one !== '')) {
        const command = line.split(' ', 1)[0]?.toUpperCase();
        socket.write(command === 'USER' ? '331 Please specify the password.\r\n' : command === 'PASS' ? answer : '500 Unknown command.\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(ports.ftp, '127.0.0.1', resolve));
  return server;
}

/** OpenSSL's own server, with a certificate of that key and hash. */
async function tls(bits: number, hash: string, days: number, protocol: string): Promise<ChildProcess> {
  const [key, certificate] = [join(folder, `${bits}.key`), join(folder, `${bits}.pem`)];
  const subject = ['-subj', '/CN=test.example', '-days', String(days), `-${hash}`];
  execFileSync('openssl', ['req', '-x509', '-newkey', `rsa:${bits}`, '-nodes', '-keyout', key, '-out', certificate, ...subject], { stdio: 'ignore' });
  const args = [
    '-accept',
    `127.0.0.1:${ports.tls}`,
    '-key',
    key,
    '-cert',
    certificate,
    '-www',
    '-min_protocol',
    protocol,
    '-cipher',
    'AES128-SHA:AES128-GCM-SHA256:@SECLEVEL=0',
  ];
  const server = startServer('openssl', ['s_server', ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => server.stdout?.once('data', resolve));
  return server;
}

/** Scans, ships, and gives what has changed. */
async function changes(state: string): Promise<readonly string[]> {
  const list = `${ports.ftp},${ports.tls}`;
  const scripts = 'ssl-cert,ssl-enum-ciphers,ftp-anon';
  await new Promise((resolve) => setTimeout(resolve, 1001));
  const { stdout } = await run('nmap', ['-sV', '--version-light', '-p', list, '--script', scripts, '-oX', '-', '127.0.0.1'], { maxBuffer: 1 << 26 });
  const before = await messages('nmap.change');
  const { stderr, code } = await portlog(['--state-dir', state, '--to', `elasticsearch=${elasticsearch.url}`], { env, input: stdout });
  expect(code, stderr).toBe(0);
  return (await messages('nmap.change')).filter((message) => !before.includes(message));
}

async function messages(dataset: string): Promise<readonly string[]> {
  await elasticsearch.ask('POST', '/logs-nmap.*/_refresh');
  const { body } = await elasticsearch.ask('POST', '/logs-nmap.*/_search', {
    size: 500,
    query: { term: { 'event.dataset': dataset } },
    _source: ['message'],
  });
  const found = (body.hits.hits as { _source: { message: string } }[]).map(({ _source }) => _source.message);
  return found
    .map((message) =>
      message
        .replaceAll(String(ports.ftp), 'FTP')
        .replaceAll(String(ports.tls), 'TLS')
        .replaceAll(/(for|for less than) \d+ \w+/g, 'for AGE')
        .replaceAll(/20\d\d-\d\d-\d\d/g, 'DAY'),
    )
    .toSorted();
}

test('real services with real faults are found, reported, and resolved when they are fixed or gone', { timeout: 10 * 60_000 }, async () => {
  const state = freshDir();
  expect(await changes(state)).toEqual(['1 host seen for the first time, with nothing earlier to compare: taken as the baseline']);

  const [openFtp, weakTls] = [await ftp('230 Login successful.\r\n'), await tls(1024, 'sha1', 5, 'TLSv1')];
  expect(await changes(state)).toEqual([
    '127.0.0.1 FTP/tcp FTP is reachable [low]',
    '127.0.0.1 FTP/tcp anonymous FTP is allowed [high]',
    expect.stringMatching(/^127\.0\.0\.1 FTP\/tcp opened \(ftp vsftpd 3\.0\.3\), closed for AGE$/),
    '127.0.0.1 TLS/tcp TLSv1.0 and TLSv1.1 are offered [medium]',
    expect.stringMatching(/^127\.0\.0\.1 TLS\/tcp opened \(https OpenSSL s_server/),
    '127.0.0.1 TLS/tcp the certificate expires on DAY (CN=test.example) [high]',
    '127.0.0.1 TLS/tcp the certificate is self-signed (CN=test.example) [low]',
    '127.0.0.1 TLS/tcp the certificate is signed with sha1WithRSAEncryption (CN=test.example) [high]',
    "127.0.0.1 TLS/tcp the certificate's rsa key has 1024 bits (CN=test.example) [high]",
  ]);

  openFtp.close();
  weakTls.kill('SIGKILL');
  const [closedFtp, goodTls] = [await ftp('530 Login incorrect.\r\n'), await tls(2048, 'sha256', 365, 'TLSv1.2')];
  const mended = await changes(state);
  expect(mended.filter((message) => message.includes('resolved'))).toEqual([
    '127.0.0.1 FTP/tcp resolved: anonymous FTP is allowed, known for AGE',
    '127.0.0.1 TLS/tcp resolved: TLSv1.0 and TLSv1.1 are offered, known for AGE',
    '127.0.0.1 TLS/tcp resolved: the certificate expires on DAY (CN=test.example), known for AGE',
    '127.0.0.1 TLS/tcp resolved: the certificate is signed with sha1WithRSAEncryption (CN=test.example), known for AGE',
    "127.0.0.1 TLS/tcp resolved: the certificate's rsa key has 1024 bits (CN=test.example), known for AGE",
  ]);
  expect(mended.find((message) => message.includes('another certificate'))).toBeDefined();

  closedFtp.close();
  goodTls.kill('SIGKILL');
  expect((await changes(state)).filter((message) => message.includes('resolved'))).toEqual([
    '127.0.0.1 FTP/tcp resolved: FTP is reachable, known for AGE',
    '127.0.0.1 TLS/tcp resolved: the certificate is self-signed (CN=test.example), known for AGE',
  ]);
  expect(await messages('nmap.finding')).toContain('127.0.0.1 FTP/tcp: anonymous FTP is allowed [high]');
});
