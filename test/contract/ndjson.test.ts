import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { httpSink } from '../../src/sink/http/ndjson.ts';
import { parse } from 'yaml';
import { runPipeline } from '../support/delivery.ts';
import { page } from '../support/docs.ts';
import { againstServer } from '../support/against.ts';
import { CLOCK, faultContract } from '../support/fault-contract.ts';
import { ecs, eventsOf, fixture } from '../support/scans.ts';
import { type Script, type Seen } from '../support/scripted-server.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { freshDir } from '../support/run-portlog.ts';
import { selfSigned } from '../support/self-signed.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });
const against = againstServer('http', httpSink, '/nmap');

const taken: Script = (_, response) => void response.writeHead(200).end('ok');
const lines = ({ body }: Seen): any[] =>
  body
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('the contract', () => sinkContract(async () => (await against(taken)).sink));

test('lines of ECS, with the headers and credentials that were set', async () => {
  const { sink, seen } = await against(taken, { headers: { 'x-source': 'nmap' }, credentials: { kind: 'bearer', secret: () => 't' } });
  await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
  expect(seen[0]).toMatchObject({
    method: 'POST',
    path: '/nmap',
    headers: { 'x-source': 'nmap', 'authorization': 'Bearer t', 'content-type': 'application/x-ndjson' },
  });
  expect(lines(seen[0]!)).toEqual(EVENTS.map(ecs));
});

test('an envelope around each event', async () => {
  const { sink, seen } = await against(taken, { envelope: '{"sourcetype":"nmap","event":{},"index":"main"}' });
  await sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 2))), NEVER);
  expect(lines(seen[0]!)).toEqual(EVENTS.slice(0, 2).map((event) => ({ sourcetype: 'nmap', event: ecs(event), index: 'main' })));
  expect(() => httpSink(sinkOptions('http', { target: 'http://x', envelope: '{"event":%s}' }))).toThrow('has no place for the event');
  expect(() => httpSink(sinkOptions('http', { target: undefined }))).toThrow('needs a URL');
});

test.each([
  [401, 'permanent'],
  [404, 'permanent'],
  [302, 'permanent'],
  [408, 'temporary'],
  [503, 'temporary'],
])('%i is %s', async (status, kind) => {
  const { sink } = await against((_, response) => void response.writeHead(status).end('no'));
  await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ kind });
});

test.for([405, 501])('check sends no event, and says what it cannot know of a receiver without HEAD (%i)', async (status) => {
  const { sink, seen } = await against((_, response) => void response.writeHead(status).end());
  expect((await sink.check(NEVER))[0]).toMatchObject({ level: 'ok', message: expect.stringContaining(`${status} to HEAD`) });
  expect(seen.map(({ method }) => method)).toEqual(['HEAD']);
});

