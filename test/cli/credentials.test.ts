import { createServer } from 'node:https';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Credentials } from '../../src/sink/options.ts';
import { openSink } from '../../src/config/open-sink.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, portlog, ROOT } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { selfSigned } from '../support/self-signed.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* Where credentials go, and whom they are shown to. */

const EXAMPLE = join(ROOT, 'examples/loopback.xml');
const SECRET: Credentials = { kind: 'bearer', secret: () => 'tops3cret' };
const BASIC: Credentials = { kind: 'basic', user: 'u', secret: () => 'tops3cret' };

describe('in plain text they go to no other machine', () => {
  const open = (type: string, target: string, more: Partial<OptionsOf<'http'>>): Promise<unknown> => openSink(type as 'http', target, more);

  test.each(['elasticsearch', 'opensearch', 'loki', 'otlp', 'http', 'wazuh'])('%s', async (type) => {
    const credentials = type === 'wazuh' ? BASIC : SECRET;
    await expect(open(type, 'http://siem.example:9200', { credentials })).rejects.toMatchObject({
      code: 'sink-options',
      message: `the credentials for ${type} would go to siem.example:9200 in plain text, readable for everyone on the way`,
    });
    for (const target of ['https://siem.example:9200', 'http://127.0.0.1:9200', 'http://localhost:9200', 'http://[::1]:9200'])
      await expect(open(type, target, { credentials })).resolves.toBeDefined();
    await expect(open(type, 'http://siem.example:9200', { credentials, allowPlaintext: true })).resolves.toBeDefined();
    await expect(open(type, 'http://siem.example:9200', {})).resolves.toBeDefined();
  });

  test.each(['authorization', 'X-API-Key', 'Cookie', 'x-auth-token'])('a header %s is one, too', async (name) => {
    await expect(open('http', 'http://siem.example', { headers: { [name]: 'x' } })).rejects.toMatchObject({ code: 'sink-options' });
    await expect(open('http', 'http://siem.example', { headers: { 'x-team': 'x' } })).resolves.toBeDefined();
  });

  test('nor does the name of such a machine make it this one', async () => {
    for (const host of ['127.example.com', 'localhost.example.com', 'notlocalhost'])
      await expect(open('loki', `http://${host}`, { credentials: SECRET })).rejects.toMatchObject({ code: 'sink-options' });
  });

  test('the command says so, and what to do', async () => {
    const env = { PORTLOG_LOKI_BEARER: 'tops3cret' };
    const { stderr, code } = await portlog(['--state-dir', freshDir(), '--to', 'loki=http://siem.example:3100', EXAMPLE], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('in plain text')]);
    expect(stderr).toContain('PORTLOG_LOKI_ALLOW_PLAINTEXT=true');
    expect(stderr).not.toContain('tops3cret');
  });
});

describe('they go to the server that they were configured for', () => {
  const configured = (): string[] => {
    const folder = freshDir();
    const config = join(folder, 'portlog.yaml');
    writeFileSync(config, 'sinks:\n  - { type: loki, url: "https://loki.example:3100", bearer: tops3cret }\n');
    return ['--config', config, '--state-dir', join(folder, 'state'), '--retry-for-seconds', '0'];
  };

  test.each(['https://loki.example:3101', 'https://other.example:3100', 'http://127.0.0.1:1'])('--to %s', async (url) => {
    for (const [args, env] of [
      [['--to', `loki=${url}`], {}],
      [[], { PORTLOG_TO: `loki=${url}` }],
    ] as const) {
      const { stderr, code } = await portlog([...configured(), ...args, EXAMPLE], { env });
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`the credentials for loki are for https://loki.example:3100, and would go to ${url}`),
      ]);
      expect(stderr).not.toContain('tops3cret');
    }
  });

  test('replay of what waits for another', async () => {
    const [, , , state = ''] = configured();
    await portlog(['--state-dir', state, '--retry-for-seconds', '0', '--no-changes', '--to', 'loki=http://127.0.0.1:1', EXAMPLE]);
    const [flag = '', config = ''] = configured();
    const { stderr } = await portlog(['replay', flag, config, '--state-dir', state], { env: { PORTLOG_LOKI_BEARER: 'tops3cret' } });
    // What waits for a server that is not configured is left alone, or refused: it gets no key.
    expect(stderr).not.toContain('tops3cret');
    expect(stderr).toMatch(/would go to http:\/\/127\.0\.0\.1:1|nothing waits/);
  });
});

