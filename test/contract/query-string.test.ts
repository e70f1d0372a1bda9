import { expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { scriptedServer } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* Gateways and receivers are told things in the query string of a URL: which field is the message, which key may write. */

const EVENTS = eventsOf(fixture('everything.xml')).slice(0, 3);

test.each([
  ['elasticsearch', 200, '{"errors":false,"items":[]}', /^\/base\/_bulk\?.*&team=a%20b&x$/],
  ['opensearch', 200, '{"errors":false,"items":[]}', /^\/base\/_bulk\?.*&team=a%20b&x$/],
  ['alertmanager', 200, '{}', /^\/base\/api\/v2\/status\?team=a%20b&x$/],
  ['wazuh', 200, '{"data":{"token":"t"},"error":0}', /^\/base\/security\/user\/authenticate\?.*team=a%20b&x$/],
  ['loki', 204, '', /^\/base\/loki\/api\/v1\/push\?team=a%20b&x$/],
  ['otlp', 200, '', /^\/base\/v1\/logs\?team=a%20b&x$/],
  ['http', 200, '', /^\/base\?team=a%20b&x$/],
] as const)('%s sends it with every request, never shows it, and is another destination by it', async (type, status, body, path) => {
  const server = await scriptedServer((_, response) => void response.writeHead(status).end(body));
  const sink = await openSink(type, `${server.url.href}base/?team=a%20b&x`, {
    trustSetUp: true,
    credentials: { kind: 'basic', user: 'u', secret: () => 's' },
  });
  const [entry] = entriesOf(sink, EVENTS);
  await sink.send(batchOf([entry!]), NEVER).catch(() => undefined);
  await sink.check(NEVER).catch(() => undefined);
  expect(server.seen.length).toBeGreaterThan(0);
  for (const seen of server.seen) expect(seen.path).toContain('team=a%20b&x');
  // What stands before: whether Elasticsearch is set up.
  if (!['elasticsearch', 'opensearch'].includes(type)) expect(server.seen[0]?.path).toMatch(path);
  expect(sink.name).not.toContain('team');
  expect(sink.identity.target).toBe(`${server.url.href}base?team=a%20b&x`);
  await sink.close();
  await server.stop();
});