test('a certificate of our own is shown where one is wanted', async () => {
  const { certFile, keyFile } = selfSigned(freshDir());
  const [cert, key] = [readFileSync(certFile), readFileSync(keyFile)];
  const names: unknown[] = [];
  const server = createServer({ cert, key, ca: cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    names.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const target = `https://127.0.0.1:${(server.address() as { port: number }).port}/nmap`;
  const known = httpSink(sinkOptions('http', { target, caFile: certFile, certFile, keyFile }));
  await known.send(batchOf(entriesOf(known, EVENTS)), NEVER);
  expect(names).toEqual(['loghost']);
  const stranger = httpSink(sinkOptions('http', { target, caFile: certFile }));
  await expect(stranger.send(batchOf(entriesOf(stranger, EVENTS)), NEVER)).rejects.toThrow();
  await Promise.all([known.close(), stranger.close()]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('through a pipeline', () => {
  faultContract({
    open: (url) => httpSink(sinkOptions('http', { target: url.href, timeoutMs: 300 })),
    ids: (seen) => lines(seen).map(({ event }) => event.id as string),
    accept: (seen, response) => taken(seen, response, 0),
  });

  test.each([400, 500])(
    'an event that a receiver refuses, or at which a program fails (%i), is found by halves, and the others are delivered',
    async (status) => {
      const { sink } = await against((seen, response) => {
        const bad = lines(seen).some(({ event }) => event.id === EVENTS[3]!.id);
        response.writeHead(bad ? status : 202).end(bad ? 'no such field' : '');
      });
      const pipeline = await runPipeline(sink, EVENTS, { retryForMs: 300_000 });
      expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length - 1, dead: 1 });
      expect(pipeline.firstRejection).toBe('no such field');
    },
  );

  test('a path that the receiver has not (400 of VictoriaLogs) makes no dead letters', async () => {
    const { sink } = await against((_, response) => void response.writeHead(400).end('unsupported path requested: "/jsonline"'));
    const { account, failure } = await runPipeline(sink, EVENTS);
    expect(account.tally).toMatchObject({ dead: 0, spooled: EVENTS.length });
    expect(failure).toMatchObject({ kind: 'permanent', hint: 'check the URL' });
  });

  test('a receiver that answers 500 to everything causes no dead letters; a later 400 about types concerns one event', async () => {
    const { sink } = await against((_, response) => void response.writeHead(500).end('Internal Server Error'));
    expect((await runPipeline(sink, EVENTS, { retryForMs: 0 })).account.tally).toMatchObject({ dead: 0, spooled: EVENTS.length });
    const { sink: other } = await against((seen, response) => {
      const bad = lines(seen).some(({ event }) => event.id === EVENTS[3]!.id);
      response.writeHead(bad && lines(seen).length === 1 ? 400 : bad ? 422 : 202).end('the field Content-Type is missing');
    });
    expect((await runPipeline(other, EVENTS)).account.tally).toMatchObject({ delivered: EVENTS.length - 1, dead: 1 });
  });
});

describe('a chat', () => {
  const SLACK = '{"text":"nmap","blocks":[{"type":"section","text":{"type":"plain_text","text":"{message}"}}]}';
  /** Answers as Slack's incoming webhooks do: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks */
  const slack: Script = ({ headers, body }, response) => {
    if (headers['content-type'] !== 'application/json' || headers['content-encoding'] !== undefined)
      return void response.writeHead(400).end('invalid_payload');
    try {
      const { text } = JSON.parse(body) as { text?: unknown };
      return void (typeof text === 'string' ? response.writeHead(200).end('ok') : response.writeHead(400).end('no_text'));
    } catch {
      return void response.writeHead(400).end('invalid_payload');
    }
  };
  const says = (seen: readonly Seen[]): string[] => seen.map(({ body }) => JSON.parse(body).blocks[0].text.text as string);

  test('gets one line an event, one event a request, and the characters of a stranger as text', async () => {
    const hostile = { ...EVENTS[0]!, message: 'a "quoted" \\ banner </script> \u2028 {} {message} ' + 'x'.repeat(9000) };
    const { sink, seen } = await against(slack, { envelope: SLACK, compression: 'none' });
    const pipeline = await runPipeline(sink, [...EVENTS.slice(0, 3), hostile]);
    expect(pipeline.account.tally).toMatchObject({ read: 4, delivered: 4 });
    expect(says(seen).slice(0, 3)).toEqual(EVENTS.slice(0, 3).map(({ message }) => message));
    expect(says(seen)[3]).toBe(hostile.message.replace('</script>', '\u2039/script\u203A').slice(0, 2794));
  });

  test('gets nothing that ends a code block, after which untrusted text could mention everybody', async () => {
    const hostile = { ...EVENTS[0]!, message: 'a `b` ``` @channel ````' };
    const { sink, seen } = await against(slack, { envelope: SLACK, compression: 'none' });
    await runPipeline(sink, [hostile]);
    expect(says(seen)).toEqual(['a `b` \\x60\\x60\\x60 @ channel \\x60\\x60\\x60\\x60']);
  });

  test('in its own markup gets no mentions, and no link with another name', async () => {
    const hostile = { ...EVENTS[0]!, message: '<!channel> <@U1> <https://x.example|bank> [bank](https://x.example) @here me@x.example (@all) a@' };
    const { sink, seen } = await against(slack, { envelope: SLACK, compression: 'none' });
    await runPipeline(sink, [hostile]);
    expect(says(seen)).toEqual([
      '\u2039!channel\u203A \u2039@ U1\u203A \u2039https://x.example|bank\u203A [bank] (https://x.example) @ here me@x.example (@ all) a@',
    ]);
  });

  test('that answers with a rate limit is not asked for as long as it says, and nothing is lost or sent twice', async () => {
    let answers = 0;
    const { sink, seen } = await against(
      (one, response, index) =>
        ++answers % 3 === 0 ? void response.writeHead(429, { 'retry-after': '1' }).end('rate_limited') : slack(one, response, index),
      { envelope: SLACK, compression: 'none' },
    );
    const pipeline = await runPipeline(sink, EVENTS, { clock: CLOCK });
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, delivered: EVENTS.length, spooled: 0 });
    expect(new Set(says(seen))).toEqual(new Set(EVENTS.map(({ message }) => message)));
    expect(seen.length - Math.floor(seen.length / 3)).toBe(EVENTS.length);
  });

  test('that refuses an event: its reason is stored', async () => {
    const { sink } = await against(slack, { envelope: '{"txt":"{message}"}', compression: 'none' });
    const pipeline = await runPipeline(sink, EVENTS.slice(0, 2));
    expect(pipeline.account.tally).toMatchObject({ read: 2, dead: 2 });
    expect(pipeline.firstRejection).toBe('no_text');
  });

  test('that takes text gets text', async () => {
    const { sink, seen } = await against(taken, { envelope: 'nmap: {message}', contentType: 'text/plain', compression: 'none' });
    await sink.send(batchOf(entriesOf(sink, [{ ...EVENTS[0]!, message: 'a "quoted" banner' }])), NEVER);
    expect([seen[0]!.body, seen[0]!.headers['content-type']]).toEqual(['nmap: a "quoted" banner', 'text/plain']);
  });

  test('beside the event, where a receiver takes both', async () => {
    const { sink, seen } = await against(taken, { envelope: '{"a":"{message}","b":{},"c":"{message}","d":{}}' });
    await sink.send(batchOf(entriesOf(sink, EVENTS.slice(0, 1))), NEVER);
    const { message } = EVENTS[0]!;
    expect(JSON.parse(seen[0]!.body)).toEqual({ a: message, b: ecs(EVENTS[0]!), c: message, d: {} });
  });

  test.each(['slack', 'mattermost', 'ntfy'])('%s takes what the page says', async (name) => {
    const blocks = [...page('docs/how-to/chat.md').matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml = '']) => parse(yaml).sinks[0]);
    const { envelope } = blocks.find(({ url }) => (url as string).includes(name));
    const [said, told] = ['a "quoted" <!channel> banner', 'a "quoted" \u2039!channel\u203A banner'];
    const { sink, seen } = await against(name === 'slack' ? slack : taken, { envelope, compression: 'none' });
    expect(await sink.send(batchOf(entriesOf(sink, [{ ...EVENTS[0]!, message: said }])), NEVER)).toMatchObject({ delivered: 1 });
    const body = JSON.parse(seen[0]!.body);
    const words = { slack: body.blocks?.[0].text, mattermost: body.text, ntfy: body.message }[name];
    expect(words).toEqual(name === 'slack' ? { type: 'plain_text', text: told } : name === 'ntfy' ? told : `\`\`\`${told}\`\`\``);
  });
});
