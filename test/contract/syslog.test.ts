import { readFileSync } from 'node:fs';
import type { TlsOptions } from 'node:tls';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import type { LogEvent } from '../../src/event/event.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { syslogSink } from '../../src/sink/syslog/syslog.ts';
import { runPipeline } from '../support/delivery.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { freshDir, PATIENCE_MS } from '../support/run-portlog.ts';
import { ecs, eventsOf, fixture, host, port, scan } from '../support/scans.ts';
import { scriptedStream, type StreamScript, unframed } from '../support/scripted-stream.ts';
import { batchOf, entriesOf, NEVER, sinkContract } from '../support/sink-contract.ts';
import { selfSigned } from '../support/self-signed.ts';
import { sinkOptions } from '../support/sink-options.ts';

const EVENTS = eventsOf(fixture('everything.xml'), { all: true });

const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of opened.splice(0)) await stop();
});

async function against(script: StreamScript, { tls, ...more }: Partial<OptionsOf<'syslog'>> & { readonly tls?: TlsOptions } = {}): Promise<Sink> {
  const server = await scriptedStream(script, tls);
  const sink = syslogSink(
    sinkOptions('syslog', { target: `${tls === undefined ? 'tcp' : 'tls'}://127.0.0.1:${server.port}`, timeoutMs: 30_000, ...more }),
  );
  opened.push(() => server.stop());
  return sink;
}

/** Reads to the end, then closes, as every receiver does. */
function reader(got: string[]): StreamScript {
  return (socket, read) =>
    void read.then((text) => {
      got.push(text);
      socket.end();
    });
}

const jsonIn = (message: string): any => JSON.parse(message.slice(message.indexOf('{')));

describe('the contract', () => sinkContract(() => against(reader([]))));

test('a server of another kind is refused, though it closes its side: its answer is in the message', async () => {
  const web: StreamScript = (socket, read) => void read.then(() => socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'));
  const sink = await against(web);
  const { account, failure } = await runPipeline(sink, EVENTS, { clock: CLOCK, retryForMs: 50 });
  expect(account.tally).toMatchObject({ delivered: 0, spooled: EVENTS.length });
  expect(failure?.message).toMatch(/ answers "HTTP\/1\.1 400 Bad Request connection: close", but a receiver of syslog answers nothing$/);
});

describe('what is sent', () => {
  test('RFC 5424 in frames of RFC 6587: priority, time, host, the action as MSGID, and the event', async () => {
    const got: string[] = [];
    const sink = await against(reader(got));
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    const messages = unframed(got.join(''));
    expect(messages.map(jsonIn)).toEqual(EVENTS.map(ecs));
    for (const [i, message] of messages.entries()) {
      const [, priority, time, action] = /^<(\d+)>1 (\S+) [!-~]{1,255} portlog - ([!-~]{1,32}) - \{/.exec(message) ?? [];
      expect([time, action]).toEqual([new Date(EVENTS[i]!.time).toISOString(), EVENTS[i]!.action]);
      expect(Number(priority)).toBe(16 * 8 + severityOf(EVENTS[i]!));
    }
  });

  test('RFC 3164, lines, another facility', async () => {
    const got: string[] = [];
    const sink = await against(reader(got), { syslogFormat: 'rfc3164', framing: 'newline', facility: 'local7' });
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    const lines = got.join('').split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map(jsonIn)).toEqual(EVENTS.map(ecs));
    for (const line of lines) expect(line).toMatch(/^<1(?:8[4-9]|90)>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d [!-~]+ portlog: \{/);
  });

  test('what is too long is shortened, says so, and is still an event', async () => {
    const sink = await against(reader([]), { maxMessageBytes: 4096 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), fc.integer({ min: 0, max: 4000 }), (text, times) => {
        const event = eventsOf(scan(host('192.0.2.1', port(80))), { all: true }).find(({ dataset }) => dataset === 'nmap.port');
        const long: LogEvent = {
          ...event!,
          own: { ...event!.own, nmap: { ...(event!.own['nmap'] as object), script: { text: { x: text.repeat(times) } } } },
        };
        const encoded = sink.encode(long);
        if ('refused' in encoded) throw new Error(encoded.refused);
        const [message = ''] = unframed(encoded.parts.join(''));
        expect(Buffer.byteLength(message)).toBeLessThanOrEqual(4096);
        const read = jsonIn(message);
        expect(read.event.id).toBe(event!.id);
        if (JSON.stringify(read) !== JSON.stringify(ecs(long))) expect(read.nmap.shortened).toBe(true);
      }),
    );
  });

  test('what cannot be made to fit is refused, not cut', async () => {
    const sink = await against(reader([]), { maxMessageBytes: 2048 });
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`label${i}`, 'x']));
    expect(sink.encode({ ...EVENTS[0]!, own: { ...EVENTS[0]!.own, labels: many } })).toEqual({
      refused: expect.stringContaining('longer than 2048 bytes'),
    });
  });
});

