import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './cache.ts';
import { installElasticsearch } from './install/elasticsearch.ts';
import { findJava, SHORT_LIVED } from './java.ts';
import { freePort } from './ports.ts';
import { ENDS_WITH_US, SETPRIV, startServer } from './start-server.ts';
import { ready } from './ready.ts';

const NOBODY = 65534;
export const PASSWORD = 'portlog-test-password';
/** Of {@link PASSWORD}, by bcrypt: the tool that would write it starts a Java of its own for seconds. */
const PASSWORD_HASH = '$2a$04$C9vsCxlsQbwIQ0LTxlPBBexoYw/Whwa8ZL5r3CwpAEumWFsoegLZO';

/** A real Elasticsearch with security and TLS, on loopback, with data of its own that goes with it. */
export interface ElasticsearchServer {
  readonly url: string;
  readonly caFile: string;
  /** Asks as the superuser unless told otherwise; gives status and parsed body. */
  ask(method: string, path: string, body?: unknown, authorization?: string): Promise<{ status: number; body: any }>;
  /** The process ends, the data stays. */
  halt(): Promise<void>;
  /** `isLoaded`: it is sent so much from now on that it pays to compile well, which doubles the cost of the start. */
  resume(how?: { readonly isLoaded?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

export async function startElasticsearch(): Promise<ElasticsearchServer> {
  const installed = await installElasticsearch();
  const java = findJava();
  const base = mkdtempSync(join(tmpdir(), 'portlog-es-'));
  // Elasticsearch refuses to run as root, and nobody else may look into root's cache: links are enough.
  const home = join(base, 'home');
  await run('cp', ['-al', installed, home]).catch(() => run('cp', ['-a', installed, home]));
  const port = await freePort();
  await configure(home, base, port);
  let child = launch(home, base, java);
  // Not where the server may write: a program that runs as root trusts no file there.
  const trusted = mkdtempSync(join(tmpdir(), 'portlog-es-ca-'));
  const caFile = join(trusted, 'ca.pem');
  cpSync(join(base, 'ca.pem'), caFile);
  const ask = asker(port, readFileSync(caFile, 'utf8'));
  await isUp(ask, child, join(base, 'logs'));
  return {
    url: `https://localhost:${port}`,
    caFile,
    ask,
    halt: () => end(child),
    async resume({ isLoaded = false } = {}) {
      setJava(home, base, isLoaded ? [] : SHORT_LIVED);
      child = launch(home, base, java);
      await isUp(ask, child, join(base, 'logs'));
    },
    async stop() {
      await end(child);
      for (const folder of [base, trusted]) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The launcher and the server that it has started. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  process.kill(-(child.pid as number), 'SIGTERM');
  const late = setTimeout(() => process.kill(-(child.pid as number), 'SIGKILL'), 20_000);
  await ended;
  clearTimeout(late);
}

async function configure(home: string, base: string, port: number): Promise<void> {
  cpSync(join(home, 'config'), join(base, 'config'), { recursive: true });
  for (const folder of ['data', 'logs', 'tmp']) mkdirSync(join(base, folder));
  await certificate(base);
  const settings = {
    'cluster.name': 'portlog-test',
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': await freePort(),
    'path.data': join(base, 'data'),
    'path.logs': join(base, 'logs'),
    'xpack.security.enabled': true,
    'xpack.security.autoconfiguration.enabled': false,
    'xpack.security.http.ssl.enabled': true,
    'xpack.security.http.ssl.key': join(base, 'config', 'server.key'),
    'xpack.security.http.ssl.certificate': join(base, 'config', 'server.pem'),
    'cluster.routing.allocation.disk.threshold_enabled': false,
  };
  writeFileSync(
    join(base, 'config', 'elasticsearch.yml'),
    Object.entries(settings)
      .map(([name, value]) => `${name}: ${value}\n`)
      .join(''),
  );
  setJava(home, base, SHORT_LIVED);
  writeFileSync(join(base, 'config', 'users'), `admin:${PASSWORD_HASH}\n`);
  writeFileSync(join(base, 'config', 'users_roles'), 'superuser:admin\n');
  if (process.getuid?.() === 0) chownAll(base);
}

function setJava(home: string, base: string, options: readonly string[]): void {
  const theirs = readFileSync(join(home, 'config', 'jvm.options'), 'utf8');
  const kept = theirs.replace(options.length === 0 ? /^-Xm[sx].*$/gm : /^-Xm[sx].*$|^-XX:\+UseG1GC$/gm, '');
  writeFileSync(join(base, 'config', 'jvm.options'), [kept, '-Xms512m', '-Xmx512m', ...options, ''].join('\n'));
}

/** An authority and a certificate for localhost, as a site would issue them itself. */
async function certificate(base: string): Promise<void> {
  const config = join(base, 'config');
  const openssl = (...args: string[]): Promise<unknown> => run('openssl', args, { cwd: config });
  await openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=portlog test CA',
    '-keyout',
    'ca.key',
    '-out',
    '../ca.pem',
  );
  await openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(join(config, 'san.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  await openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    '../ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-days',
    '2',
    '-extfile',
    'san.cnf',
    '-out',
    'server.pem',
  );
}

/** The distribution lacks `bin/elasticsearch`; this is what that script does in the end. */
function launch(home: string, base: string, java: string): ChildProcess {
  const args = [...SHORT_LIVED, '-Xms4m', '-Xmx64m', '-cp', 'lib/tools/server-launcher/*', 'org.elasticsearch.server.launcher.ServerLauncher'];
  const env = { ...environment(home, base, java), CLI_NAME: 'server', CLI_LIBS: 'lib/tools/server-cli' };
  const drop = [...ENDS_WITH_US, '--reuid=65534', '--regid=65534', '--clear-groups', join(java, 'bin/java'), ...args];
  const options = { cwd: home, env, stdio: 'ignore', detached: true } as const;
  return process.getuid?.() === 0 ? spawn(SETPRIV, drop, options) : startServer(join(java, 'bin/java'), args, options);
}

function environment(home: string, base: string, java: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    JAVA: join(java, 'bin/java'),
    JAVA_HOME: java,
    ES_JAVA_HOME: java,
    ES_HOME: home,
    ES_PATH_CONF: join(base, 'config'),
    ES_DISTRIBUTION_TYPE: 'zip',
    ES_TMPDIR: join(base, 'tmp'),
    JAVA_TYPE: 'ES_JAVA_HOME',
    CLI_JAVA_OPTS: ['-Xms4m', '-Xmx64m', ...SHORT_LIVED].join(' '),
    HOME: base,
  };
}

/** Elasticsearch 9 needs Java 21 or newer. */
function asker(port: number, ca: string): ElasticsearchServer['ask'] {
  const superuser = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString('base64')}`;
  return (method, path, body, authorization = superuser) =>
    new Promise((resolve, reject) => {
      const asked = request(
        { host: 'localhost', port, method, path, ca, headers: { authorization, 'content-type': 'application/json' } },
        (answer) => {
          let text = '';
          answer.setEncoding('utf8').on('data', (part: string) => (text += part));
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text }),
          );
        },
      );
      asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });
}

function isUp(ask: ElasticsearchServer['ask'], child: ChildProcess, logs: string): Promise<void> {
  const health = '/_cluster/health?wait_for_status=yellow&timeout=1s';
  return ready(`Elasticsearch (see ${logs})`, async () => (await ask('GET', health)).status === 200, child);
}

function chownAll(path: string): void {
  for (const folder of ['config', 'data', 'logs', 'tmp'])
    for (const entry of readdirSync(join(path, folder), { recursive: true, withFileTypes: true }))
      chownSync(join(entry.parentPath, entry.name), NOBODY, NOBODY);
  for (const folder of ['config', 'data', 'logs', 'tmp', '.']) chownSync(join(path, folder), NOBODY, NOBODY);
}

if (import.meta.main) {
  const server = await startElasticsearch();
  console.log(JSON.stringify({ url: server.url, caFile: server.caFile, user: 'admin', password: PASSWORD }));
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
}
