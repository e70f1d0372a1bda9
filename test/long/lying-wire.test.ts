import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { LogEvent } from '../../src/event/event.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import { openSink } from '../../src/config/open-sink.ts';
import { type Entry, type Outcome, type Sink, SinkError } from '../../src/sink/sink.ts';
import { told } from '../support/alert-events.ts';
import { asksSetUp, LOGGED_IN, requests, socketServer, UNSEEN } from '../support/lying-server.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/*
 * The same true acknowledgement of each protocol, in the forms that broken or hostile servers and proxies give to HTTP: what is no HTTP, or
 * contradicts itself, or comes in an encoding that was not asked for, delivers nothing, ends in one sentence, and takes a bounded time.
 */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true }).slice(0, 4);
const ALERTS = [1, 2, 3, 4].map((port) => told({ action: 'port-opened', time: Date.now(), ip: '192.0.2.1', port }));
const MIB = 1 << 20;

interface Spoken {
  readonly status: number;
  readonly body: string;
}
interface Speaking {
  readonly more?: Partial<Omit<OptionsOf<'elasticsearch'>, 'type'>>;
  readonly events?: readonly LogEvent[];
  /** The answer of a server that has stored all of them. */
  readonly truth: (entries: readonly Entry[]) => Spoken;
}
const bulk = (entries: readonly Entry[]): Spoken => ({
  status: 200,
  body: JSON.stringify({ errors: false, items: entries.map(({ id }) => ({ create: { _id: id, status: 201 } })) }),
});
const SINKS: Readonly<Record<string, Speaking>> = {
  alertmanager: { events: ALERTS, truth: () => ({ status: 200, body: '' }) },
  elasticsearch: { more: { trustSetUp: true }, truth: bulk },
  opensearch: { more: { trustSetUp: true }, truth: bulk },
  loki: { truth: () => ({ status: 204, body: '' }) },
  otlp: { truth: () => ({ status: 200, body: '{"partialSuccess":{}}' }) },
  http: { truth: () => ({ status: 200, body: 'ok' }) },
  wazuh: {
    more: { credentials: { kind: 'basic', user: 'u', secret: () => 'p' } },
    truth: ({ length }) => ({ status: 200, body: `{"data":{"total_affected_items":${length},"total_failed_items":0,"failed_items":[]},"error":0}` }),
  },
};

type Form = (socket: Socket, spoken: Spoken) => void;
const lineOf = (status: number): string => `HTTP/1.1 ${status} Whatever\r\ncontent-type: application/json\r\n`;
const lengthOf = (body: string | Buffer): string => `content-length: ${Buffer.byteLength(body)}\r\n`;
const whole = ({ status, body }: Spoken, headers = ''): string => `${lineOf(status)}${headers}${lengthOf(body)}\r\n${body}`;
const chunked = ({ status, body }: Spoken, extension: string, trailers = ''): string =>
  `${lineOf(status)}transfer-encoding: chunked\r\n\r\n${body === '' ? '' : `${body.length.toString(16)}${extension}\r\n${body}\r\n`}0\r\n${trailers}\r\n`;
const encodedAs =
  (name: string, encode: (body: string) => Buffer): Form =>
  (socket, { status, body }) => {
    const bytes = encode(body);
    socket.write(`${lineOf(status)}content-encoding: ${name}\r\n${lengthOf(bytes)}\r\n`);
    socket.write(bytes);
  };

