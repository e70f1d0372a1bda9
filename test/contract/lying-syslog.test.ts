import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import { type Sink, SinkError } from '../../src/sink/sink.ts';
import { syslogSink } from '../../src/sink/syslog/syslog.ts';
import { freshDir } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';
import { selfSigned } from '../support/self-signed.ts';
import { sinkOptions } from '../support/sink-options.ts';

/*
 * Receivers of syslog that lie or break, beside those of syslog.test.ts: each attempt ends in a sentence, in bounded time, and is delivered only if
 * the other side has read to the end and closed. Real ones do so: rsyslog resets what it refuses ("imtcp.html", MaxSessions), syslog-ng closes
 * above max-connections(), HAProxy without a backend accepts and closes, a load balancer lets connections idle and drops them.
 */

const EVENTS = eventsOf(scan(Array.from({ length: 150 }, (_, i) => host(`192.0.2.${i}`, port(80))).join(''))).slice(0, 200);
const LIMIT = 400;
const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0)) close();
});

type Act = (socket: Socket) => void;

async function listening(server: ReturnType<typeof createServer>, act: Act, event = 'connection'): Promise<number> {
  const sockets = new Set<Socket>();
  server.on(event, (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    act(socket);
  });
  server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as { port: number }).port;
}

async function failure(target: string, more: Partial<OptionsOf<'syslog'>> = {}): Promise<{ readonly error: SinkError; readonly ms: number }> {
  const sink: Sink = syslogSink(sinkOptions('syslog', { target, timeoutMs: LIMIT, ...more }));
  const since = performance.now();
  const error: unknown = await sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SinkError);
  expect((error as SinkError).message).toMatch(/^[ -~]{20,200}$/);
  return { error: error as SinkError, ms: performance.now() - since };
}

/** Writes for as long as the other side takes it. */
function endlessly(socket: Socket, chunk: string | Buffer): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
}

describe('over TCP', () => {
  test.each<readonly [string, Act, string]>([
    ['talks endlessly', (socket) => endlessly(socket, 'x'.repeat(65_536)), 'a receiver of syslog answers nothing'],
    ['says one byte, and reads everything', (socket) => void socket.resume().write('0'), 'a receiver of syslog answers nothing'],
    [
      'reads a frame and a half, and closes its side',
      (socket) => void socket.once('data', () => socket.pause().end()),
      'closed the connection before',
    ],
    ['closes its side, and never reads', (socket) => void socket.pause().end(), 'closed the connection before'],
    ['reads a little all the time', drip, 'did not read to the end'],
    ['says something after the end', (socket) => void socket.resume().on('end', () => socket.end('ok')), 'a receiver of syslog answers nothing'],
  ])('a receiver that %s has taken nothing', async (_, act, sentence) => {
    const at = await listening(createServer({ allowHalfOpen: true }), act);
    const { error, ms } = await failure(`tcp://127.0.0.1:${at}`);
    expect(error).toMatchObject({ kind: 'temporary', message: expect.stringContaining(sentence) });
    expect(ms).toBeLessThan(10_000);
  });
});

/** Reads, but never closes. */
function drip(socket: Socket): void {
  socket.on('data', () => {
    socket.pause();
    setTimeout(() => socket.resume(), 20);
  });
}

describe('over TLS', () => {
  const { certFile, keyFile } = selfSigned(freshDir());
  const identity = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  const other = selfSigned(freshDir());
  const trusted = { caFile: certFile };

  test.each<readonly [string, Act, string]>([
    ['never begins the handshake', () => undefined, 'no connection in time'],
    ['sends the handshake byte by byte', (socket) => slowly(socket, Buffer.from('1603033fff0200', 'hex')), 'in time'],
    ['sends alerts endlessly', (socket) => endlessly(socket, Buffer.from('15030300020100', 'hex')), ''],
    ['sends random bytes', (socket) => endlessly(socket, Buffer.alloc(65_536, 0xa5)), ''],
    ['closes within the handshake', (socket) => void socket.once('data', () => socket.end(Buffer.from('1603030010', 'hex'))), ''],
  ])('a server that %s gets nothing', async (_, act, sentence) => {
    const at = await listening(createServer(), act);
    const { error, ms } = await failure(`tls://127.0.0.1:${at}`, trusted);
    expect(error.message).toContain(sentence);
    expect(ms).toBeLessThan(10_000);
  });

  test.each<readonly [string, Act, string]>([
    ['closes TLS at once', (socket) => void socket.end(), 'before all was sent'],
    ['talks endlessly', (socket) => endlessly(socket, 'x'.repeat(65_536)), 'a receiver of syslog answers nothing'],
    ['asks for new handshakes for ever', renegotiating, ''],
    ['reads, and never closes', (socket) => void socket.resume(), 'did not read to the end'],
  ])('a receiver that %s has taken nothing', async (_, act, sentence) => {
    // Only TLS 1.2 has a renegotiation.
    const at = await listening(createTlsServer({ ...identity, maxVersion: 'TLSv1.2', allowHalfOpen: true }), act, 'secureConnection');
    const { error, ms } = await failure(`tls://127.0.0.1:${at}`, trusted);
    expect(error.message).toContain(sentence);
    expect(ms).toBeLessThan(10_000);
  });

  test('a certificate that changes between two connections is checked each time, and a person is needed', async () => {
    const got: number[] = [];
    const server = createTlsServer({ ...identity });
    const at = await listening(
      server,
      (socket) => void socket.on('data', (chunk) => got.push(chunk.length)).on('end', () => socket.end()),
      'secureConnection',
    );
    const sink = syslogSink(sinkOptions('syslog', { target: `tls://127.0.0.1:${at}`, timeoutMs: 5000, ...trusted }));
    const batch = batchOf(entriesOf(sink, EVENTS));
    expect(await sink.send(batch, NEVER)).toMatchObject({ delivered: EVENTS.length });
    server.setSecureContext({ key: readFileSync(other.keyFile), cert: readFileSync(other.certFile) });
    got.length = 0;
    await expect(sink.send(batch, NEVER)).rejects.toMatchObject({ kind: 'permanent', message: expect.stringContaining('certificate') });
    expect(got).toEqual([]);
    server.setSecureContext(identity);
    expect(await sink.send(batch, NEVER)).toMatchObject({ delivered: EVENTS.length });
  });

  function renegotiating(socket: Socket): void {
    const again = (): void => {
      if (!socket.destroyed) (socket as TLSSocket).renegotiate({}, () => setImmediate(again));
    };
    again();
  }

  function slowly(socket: Socket, bytes: Buffer): void {
    let at = 0;
    const timer = setInterval(() => {
      if (socket.destroyed) clearInterval(timer);
      else socket.write(bytes.subarray(at % bytes.length, (at++ % bytes.length) + 1));
    }, 20);
    socket.on('close', () => clearInterval(timer));
  }
});
