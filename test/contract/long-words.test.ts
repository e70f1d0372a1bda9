import { afterEach, expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import type { Diagnosis } from '../../src/sink/sink.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { type Script, scriptedServer } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* However much a server says, no sentence about it is longer than somebody reads. */

const LONG = 'A'.repeat(1_000_000);
const EVENTS = eventsOf(fixture('everything.xml')).slice(0, 1);
const LONGEST = 2500;
const LIES: Readonly<Record<string, Script>> = {
  'as its version': (_, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json', 'x-elastic-product': 'Elasticsearch' })
      .end(JSON.stringify({ version: { number: LONG, distribution: LONG }, versionInfo: { version: LONG }, data: { api_version: LONG } })),
  'as where to go': (_, response) => void response.writeHead(302, { location: `http://x/${'b'.repeat(8000)}` }).end(),
  'as its reason': (_, response) =>
    void response.writeHead(400).end(JSON.stringify({ error: { type: LONG, reason: LONG }, message: LONG, title: LONG })),
  'as its refusal': (_, response) => void response.writeHead(401).end(LONG),
  'as its excuse': (_, response) => void response.writeHead(503).end(JSON.stringify({ error: LONG, message: LONG, detail: LONG })),
};

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

test.each(Object.keys(LIES))('%s', async (lie) => {
  const server = await scriptedServer(LIES[lie]!);
  stops.push(() => server.stop());
  for (const type of ['alertmanager', 'elasticsearch', 'http', 'loki', 'opensearch', 'otlp', 'wazuh'] as const) {
    const credentials = { kind: 'basic', user: 'u', secret: () => 'p' } as const;
    const sink = await openSink(type as 'elasticsearch', server.url.origin, {
      credentials,
      ...(type.includes('search') ? { trustSetUp: true } : {}),
    });
    const found = await sink.check(NEVER).catch((error: unknown) => [error as Diagnosis]);
    const sent = await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER).catch((error: unknown) => error as Diagnosis);
    const reasons = 'rejected' in sent ? sent.rejected.map(({ reason }) => reason) : [sent.message, sent.hint ?? ''];
    for (const words of [...found.flatMap(({ message, hint = '' }) => [message, hint]), ...reasons])
      expect(words.length, `${type}: ${words.slice(0, 100)}`).toBeLessThan(LONGEST);
    await sink.close();
  }
});