/** Odd, but HTTP: the acknowledgement counts. */
const TRUE: Readonly<Record<string, Form>> = {
  'as it should be': (socket, spoken) => void socket.write(whole(spoken)),
  'in HTTP/1.0': (socket, { status, body }) => void socket.end(`HTTP/1.0 ${status} OK\r\n\r\n${body}`),
  'until the connection ends': (socket, { status, body }) => void socket.end(`${lineOf(status)}\r\n${body}`),
  'and half a close': (socket, spoken) => void socket.end(whole(spoken)),
  'behind a thousand 103s': (socket, spoken) => void socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000) + whole(spoken)),
  'with names of prototypes': (socket, spoken) => void socket.write(whole(spoken, '__proto__: x\r\nconstructor: x\r\ntoString: x\r\n')),
  'with a keep-alive of ages': (socket, spoken) => void socket.write(whole(spoken, `keep-alive: timeout=${'9'.repeat(30)}\r\n`)),
};
/** Nothing counts. Statuses without a body (204, and an empty 200) have no use for some of these. */
const FALSE: Readonly<Record<string, Form>> = {
  'two different lengths': (socket, spoken) => void socket.write(whole(spoken, 'content-length: 7\r\n')),
  'a length, and chunks': (socket, spoken) => void socket.write(whole(spoken, 'transfer-encoding: chunked\r\n')),
  'a length with a sign': (socket, { status, body }) => void socket.write(`${lineOf(status)}content-length: +${body.length}\r\n\r\n${body}`),
  'less than its length': (socket, { status, body }) => void socket.end(`${lineOf(status)}content-length: 1000\r\n\r\n${body}`),
  'no HTTP at all': (socket, { body }) => void socket.end(body || '\n'),
  'the beginning of HTTP/2': (socket) => void socket.write(Buffer.from('000012040000000000000300000064000400000100', 'hex')),
  'lines without a carriage return': (socket, { status, body }) =>
    void socket.write(`HTTP/1.1 ${status} OK\ncontent-length: ${body.length}\n\n${body}`),
  'folded headers': (socket, spoken) => void socket.write(whole(spoken, 'x: a\r\n b\r\n')),
  'controls in a header': (socket, spoken) => void socket.write(whole(spoken, 'x: \u001B]0;title\u0007\r\n')),
  'a status of four digits': (socket, { body }) => void socket.write(`HTTP/1.1 2000 OK\r\n${lengthOf(body)}\r\n${body}`),
  'a status of zero': (socket, { body }) => void socket.write(`HTTP/1.1 000 OK\r\n${lengthOf(body)}\r\n${body}`),
  'another protocol from now on': (socket) => void socket.write('HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
  'three thousand headers': (socket, spoken) => void socket.write(whole(spoken, Array.from({ length: 3000 }, (_, i) => `x-${i}: y\r\n`).join(''))),
  'a header of a megabyte': (socket, spoken) => void socket.write(whole(spoken, `x: ${'y'.repeat(MIB)}\r\n`)),
  '204 with a body': (socket) => void socket.write('HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello'),
  'a connection that just ends': (socket) => void socket.end(),
};
/** Of a body that has to say something: those of Alertmanager and Loki are empty, and any other receiver of HTTP may say what it likes. */
const BODIES: Readonly<Record<string, Form>> = {
  'gzip that nobody asked for': encodedAs('gzip', gzipSync),
  'Brotli that nobody asked for': encodedAs('br', brotliCompressSync),
  'deflate that nobody asked for': encodedAs('deflate', deflateSync),
  'a length of gzip that is none': encodedAs('gzip', (body) => Buffer.from(body)),
  'a bomb of gzip': encodedAs('gzip', () => gzipSync(Buffer.alloc(64 * MIB, ' '))),
  'a mark of byte order': (socket, { status, body }) => void socket.write(whole({ status, body: `\uFEFF${body}` })),
  'zero bytes behind it': (socket, { status, body }) => void socket.write(whole({ status, body: `${body}\u0000` })),
  'UTF-16': encodedAs('identity', (body) => Buffer.from(`\uFEFF${body}`, 'utf16le')),
  'no UTF-8': encodedAs('identity', (body) => Buffer.concat([Buffer.from(body), Buffer.from([0xff])])),
};

describe.each(Object.keys(SINKS))('%s', (type) => {
  test.each(Object.keys(TRUE))('%s: delivered', async (form) => {
    const { outcome, count } = await sent(type, TRUE[form]!);
    expect(outcome).toMatchObject({ delivered: count, retry: [], rejected: [] });
  });

  test.each(Object.keys(FALSE))('%s: nothing is delivered, and a sentence says why', async (form) => saysWhy(await sent(type, FALSE[form]!)));

  test('chunks with long extensions and trailers count, within bounds', async () => {
    const { outcome, count } = await sent(type, (socket, spoken) => void socket.write(chunked(spoken, `;${'x'.repeat(MIB)}`, 'x-end: y\r\n')));
    expect(outcome).toMatchObject({ delivered: count });
    const { body } = SINKS[type]!.truth([]);
    if (body !== '') saysWhy(await sent(type, (socket, spoken) => void socket.write(chunked(spoken, '', 'x-end: y\r\n'.repeat(100_000)))));
  });

  test('an answer to nothing, behind another one, is the answer to no later request', async () => {
    let count = 0;
    const twice: Form = (socket, spoken) => {
      const busy = whole({ status: 503, body: 'busy' });
      socket.write(count++ === 0 ? busy + whole(spoken) : busy);
    };
    const { send } = await opened(type, twice);
    await expect(send()).rejects.toThrow('is busy or broken (503');
    await expect(send()).rejects.toThrow('is busy or broken (503');
  });
});

describe.each(['elasticsearch', 'opensearch', 'otlp', 'wazuh'])('%s', (type) => {
  test.each(Object.keys(BODIES))('%s: nothing is delivered', async (form) => saysWhy(await sent(type, BODIES[form]!)));
});

describe.each(['otlp', 'wazuh'])('%s', (type) => {
  test('an encoding that was not asked for is named, and its bytes are not shown', async () => {
    const { outcome } = await sent(type, (socket, spoken) => encodedAs('gzip', gzipSync)(socket, { ...spoken, status: 503 }));
    expect((outcome as Error).message).toContain('is busy or broken (503: an answer in the encoding gzip, which was not asked for)');
  });
});

describe('any other receiver', () => {
  test.each([
    ['text/HTML; charset=utf-8', 'Please log in'],
    ['Application/XHTML+xml', 'Please log in'],
    ['text/plain', '\uFEFF <!-- proxy --> <HTML lang="en">'],
    ['text/plain', '<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'],
    ['text/plain', '<head><title>Log in</title></head>'],
    ['text/plain', '<meta http-equiv="refresh" content="0; url=/login">'],
  ])('a page of type %s that begins with %s has taken nothing', async (contentType, body) => {
    const page: Form = (socket) => void socket.write(`HTTP/1.1 200 OK\r\ncontent-type: ${contentType}\r\n${lengthOf(body)}\r\n${body}`);
    expect(((await sent('http', page)).outcome as Error).message).toContain('answers with a web page');
  });
});

interface Sent {
  readonly outcome: Outcome | Error;
  readonly count: number;
}

function saysWhy({ outcome }: Sent): void {
  expect(outcome).toBeInstanceOf(SinkError);
  expect(outcome).toMatchObject({ kind: 'temporary', message: expect.stringMatching(/^[ -~]{20,300}$/), hint: expect.stringMatching(/.{10}/) });
}

async function sent(type: string, form: Form): Promise<Sent> {
  const { send, count } = await opened(type, form);
  const outcome = await send().catch((error: Error) => error);
  return { outcome, count };
}

async function opened(type: string, form: Form): Promise<{ readonly send: () => Promise<Outcome>; readonly count: number }> {
  const { more, events = EVENTS, truth } = SINKS[type]!;
  let entries: readonly Entry[] = [];
  const port = await socketServer((socket) =>
    requests(socket, (request) => {
      if (request.startsWith('POST /security/')) socket.end(LOGGED_IN);
      else if (asksSetUp(request)) socket.end(UNSEEN);
      else form(socket, truth(entries));
    }),
  );
  const sink: Sink = await openSink(type as 'http', `http://127.0.0.1:${port}`, { timeoutMs: 10_000, compression: 'none', ...more });
  entries = entriesOf(sink, events).filter(({ partition }, _, all) => partition === all[0]?.partition);
  return { send: () => sink.send(batchOf(entries), NEVER), count: entries.length };
}