describe('those of set-up, too', () => {
  const SETUP = ['elasticsearch', 'opensearch', 'opensearch-dashboards', 'kibana', 'grafana', 'loki', 'wazuh', 'wazuh-dashboard'];
  const refused = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> => {
    const { stderr, code } = await portlogHere(args, env);
    expect([code, stderr]).toEqual([2, expect.stringContaining('are for https://meant.example:1, and would go to https://other.example:1')]);
    expect(stderr).not.toContain('tops3cret');
    return stderr;
  };

  test.each(SETUP)('setup %s --url, beside the one of the environment', async (name) => {
    const variable = (what: string): string => `PORTLOG_${name.toUpperCase().replaceAll('-', '_')}_${what}`;
    const env = { [variable('USER')]: 'u', [variable('PASSWORD')]: 'tops3cret', [variable('URL')]: 'https://meant.example:1' };
    expect(await refused(['setup', name, '--url', 'https://other.example:1'], env)).toContain(variable('URL'));
  });

  test.each(['elasticsearch', 'opensearch', 'loki', 'wazuh'])('setup %s --url, beside a sink of the configuration', async (name) => {
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks:\n  - { type: ${name}, url: "https://meant.example:1", user: u, password: tops3cret }\n`);
    const variable = `PORTLOG_${name.toUpperCase()}`;
    await refused(['setup', name, '--config', config, '--url', 'https://other.example:1'], {
      [`${variable}_USER`]: 'admin',
      [`${variable}_PASSWORD`]: 'tops3cret',
    });
  });

  test('without --url, set-up is about the server of the configuration, with those of the environment before its own', async () => {
    const server = await scriptedServer((_, response) => void response.writeHead(503).end());
    const config = join(freshDir(), 'portlog.yaml');
    writeFileSync(config, `sinks:\n  - { type: elasticsearch, url: "${server.url.origin}", apiKey: ships }\n`);
    for (const [env, expected] of [
      [{}, 'ApiKey ships'],
      [{ PORTLOG_ELASTICSEARCH_API_KEY: 'sets-up' }, 'ApiKey sets-up'],
    ] as const) {
      server.seen.length = 0;
      const { code, stderr } = await portlogHere(['setup', 'elasticsearch', '--config', config], env);
      expect([code, stderr]).toEqual([5, expect.stringContaining(server.url.origin)]);
      expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([expected]);
    }
    await server.stop();
  });
});

test('a redirect gets no credentials, and nothing else', async () => {
  const other = await scriptedServer((_, response) => void response.writeHead(200).end());
  const first = await scriptedServer((_, response) => void response.writeHead(307, { location: other.url.href }).end());
  const sink = await openSink('http', first.url.href, { credentials: SECRET });
  await expect(sink.send(batchOf(entriesOf(sink, eventsOf(fixture('everything.xml')).slice(0, 1))), NEVER)).rejects.toMatchObject({
    kind: 'permanent',
  });
  expect(other.seen).toEqual([]);
  await sink.close();
  await Promise.all([first.stop(), other.stop()]);
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 is refused', async () => {
  const { stderr, code } = await portlog(['--state-dir', freshDir(), '--to', 'loki=https://127.0.0.1:1', EXAMPLE], {
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  });
  expect([code, stderr]).toEqual([2, expect.stringContaining('NODE_TLS_REJECT_UNAUTHORIZED=0 is set')]);
});

describe('trusted authorities', () => {
  const folder = freshDir();
  let url: string;
  let stop: () => Promise<unknown>;
  beforeAll(async () => {
    selfSigned(folder);
    const tls = { cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) };
    const server = createServer(tls, (request, response) => request.resume().on('end', () => response.writeHead(204).end()));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    stop = () => new Promise((resolve) => server.close(resolve));
  });
  afterAll(() => stop());

  const check = async (env: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<string> =>
    (await portlog(['check', '--state-dir', freshDir(), '--to', `loki=${url}`, ...args], { env })).stdout;

  test('not any server that answers', async () => {
    expect(await check({})).toContain('its certificate is self-signed');
  });

  test('the store of this machine, which SSL_CERT_FILE names, and the file of --ca-file', async () => {
    expect(await check({ SSL_CERT_FILE: join(folder, 'cert.pem') })).toContain(`ok      Loki at ${url}`);
    expect(await check({}, '--ca-file', join(folder, 'cert.pem'))).toContain(`ok      Loki at ${url}`);
  });

  test('caOnly: that file alone, and not without one', async () => {
    const other = freshDir();
    selfSigned(other);
    const env = { SSL_CERT_FILE: join(folder, 'cert.pem') };
    process.env['SSL_CERT_FILE'] = env.SSL_CERT_FILE;
    const sink = await openSink('loki', url, { caFile: join(other, 'cert.pem'), caOnly: true });
    await expect(sink.check(NEVER)).rejects.toMatchObject({ kind: 'permanent' });
    await sink.close();
    delete process.env['SSL_CERT_FILE'];
    const right = await openSink('loki', url, { caFile: join(folder, 'cert.pem'), caOnly: true });
    expect(await right.check(NEVER)).toMatchObject([{ level: 'ok' }]);
    await right.close();
    await expect(openSink('loki', url, { caOnly: true })).rejects.toMatchObject({ code: 'sink-options' });
  });
});
