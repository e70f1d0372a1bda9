import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import type { LogEvent } from '../../src/event/event.ts';
import type { OptionsOf } from '../../src/sink/kinds.ts';
import { openSink } from '../../src/config/open-sink.ts';
import { type Sink, SinkError } from '../../src/sink/sink.ts';
import { told } from '../support/alert-events.ts';
import { runPipeline } from '../support/delivery.ts';
import { CLOCK } from '../support/fault-contract.ts';
import { asksSetUp, drip, LOGGED_IN, requests, socketServer, UNSEEN } from '../support/lying-server.ts';
import { fastDir } from '../support/run-portlog.ts';
import { eventsOf, fixture } from '../support/scans.ts';
import { batchOf, entriesOf, NEVER } from '../support/sink-contract.ts';

/*
 * Servers that lie: each status with each body in each way of coming, for each sink. Whatever they answer, each entry is given back
 * once, nothing is delivered but by the true acknowledgement, and one attempt ends in its time.
 */

const EVENTS = eventsOf(fixture('everything.xml'), { all: true }).slice(0, 4);
const TIMEOUT_MS = 250;
/** A sink that forgets its own limit waits for half a minute, or for ever; a busy machine does not make of the limit that long. */
const HELD_UP_MS = 20_000;
const STATUSES = [
  200, 201, 202, 203, 204, 205, 206, 207, 299, 300, 304, 400, 401, 403, 404, 409, 410, 413, 418, 421, 422, 429, 451, 500, 501, 502, 503, 507, 599,
];
const BODIES: Readonly<Record<string, string>> = {
  'nothing': '',
  'a page': '<html><body>log in</body></html>',
  'null': 'null',
  'a list': '[]',
  'a number': '400.5',
  'wrong types': '{"errors":"no","items":{},"error":{"code":{},"message":{}},"message":{},"title":[],"status":400.5,"data":7,"partialSuccess":1}',
  'halves of items': '{"errors":false,"items":[{"create":{"status":400.5,"error":{"type":{},"reason":[]}}},null,7,{}]}',
  'success for nobody': '{"data":{"total_affected_items":0,"total_failed_items":0,"affected_items":[],"failed_items":[]},"error":0}',
  'items for others': `{"errors":false,"items":[${Array.from({ length: 4 }, () => '{"create":{"_id":"x","status":201}}').join(',')}]}`,
  'deep': '['.repeat(50_000),
  'words that Loki knows': "entry too far behind, oldest acceptable timestamp is: yesterday, max entry size 'x' bytes exceeded, limit: 1e309MB/sec",
  'controls': '\u001B]0;title\u0007\u202E\u0000',
};
type Way = (socket: Socket, head: string, body: string) => void;
const WAYS: Readonly<Record<string, Way>> = {
  'at once': (socket, head, body) => void socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  'cut in the middle': (socket, head, body) => void socket.end(`${head}content-length: ${Buffer.byteLength(body) + 100}\r\n\r\n${body}`),
  'dripping for ever': (socket, head) => {
    socket.write(`${head}content-length: 1000000\r\n\r\n`);
    drip(socket, ' ');
  },
  'only 103s, without end': (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n'),
  'a Retry-After of ages': (socket, head) => void socket.end(`${head}retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\ncontent-length: 0\r\n\r\n`),
};
const TAKEN = STATUSES.filter((status) => status < 300);
interface Believing {
  readonly more?: Partial<Omit<OptionsOf<'elasticsearch'>, 'type'>>;
  readonly believesAnything?: true;
  readonly believesNothing?: true;
  /** Statuses with which everything was taken. */
  readonly believesOnly?: readonly number[];
  readonly events?: readonly LogEvent[];
}
const SINKS: Readonly<Record<string, Believing>> = {
  alertmanager: { believesOnly: [200], events: [1, 2, 3, 4].map((port) => told({ action: 'port-opened', time: Date.now(), ip: '192.0.2.1', port })) },
  // What it says of its set-up is asked first: here of one that is trusted, so that the lies come in answers to _bulk.
  elasticsearch: { believesNothing: true, more: { trustSetUp: true } },
  opensearch: { believesNothing: true, more: { trustSetUp: true } },
  loki: { believesOnly: [204] },
  otlp: { believesOnly: TAKEN },
  http: { believesOnly: TAKEN, believesAnything: true },
  wazuh: { believesNothing: true, more: { credentials: { kind: 'basic', user: 'u', secret: () => 'p' } } },
};

describe.each(Object.entries(SINKS))('%s', (type, { more, believesAnything, believesNothing, believesOnly, events = EVENTS }) => {
  const attempt = async (status: number, bodyName: string, wayName: string): Promise<void> => {
    const sink = await against(type, status, BODIES[bodyName]!, WAYS[wayName]!, more);
    const entries = entriesOf(sink, events).filter(({ partition }, _, all) => partition === all[0]?.partition);
    const what = `${type} ${status} ${bodyName} ${wayName}`;
    const since = performance.now();
    const outcome = await sink.send(batchOf(entries), NEVER).catch((error: unknown) => error);
    expect(performance.now() - since, what).toBeLessThan(HELD_UP_MS);
    if (outcome instanceof Error) {
      expect(outcome, what).toBeInstanceOf(SinkError);
      return;
    }
    const { delivered, already, retry, rejected } = outcome as Awaited<ReturnType<Sink['send']>>;
    expect(delivered + already + retry.length + rejected.length, what).toBe(entries.length);
    for (const { reason, status: said } of rejected) expect([typeof reason, Number.isInteger(said ?? 0)], what).toEqual(['string', true]);
    const isEmpty = bodyName === 'nothing' || status === 204 || wayName === 'a Retry-After of ages';
    const isTrue =
      believesOnly?.includes(status) === true && believesNothing !== true && (isEmpty || (believesAnything === true && bodyName !== 'a page'));
    expect(delivered + already, what).toBe(isTrue && wayName !== 'cut in the middle' ? entries.length : 0);
    await sink.close();
  };

  test.each(STATUSES)('%i, with any body', { timeout: 120_000 }, async (status) => {
    for (const body of Object.keys(BODIES)) await attempt(status, body, 'at once');
  });

  test.each(Object.keys(WAYS).slice(1))('%s', { timeout: 120_000 }, async (way) => {
    for (const status of [200, 204, 400, 429, 500]) await attempt(status, 'a list', way);
  });

  test('and no event is lost: it waits on disk, or is a dead letter with the server’s message', { timeout: 120_000 }, async () => {
    for (const body of ['wrong types', 'halves of items', 'success for nobody', 'a list', 'controls'])
      for (const status of [200, 400, 429]) {
        const sink = await against(type, status, BODIES[body]!, WAYS['at once']!, more);
        const pipeline = await runPipeline({ ...sink, accepts: () => true }, events, { clock: CLOCK, retryForMs: 50, stateDir: fastDir() });
        expect(unaccounted(pipeline.account.tally), `${status} ${body}`).toBe(0);
        expect(pipeline.account.tally.discarded, `${status} ${body}`).toBe(0);
      }
  });
});

describe('syslog', () => {
  const receivers: Readonly<Record<string, (socket: Socket) => void>> = {
    'keeps talking': (socket) => drip(socket, 'hello\n'),
    'talks very much': (socket) => void socket.write('x'.repeat(1 << 20)),
    'reads, and never closes': (socket) => void socket.resume(),
    'never reads': (socket) => void socket.pause(),
    'closes at once': (socket) => void socket.end(),
    'resets': (socket) => void socket.resetAndDestroy(),
  };

  test.each(Object.keys(receivers))('a receiver that %s has got nothing, and holds nobody up', async (name) => {
    const port = await socketServer((socket) => receivers[name]!(socket), true);
    const sink = await openSink('syslog', `tcp://127.0.0.1:${port}`, { timeoutMs: TIMEOUT_MS });
    const since = performance.now();
    await expect(sink.send(batchOf(entriesOf(sink, EVENTS)), NEVER)).rejects.toMatchObject({ name: 'SinkError', kind: 'temporary' });
    expect(performance.now() - since).toBeLessThan(HELD_UP_MS);
  });
});

/** Answers a login of Wazuh and questions about set-up, and everything else as told. */
async function against(
  type: string,
  status: number,
  body: string,
  way: Way,
  more: Partial<Omit<OptionsOf<'elasticsearch'>, 'type'>> = {},
): Promise<Sink> {
  const contentType = type === 'otlp' ? 'application/json' : 'text/plain';
  const port = await socketServer((socket) =>
    requests(socket, (request) => {
      if (request.startsWith('POST /security/')) socket.end(LOGGED_IN);
      else if (asksSetUp(request)) socket.end(UNSEEN);
      else
        way(
          socket,
          `HTTP/1.1 ${status} Whatever\r\nconnection: close\r\ncontent-type: ${contentType}\r\n`,
          status === 204 || status === 304 ? '' : body,
        );
    }),
  );
  return openSink(type as 'http', `http://127.0.0.1:${port}`, { timeoutMs: TIMEOUT_MS, compression: 'none', ...more });
}
