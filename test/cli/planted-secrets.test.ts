import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TARGETS } from '../../src/setup/targets.ts';
import { SINK_SETTINGS } from '../../src/sink/kinds.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { fastDir, freshDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { type Seen, scriptedServer } from '../support/scripted-server.ts';

/*
 * A secret in every setting of every type of sink that may hold one, and servers that refuse what they get and repeat all of it in their
 * answers. A new setting has to be entered here: it holds a secret, or none.
 */

type Place = (secret: string, home: string, base: string) => Readonly<Record<string, unknown>>;

const file: (name: string) => Place = (name) => (secret, home) => {
  writeFileSync(join(home, 'keys', secret), secret, { mode: 0o600 });
  // Its name says nothing.
  const path = join(home, 'keys', `key-${readdirSync(join(home, 'keys')).length}`);
  writeFileSync(path, secret, { mode: 0o600 });
  return { [name]: path };
};
const command: (name: string) => Place = (name) => (secret) => ({ [name]: ['/bin/echo', secret] });

/** The settings that may hold a secret; another one of the sink may be needed with it. */
const PLACES: Readonly<Record<string, Place>> = {
  url: (secret, _, base) => ({ url: `${base}/hooks/${secret}/x?token=${secret}` }),
  urls: (secret, _, base) => ({ urls: [`${base}/hooks/${secret}/x?token=${secret}`], url: undefined }),
  headers: (secret) => ({ headers: { 'x-api-key': secret, 'dd-signature': `v0=${secret}` } }),
  envelope: (secret) => ({ envelope: `{"token":"${secret}","text":"{message}"}` }),
  command: (secret) => ({ command: [join(programs, 'respond'), secret], url: undefined }),
  apiKey: (secret) => ({ apiKey: secret }),
  apiKeyFile: file('apiKeyFile'),
  apiKeyCommand: command('apiKeyCommand'),
  password: (secret) => ({ user: 'me', password: secret }),
  passwordFile: (...given) => ({ user: 'me', ...file('passwordFile')(...given) }),
  passwordCommand: (...given) => ({ user: 'me', ...command('passwordCommand')(...given) }),
  bearer: (secret) => ({ bearer: secret }),
  bearerFile: file('bearerFile'),
  bearerCommand: command('bearerCommand'),
};

const WITHOUT_SECRETS: ReadonlySet<string> = new Set([
  'allowPlaintext',
  'caFile',
  'caOnly',
  'certFile',
  'compression',
  'concurrency',
  'contentType',
  'datasets',
  'encoding',
  'eventsPerSecond',
  'facility',
  'framing',
  'fsync',
  'hostDashboard',
  'keepFiles',
  'keyFile',
  'lifetimeHours',
  'maxEventBytes',
  'maxMessageBytes',
  'name',
  'only',
  'path',
  'rotateMib',
  'runbooks',
  'streamLabels',
  'syslogFormat',
  'tenant',
  'timeoutSeconds',
  'trustSetUp',
  'user',
]);

const NO_PLACE: ReadonlySet<string> = new Set(['syslog url', 'wazuh bearer', 'wazuh bearerFile', 'wazuh bearerCommand']);

interface Planted {
  readonly type: string;
  readonly property: string;
  readonly secret: string;
}

const PLANTED: readonly Planted[] = Object.entries(SINK_SETTINGS).flatMap(([type, { properties }]) =>
  Object.keys(properties)
    .filter((property) => property in PLACES && !NO_PLACE.has(`${type} ${property}`))
    .map((property, i) => ({ type, property, secret: `Hunter2-${type}-${property}-${i}Zk4` })),
);

const echoed = ({ method, path, headers }: Seen): string => {
  const { authorization = '' } = headers;
  const basic = authorization.startsWith('Basic ') ? Buffer.from(authorization.slice(6), 'base64').toString() : '';
  return `${authorization} ${basic} ${headers['x-api-key']?.toString() ?? ''} ${headers['dd-signature']?.toString() ?? ''} ${path} ${method}`;
};
const send = (response: ServerResponse, status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { 'content-type': typeof body === 'string' ? 'text/plain' : 'application/json', ...headers }).end(text);
};

