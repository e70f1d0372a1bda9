import dns from 'node:dns';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/*
 * DNS that lies, or answers otherwise each time. A server is known by its certificate; without TLS, credentials go to this machine only, and a name
 * that means this machine (localhost, and names below it: RFC 6761, 6.3) leads nowhere else.
 */

/** Another machine, as far as the name is concerned. */
const OTHER = '127.0.0.1';
let connections = 0;
const listener = createServer((socket) => {
  connections++;
  socket.on('error', () => undefined).end();
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => listener.listen(0, OTHER, resolve));
  port = (listener.address() as { port: number }).port;
});
afterAll(() => listener.close());
afterEach(() => {
  vi.restoreAllMocks();
  connections = 0;
});

function answers(...addresses: readonly string[]): void {
  const found = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  vi.spyOn(dns, 'lookup').mockImplementation(((_: string, __: object, done: (error: null, found: unknown) => void) => done(null, found)) as never);
}

const EVENTS = eventsOf(fixture('everything.xml'), { all: true }).slice(0, 1);
const CREDENTIALS = { kind: 'basic', user: 'u', secret: () => 'p' } as const;

describe.each([
  ['http', 'http://es.localhost'],
  ['http', 'http://localhost'],
  ['http', 'https://es.localhost'],
  ['syslog', 'tcp://es.localhost'],
  ['syslog', 'tls://localhost'],
] as const)('%s=%s', (type, address) => {
  test.each([[['192.0.2.1']], [['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1']], [['0.0.0.0']]])('as %j leads nowhere', async (addresses) => {
    answers(...addresses);
    const sink = await openSink(type, `${address}:${port}`, { timeoutMs: 2000, credentials: CREDENTIALS });
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({
      kind: 'temporary',
      message: expect.stringContaining('DNS says that this name is another machine, and localhost is this one'),
      hint: expect.stringContaining('127.0.0.1'),
    });
    expect(connections).toBe(0);
    await sink.close();
  });

  test('leads here when one of its addresses is here', async () => {
    answers('192.0.2.1', '127.0.0.1');
    const sink = await openSink(type, `${address}:${port}`, { timeoutMs: 2000, credentials: CREDENTIALS });
    await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER).catch(() => undefined);
    expect(connections).toBe(1);
    await sink.close();
  });
});

test.each(['http://es.example', 'http://localhost.example', 'http://localhost.', 'http://127.0.0.1.example', 'http://xlocalhost', 'http://0.0.0.0'])(
  'no credentials go in plain text to %s, which may be anywhere',
  async (address) => {
    answers('127.0.0.1');
    await expect(openSink('http', `${address}:${port}`, { credentials: CREDENTIALS })).rejects.toThrow('in plain text');
    expect(connections).toBe(0);
  },
);