/** RFC 5424, table 2: what a level is there. */
function severityOf({ severity }: LogEvent): number {
  return severity >= 99 ? 2 : severity >= 73 ? 3 : severity >= 47 ? 4 : severity >= 21 ? 5 : 6;
}

describe('what a receiver does', () => {
  const FAULTS: readonly (readonly [string, StreamScript])[] = [
    ['closes at once', (socket) => void socket.end()],
    ['closes in the middle', (socket) => void socket.once('data', () => socket.destroy())],
    ['resets at once', (socket) => void socket.resetAndDestroy()],
    ['resets in the middle', (socket) => void socket.once('data', () => socket.resetAndDestroy())],
    ['reads to the end, and resets', (socket, read) => void read.then(() => socket.resetAndDestroy())],
    ['reads, and never closes', () => undefined],
    ['does not read', (socket) => void socket.pause()],
  ];

  test.for(FAULTS)('%s, three times, then it works: nothing is lost', async ([, fault]) => {
    const got: string[] = [];
    const script: StreamScript = (socket, read, index) => (index < 3 ? fault(socket, read, index) : reader(got)(socket, read, index));
    const sink = await against(script, { timeoutMs: 300 });
    const events = eventsOf(scan(Array.from({ length: 100 }, (_, i) => host(`192.0.2.${i}`, port(80) + port(81))).join('')));
    const pipeline = await runPipeline(sink, events, {
      clock: CLOCK,
      retryForMs: 20_000,
    });
    expect(unaccounted(pipeline.account.tally)).toBe(0);
    expect(pipeline.account.tally).toMatchObject({ read: events.length, delivered: events.length, dead: 0, spooled: 0 });
    expect(new Set(got.flatMap(unframed).map((message) => jsonIn(message).event.id))).toEqual(new Set(events.map(({ id }) => id)));
  });

  test('nobody listens: a sentence', async () => {
    const server = await scriptedStream(() => undefined);
    await server.stop();
    const sink = syslogSink(sinkOptions('syslog', { target: `tcp://127.0.0.1:${server.port}` }));
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({
      kind: 'temporary',
      message: expect.stringContaining('nothing listens there'),
    });
  });

  test('a receiver that does not read and one that does not accept have different messages', async () => {
    const mute = await against(() => undefined, { timeoutMs: 300 });
    const unread = { kind: 'temporary', message: expect.stringContaining('did not read to the end') };
    // Again where the machine is so busy that not even the connection is there in time.
    await vi.waitFor(() => expect(mute.check(NEVER)).rejects.toMatchObject(unread), PATIENCE_MS);
    // TLS asks for an answer before there is a connection.
    const plain = await scriptedStream(() => undefined);
    opened.push(() => plain.stop());
    const deaf = syslogSink(sinkOptions('syslog', { target: `tls://127.0.0.1:${plain.port}`, timeoutMs: 300 }));
    await expect(deaf.check(NEVER)).rejects.toMatchObject({ kind: 'temporary', message: expect.stringContaining('no connection in time') });
  });

  test('an interruption ends it at once', async () => {
    const sink = await against(() => undefined, { timeoutMs: 60_000 });
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 50);
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), interruption.signal)).rejects.toMatchObject({
      message: expect.stringContaining('interrupted'),
    });
  });

  test('an exceeded time limit is no interruption', async () => {
    const sink = await against(() => undefined, { timeoutMs: 60_000 });
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), AbortSignal.timeout(50))).rejects.toMatchObject({
      message: expect.stringContaining('it did not read to the end in time'),
    });
  });
});