/** Ways to refuse a request and to repeat it. */
const SERVERS: Readonly<Record<string, (seen: Seen, response: ServerResponse) => void>> = {
  '401 in plain text': (seen, response) => send(response, 401, echoed(seen)),
  '401 in JSON': (seen, response) => send(response, 401, { error: { type: 'x', reason: echoed(seen) }, status: 401, message: echoed(seen) }),
  '403': (seen, response) => send(response, 403, { title: 'no', detail: echoed(seen), message: echoed(seen), error: echoed(seen) }),
  '400': (seen, response) => send(response, 400, echoed(seen)),
  '400 in JSON': (seen, response) => send(response, 400, { error: { type: 'x', reason: echoed(seen) }, status: 400, message: echoed(seen) }),
  '404': (seen, response) => send(response, 404, echoed(seen)),
  '429': (seen, response) => send(response, 429, echoed(seen)),
  '500': (seen, response) => send(response, 500, echoed(seen)),
  '501': (seen, response) => send(response, 501, echoed(seen)),
  'a web page': (seen, response) => send(response, 502, `<html><title>${echoed(seen)}</title>`, { 'content-type': 'text/html' }),
  'a redirect': (seen, response) => send(response, 302, '', { location: `https://other.example${seen.path}&as=${encodeURIComponent(echoed(seen))}` }),
  'gRPC': (seen, response) => send(response, 200, '', { 'content-type': 'application/grpc', 'grpc-status': '16', 'grpc-message': echoed(seen) }),
  'nonsense': (seen, response) => send(response, 200, echoed(seen)),
  'JSON that is none of the protocol': (seen, response) =>
    send(response, 200, {
      errors: true,
      message: echoed(seen),
      partialSuccess: { rejectedLogRecords: 1, errorMessage: echoed(seen) },
      items: [{ create: { status: 400, error: { type: 'x', reason: echoed(seen) } } }],
    }),
  'a closed connection': (_, response) => void response.socket?.destroy(),
};

let server: Awaited<ReturnType<typeof scriptedServer>>;
let home: string;
let programs: string;
let refuse = SERVERS['500'];
beforeAll(async () => {
  server = await scriptedServer((seen, response) => refuse?.(seen, response));
  home = fastDir();
  for (const name of ['keys', 'made']) mkdirSync(join(home, name));
  // Nothing can be run from /dev/shm in containers.
  programs = freshDir();
  writeFileSync(join(programs, 'respond'), `#!/bin/sh\nenv > "${join(home, 'made', 'environment')}"\necho "I got $*" >&2\nexit 1\n`);
  chmodSync(join(programs, 'respond'), 0o755);
  writeFileSync(join(home, 'scan.xml'), scan(host('192.0.2.1', port(23))));
});
afterAll(async () => server.stop());

/** From a file or a command it is the same secret, once it is read. */
const AS_TEXT = PLANTED.filter(({ type, property }) => type !== 'exec' && !/(?:File|Command)$/.test(property));
const OF_EXEC = PLANTED.filter(({ type }) => type === 'exec');

/** Writes a configuration with these; each sink has an address of its own. */
function configuration(name: string, base: string, planted: readonly Planted[] = AS_TEXT): string {
  const sinks = planted.map(({ type, property, secret }, i) => ({
    type,
    ...(type === 'exec' ? {} : { url: `${base}/${i}` }),
    // Its API takes 30 requests a minute.
    ...(type === 'wazuh' ? { datasets: ['nmap.host'] } : {}),
    ...PLACES[property]?.(secret, home, base),
  }));
  const path = join(home, `${name}.json`);
  writeFileSync(path, JSON.stringify({ stateDir: join(home, 'made', name), retryForSeconds: 0, sinks }), { mode: 0o600 });
  return path;
}

