import { describe, expect, test } from 'vitest';
import { join } from 'node:path';
import { copyFileSync } from 'node:fs';
import { elasticsearchSink } from '../../src/sink/elasticsearch/elasticsearch.ts';
import { selfSigned } from '../support/self-signed.ts';
import { sinkOptions } from '../support/sink-options.ts';
import { portlogHere } from '../support/run-in-process.ts';
import { freshDir, ROOT } from '../support/run-portlog.ts';
import { answer, type Script, scriptedServer } from '../support/scripted-server.ts';

/* What is proposed fits what was typed and set: it can be followed as it stands. */

const SCAN = join(ROOT, 'examples', 'loopback.xml');

/** Runs portlog against a server; its address is written as URL. */
async function against(
  script: Script,
  args: (url: string) => readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly said: string; readonly code: number | null }> {
  const server = await scriptedServer(script);
  const { stdout, stderr, code } = await portlogHere([...args(server.url.origin), '--state-dir', freshDir()], env);
  await server.stop();
  return { said: (stdout + stderr).replaceAll(server.url.origin, 'URL'), code };
}

const locked: Script = (_, response) => answer(response, 401, {});
const WRONG = 'is wrong, expired, or of another server';

describe('credentials that a server refuses', () => {
  test.for<readonly [type: string, env: Record<string, string>, hint: string]>([
    ['elasticsearch', { PORTLOG_ELASTICSEARCH_API_KEY: 'a:b' }, `the API key (PORTLOG_ELASTICSEARCH_API_KEY) ${WRONG}`],
    [
      'elasticsearch',
      { PORTLOG_ELASTICSEARCH_USER: 'elastic', PORTLOG_ELASTICSEARCH_PASSWORD: 'x' },
      `the user "elastic" or the password (PORTLOG_ELASTICSEARCH_PASSWORD) ${WRONG}`,
    ],
    ['opensearch', { PORTLOG_OPENSEARCH_USER: 'admin', PORTLOG_OPENSEARCH_PASSWORD: 'x' }, `the user "admin" or the password`],
    ['loki', { PORTLOG_LOKI_BEARER: 't' }, `the token (PORTLOG_LOKI_BEARER) ${WRONG}`],
    ['otlp', { PORTLOG_OTLP_BEARER: 't' }, `the token (PORTLOG_OTLP_BEARER) ${WRONG}`],
    ['alertmanager', { PORTLOG_ALERTMANAGER_BEARER: 't' }, `the token (PORTLOG_ALERTMANAGER_BEARER) ${WRONG}`],
    ['http', { PORTLOG_HTTP_BEARER: 't' }, `the token (PORTLOG_HTTP_BEARER) ${WRONG}`],
    ['elasticsearch', {}, 'set PORTLOG_ELASTICSEARCH_API_KEY, or PORTLOG_ELASTICSEARCH_USER and PORTLOG_ELASTICSEARCH_PASSWORD'],
    ['loki', {}, 'set PORTLOG_LOKI_TENANT if it has tenants'],
  ])('of %s, %j', async ([type, env, hint]) => {
    const { said, code } = await against(locked, (url) => ['--to', `${type}=${url}`, SCAN], env);
    expect(said.replace(/\(401: [^\n]*\)/, '(401)')).toContain(`URL does not accept the credentials (401)\nportlog:   → ${hint}`);
    expect(code).toBe(2);
  });

  test('a Loki that misses the tenant asks for the tenant, whatever else is set', async () => {
    const script: Script = (_, response) => answer(response, 401, 'no org id\n');
    const { said } = await against(script, (url) => ['--to', `loki=${url}`, SCAN], { PORTLOG_LOKI_BEARER: 't' });
    expect(said).toContain('(401: no org id)\nportlog:   → set PORTLOG_LOKI_TENANT if it has tenants');
  });
});

describe('check', () => {
  const loki: Script = ({ path }, response) =>
    path.endsWith('/push') ? response.writeHead(204).end() : answer(response, 400, 'unsupported path requested: "/x"');

  test.for<readonly [env: Record<string, string>, says: string]>([
    [{}, 'takes events without credentials'],
    [{ PORTLOG_LOKI_TENANT: 'a' }, 'takes events of the tenant a, without credentials'],
    [{ PORTLOG_LOKI_BEARER: 't' }, 'takes these credentials'],
  ])('of Loki with %j says what was sent', async ([env, says]) => {
    const { said, code } = await against(loki, (url) => ['check', '--to', `loki=${url}`], env);
    expect([code, said]).toEqual([0, expect.stringContaining(`ok      Loki at URL ${says}\n`)]);
  });

  test('a server without a ruler gives no warning', async () => {
    const { said } = await against(loki, (url) => ['check', '--to', `loki=${url}`]);
    expect(said).toContain('ok      URL takes what is pushed to Loki, and has no ruler for alert rules\n');
    expect(said).not.toContain('unsupported path');
  });

  test('of a Loki that is down says so once', async () => {
    const { stdout, code } = await portlogHere(['check', '--to', 'loki=http://127.0.0.1:1', '--state-dir', freshDir()]);
    expect([code, stdout.match(/nothing listens there/g), stdout.match(/check host and port/g)]).toEqual([
      5,
      ['nothing listens there'],
      ['check host and port'],
    ]);
  });

  test('proposes the command for the rules with the address', async () => {
    const ruler: Script = ({ path }, response) => {
      if (path.endsWith('/push')) response.writeHead(204).end();
      else if (path.endsWith('/buildinfo')) answer(response, 200, { version: '3.7.0' });
      else answer(response, 404, 'group does not exist\n');
    };
    const { said } = await against(ruler, (url) => ['check', '--to', `loki=${url}/a/`]);
    expect(said).toContain('→ portlog setup loki --url URL/a\n');
  });
});

test('the command that installs templates has the certificate with which the server was reached', async () => {
  const empty: Script = ({ path }, response) => {
    if (path === '/es/') answer(response, 200, { version: { number: '9.4.3' }, tagline: 'You Know, for Search' });
    else if (path.startsWith('/es/_index_template')) answer(response, 200, { index_templates: [] });
    else answer(response, 400, {});
  };
  const pem = join(freshDir(), 'a file.pem');
  copyFileSync(selfSigned(freshDir()).certFile, pem);
  const server = await scriptedServer(empty);
  const sink = elasticsearchSink(sinkOptions('elasticsearch', { target: `${server.url.origin}/es/`, caFile: pem }));
  const [, { hint } = {}] = await sink.check(AbortSignal.timeout(60_000));
  await sink.close();
  await server.stop();
  expect(hint).toBe(`run: portlog setup elasticsearch --url ${server.url.origin}/es --ca-file '${pem}'`);
});

test.for<readonly [env: Record<string, string>, sentence: string, hint: string]>([
  [{ PORTLOG_TO: 'file' }, 'the sink "file" needs a path', 'for example PORTLOG_TO=file=/var/log/portlog/events.ndjson'],
  [{ PORTLOG_TO: 'http' }, 'the sink "http" needs a URL', 'for example PORTLOG_TO=http=https://vector:8080/nmap'],
])('%j: the example can be copied', async ([env, sentence, hint]) => {
  const { stderr, code } = await portlogHere(['--state-dir', freshDir(), SCAN], env);
  expect([code, stderr]).toEqual([2, `portlog: ${sentence}\nportlog:   → ${hint}\n`]);
});
