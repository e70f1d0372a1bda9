import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { installOpenSearch } from './install/opensearch.ts';
import { installOpenSearchSecurity } from './install/opensearch-security.ts';
import { findJava, SHORT_LIVED } from './java.ts';
import { freePort } from './ports.ts';
import { startServer } from './start-server.ts';
import { ready } from './ready.ts';

const HEALTH = '/_cluster/health?wait_for_status=yellow&timeout=1s';
const MAIN = fileURLToPath(new URL('install/opensearch/Server.java', import.meta.url));

/** A real OpenSearch on loopback, without security, with data of its own that goes with it. */
export interface OpenSearchServer {
  readonly url: string;
  /** `authorization`: of somebody else than the administrator, where there is security. */
  ask(method: string, path: string, body?: unknown, authorization?: string): Promise<{ status: number; body: any }>;
  stop(): Promise<void>;
}

export async function startOpenSearch(): Promise<OpenSearchServer> {
  return start({ jars: await installOpenSearch(), base: newBase(), settings: [] });
}

/** Of the demonstration users that the plugin brings. */
const ADMIN = 'Basic YWRtaW46YWRtaW4=';

/** One with the security plugin: TLS, and the users that it brings. */
export async function startSecureOpenSearch(): Promise<OpenSearchServer & { readonly caFile: string }> {
  const { jars, config } = await installOpenSearchSecurity();
  const base = newBase();
  const folder = join(base, 'node_1', 'config');
  cpSync(config, join(folder, 'opensearch-security'), { recursive: true });
  makeCertificates(folder);
  const caFile = join(folder, 'ca.pem');
  const tls = (where: string): readonly string[] =>
    [`pemcert_filepath=${folder}/node.pem`, `pemkey_filepath=${folder}/node.key`, `pemtrustedcas_filepath=${caFile}`].map(
      (one) => `plugins.security.ssl.${where}.${one}`,
    );
  const settings = [
    'org.opensearch.security.OpenSearchSecurityPlugin',
    ...tls('transport'),
    ...tls('http'),
    'plugins.security.ssl.http.enabled=true',
    'plugins.security.ssl.transport.enforce_hostname_verification=false',
    'plugins.security.allow_default_init_securityindex=true',
    'plugins.security.restapi.roles_enabled=all_access',
    'plugins.security.nodes_dn=CN=node',
  ];
  return { ...(await start({ jars, base, settings, caFile })), caFile };
}

interface Start {
  readonly jars: string;
  readonly base: string;
  /** The class of a plugin, and settings. */
  readonly settings: readonly string[];
  readonly caFile?: string;
}

async function start({ jars, base, settings, caFile }: Start): Promise<OpenSearchServer> {
  const port = await freePort();
  const args = [...SHORT_LIVED, '-Xmx512m', '-cp', `${jars}/*`, MAIN, base, String(port), String(await freePort()), ...settings];
  const child = startServer(join(findJava(), 'bin', 'java'), args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const url = `${caFile === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const dispatcher = caFile === undefined ? new Agent() : new Agent({ connect: { ca: readFileSync(caFile) } });
  const ask: OpenSearchServer['ask'] = async (method, path, body, authorization = ADMIN) => {
    const headers = { 'content-type': 'application/json', 'connection': 'close', authorization };
    const answer = await request(url + path, {
      method: method as 'GET',
      headers,
      dispatcher,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text };
  };
  await ready('OpenSearch', async () => (await ask('GET', HEALTH)).status === 200, child);
  return {
    url,
    ask,
    async stop() {
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.stdin?.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await ended;
      clearTimeout(late);
      await dispatcher.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
}

function newBase(): string {
  return mkdtempSync(join(tmpdir(), 'portlog-opensearch-'));
}

/** An authority, and a node whose name the plugin is told. */
function makeCertificates(folder: string): void {
  const openssl = (args: string): void => void execFileSync('openssl', args.split(' '), { cwd: folder, stdio: 'ignore' });
  openssl('req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem');
  openssl('req -newkey rsa:2048 -nodes -subj /CN=node -keyout node.key -out node.csr');
  writeFileSync(join(folder, 'node.ext'), 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n');
  openssl('x509 -req -in node.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile node.ext -out node.pem');
}

if (import.meta.main) {
  const server = await startOpenSearch();
  console.log(JSON.stringify({ url: server.url }));
  process.once('SIGINT', () => void server.stop());
  process.once('SIGTERM', () => void server.stop());
}