const forms = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  Buffer.from(`me:${secret}`).toString('base64'),
  Buffer.from(secret).toString('base64'),
];
const within = (text: string): readonly string[] =>
  PLANTED.filter(({ secret }) => forms(secret).some((form) => text.includes(form))).map(({ type, property }) => `${type}: ${property}`);

/** Runs it, and expects none of them in what it says. */
async function told(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { stdout, stderr } = await portlogHere(args, env);
  const said = stdout + stderr;
  expect(within(said), `portlog ${args.join(' ')}\n${said}`).toEqual([]);
  expect(said).not.toContain('bug in portlog');
  return said;
}

/** What replay needs: whole addresses, and waiting events as they are sent. docs/explanation/security.md says so. */
const IN_STATE = /: (?:urls?|envelope)$/;

/** What holds a secret of what portlog wrote. */
function leftBehind(): readonly string[] {
  const files = readdirSync(join(home, 'made'), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const found = files.flatMap(({ parentPath, name }) => within(readFileSync(join(parentPath, name), 'latin1')).map((what) => ({ name, what })));
  return found.flatMap(({ name, what }) => (name.startsWith('portlog.db') && IN_STATE.test(what) ? [] : [`${name}: ${what}`]));
}

test('every setting of every sink is known here, as one that may hold a secret or not', () => {
  for (const [type, { properties }] of Object.entries(SINK_SETTINGS))
    for (const property of Object.keys(properties)) expect(property in PLACES || WITHOUT_SECRETS.has(property), `${type}: ${property}`).toBe(true);
});

describe('a server that repeats what it got', () => {
  test.for(Object.keys(SERVERS))('%s: no secret is printed or kept', { timeout: 60_000 }, async (name) => {
    refuse = SERVERS[name];
    const config = configuration(`c${Object.keys(SERVERS).indexOf(name)}`, server.url.origin);
    const path = join(home, 'scan.xml');
    await told(['check', '--config', config, '--verbose']);
    expect(await told(['--config', config, '--verbose', '--json', path])).toMatch(/spooled|dead|nothing was read/);
    for (const args of [['status'], ['status', '--json'], ['replay', '--list']]) await told([...args, '--config', config]);
    await told(['replay', '--config', config, '--verbose']);
    expect(leftBehind()).toEqual([]);
  });

  test.for(Object.keys(TARGETS))('setup %s', { timeout: 60_000 }, async (target) => {
    const secret = PLANTED[0]?.secret ?? '';
    const variable = `PORTLOG_${target.toUpperCase().replaceAll('-', '_')}`;
    for (const refusing of Object.values(SERVERS)) {
      refuse = refusing;
      for (const env of [{ [`${variable}_BEARER`]: secret }, { [`${variable}_USER`]: 'me', [`${variable}_PASSWORD`]: secret }])
        for (const more of [['--dry-run', '--verbose'], ['--verbose'], ['--remove']])
          await told(['setup', target, '--url', `${server.url.origin}/?token=${secret}`, ...more], env);
    }
  });
});

test('a program that repeats its arguments', { timeout: 60_000 }, async () => {
  const config = configuration('exec', server.url.origin, OF_EXEC);
  await told(['check', '--config', config, '--verbose']);
  expect(await told(['--config', config, '--verbose', join(home, 'scan.xml')])).toMatch(/dead [1-9]/);
  for (const args of [['status'], ['replay', '--list']]) await told([...args, '--config', config]);
  expect(leftBehind()).toEqual([]);
});

test.for(['https://127.0.0.1:1', 'TLS'])('%s, which cannot be reached', { timeout: 120_000 }, async (base) => {
  const address = base === 'TLS' ? server.url.origin.replace('http', 'https') : base;
  await told(['check', '--config', configuration('all', address, PLANTED), '--verbose']);
  expect(leftBehind()).toEqual([]);
});
