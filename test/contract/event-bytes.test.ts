import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { openSink } from '../../src/config/open-sink.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/* Limits of receivers that say 200, or nothing, to what is longer. */

const hosts = [100, 300_000, 1_200_000].map((bytes, i) =>
  host(`192.0.2.${i}`, port(80)).replace('</host>', `<hostscript><script id="s" output="${'long '.repeat(bytes / 5)}"/></hostscript></host>`),
);
const EVENTS = eventsOf(scan(hosts.join('')));

test.each([
  ['http', {}, 256_000, 2],
  ['http', { maxEventBytes: 4_000_000 }, 4_000_000, 0],
  ['otlp', {}, 900_000, 1],
  ['otlp', { maxEventBytes: 500_000 }, 500_000, 1],
] as const)('%s with %j: an event has %i bytes at most, and %i are shortened', async (type, options, bytes, shortened) => {
  const sink = await openSink(type, 'http://127.0.0.1:1', options);
  const bodies = entriesOf(sink, EVENTS).map(({ parts }) => parts.join(''));
  expect(bodies.length).toBe(EVENTS.length);
  for (const body of bodies) expect(Buffer.byteLength(body)).toBeLessThanOrEqual(bytes);
  expect(bodies.filter((body) => body.includes('shortened')).length).toBe(shortened);
  await sink.close();
});

test('a port of gRPC is no port of OTLP over HTTP, and the message says what to look at', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // HTTP/2: SETTINGS.
    socket.write(Buffer.from([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const sink = await openSink('otlp', `http://127.0.0.1:${(server.address() as { port: number }).port}`);
  await expect(sink.send(batchOf(entriesOf(sink, EVENTS).slice(0, 1)), NEVER)).rejects.toMatchObject({
    message: expect.stringMatching(/ cannot be reached: what answers there is not HTTP\/1\.1$/),
    hint: expect.stringContaining('4317 is gRPC mostly, and 4318 HTTP'),
  });
  await sink.close();
  server.close();
});