describe('TLS', () => {
  const { certFile, keyFile } = selfSigned(freshDir());
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };

  test('with a certificate that is trusted', async () => {
    const got: string[] = [];
    const sink = await against(reader(got), { tls, caFile: certFile });
    expect(await sink.check(NEVER)).toMatchObject([{ level: 'ok', message: expect.stringContaining('over TLS') }, { level: 'warning' }]);
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER);
    expect(got.flatMap(unframed)).toHaveLength(EVENTS.length);
  });

  test('with one that is not: a person is needed, and nothing was sent', async () => {
    const got: string[] = [];
    const sink = await against(reader(got), { tls });
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({
      kind: 'permanent',
      hint: expect.stringContaining('--ca-file'),
    });
    expect(got.join('')).toBe('');
  });

  test('with a certificate of our own, where one is wanted; without one, a person is needed', async () => {
    const got: string[] = [];
    const strict = { ...tls, ca: tls.cert, requestCert: true, rejectUnauthorized: true };
    const known = await against(reader(got), { tls: strict, caFile: certFile, certFile, keyFile });
    await known.send(batchOf(entriesOf(known, EVENTS)), NEVER);
    expect(got.flatMap(unframed)).toHaveLength(EVENTS.length);
    const stranger = await against(reader(got), { tls: strict, caFile: certFile });
    await expect(stranger.check(NEVER)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('wants a certificate of ours') });
    const open = (more: Partial<OptionsOf<'syslog'>>): Sink => syslogSink(sinkOptions('syslog', { target: 'tls://loghost', certFile, ...more }));
    expect(() => open({})).toThrow('a certificate needs its key');
    expect(() => open({ keyFile: certFile })).toThrow('it holds no PEM private key');
  });

  test('where nobody speaks it', async () => {
    const plain = await scriptedStream((socket) => void socket.once('data', () => socket.end('what?')));
    opened.push(() => plain.stop());
    const sink = syslogSink(sinkOptions('syslog', { target: `tls://127.0.0.1:${plain.port}` }));
    await expect(sink.check(NEVER)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('not TLS') });
  });
});

test('check sends nothing, and says what it cannot know', async () => {
  const got: string[] = [];
  const sink = await against(reader(got));
  expect(await sink.check(NEVER)).toMatchObject([
    { level: 'ok', message: expect.stringContaining('takes connections') },
    {
      level: 'warning',
      message: expect.stringContaining('framing cannot be checked'),
      hint: expect.stringContaining('docs/how-to/syslog.md'),
      lasting: true,
    },
  ]);
  expect(got).toEqual(['']);
});

test.each([
  [undefined, 'is not an address'],
  ['loghost:514', 'is not an address'],
  ['https://loghost', 'is not an address'],
  ['tcp://', 'is not an address'],
  ['tcp://user@loghost', 'is not an address'],
  ['udp://loghost:514', 'UDP is not supported'],
])('%s: a sentence', (target, sentence) => {
  expect(() => syslogSink(sinkOptions('syslog', { target }))).toThrow(sentence);
});

test.each([
  ['tcp://loghost', 'tcp://loghost:514'],
  ['tls://loghost/', 'tls://loghost:6514'],
  ['tcp://[::1]:1514', 'tcp://[::1]:1514'],
])('%s is %s', (target, text) => {
  expect(syslogSink(sinkOptions('syslog', { target })).identity.target).toBe(text);
});
