import type { ServerResponse } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { unaccounted } from '../../src/state/tally.ts';
import type { LogEvent } from '../../src/event/event.ts';
import type { Sink } from '../../src/sink/sink.ts';
import { runPipeline } from './delivery.ts';
import { freshDir } from './run-portlog.ts';
import { eventsOf, host, port, scan } from './scans.ts';
import { besides, type Script, scriptedServer, type Seen } from './scripted-server.ts';

/** How one kind of server is spoken to. */
export interface FaultySubject {
  /** Such as it takes; absent: those of a small scan. */
  readonly events?: readonly LogEvent[];
  open(url: URL): Sink;
  /** The event ids in a request. */
  ids(seen: Seen): readonly string[];
  /** Answers what is asked before anything is sent, if it is that. */
  aside?(seen: Seen, response: ServerResponse): boolean;
  /** Answers as a healthy server does; `stored` holds what it had before. */
  accept(seen: Seen, response: ServerResponse, stored: ReadonlySet<string>): void;
}

const SMALL = eventsOf(scan(Array.from({ length: 30 }, (_, i) => host(`192.0.2.${i}`, port(80) + port(81))).join('')));
/** Waits of the tests: real, but short. */
export const CLOCK = {
  now: Date.now,
  elapsed: () => performance.now(),
  random: () => 0.02,
  sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.min(ms, 30))),
};

type Fault = (seen: Seen, response: ServerResponse, accept: () => void) => void;

const FAULTS: readonly (readonly [name: string, fault: Fault])[] = [
  ['503', (_, r) => void r.writeHead(503).end('busy')],
  ['429 without Retry-After', (_, r) => void r.writeHead(429).end('slow down')],
  ['429 with Retry-After', (_, r) => void r.writeHead(429, { 'retry-after': '1' }).end('slow down')],
  ['garbage with 200', (_, r) => void r.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello from a proxy</html>')],
  ['502 of a proxy', (_, r) => void r.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>')],
  ['a connection reset', (_, r) => void r.socket?.resetAndDestroy()],
  ['a connection closed without an answer', (_, r) => void r.destroy()],
  [
    'a reset in the middle of the answer',
    (_, r) => {
      r.writeHead(200, { 'content-length': '1000' });
      r.write('{"items":[');
      setTimeout(() => r.socket?.resetAndDestroy(), 5);
    },
  ],
  ['no answer at all', () => undefined],
  [
    'an answer a byte at a time, and never whole',
    (_, r) => {
      r.writeHead(200, { 'content-length': '100000' });
      const drip = setInterval(() => r.write(' '), 20);
      r.on('close', () => clearInterval(drip));
      setTimeout(() => r.destroy(), 400);
    },
  ],
  [
    'stored, and the answer lost',
    (_, r, accept) => {
      accept();
      r.destroy();
    },
  ],
];

/**
 * Whatever a server does for a while: nothing is lost, nothing is counted twice, the sum closes. What the
 * run could not deliver is delivered by the next one.
 */
export function faultContract(subject: FaultySubject): void {
  const { events: EVENTS = SMALL } = subject;
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  test.for(FAULTS)('%s, three times, then it works', async ([name, fault]) => {
    const stored = new Set<string>();
    const { url } = await serve((seen, response, index) => {
      const accept = (): void => take(seen, stored);
      if (index < 3 && index >= 0) return fault(seen, response, accept);
      // A proxy's page is believed by no sink that reads answers; one that does not has stored nothing then.
      subject.accept(seen, response, stored);
      accept();
    });
    const sink = subject.open(url);
    const pipeline = await runPipeline(sink, EVENTS, { clock: CLOCK, retryForMs: 20_000 });
    await sink.close();
    expect(unaccounted(pipeline.account.tally), name).toBe(0);
    expect(pipeline.account.tally).toMatchObject({ read: EVENTS.length, dead: 0, spooled: 0, discarded: 0 });
    expect(stored).toEqual(new Set(EVENTS.map(({ id }) => id)));
  });

  test('down for the whole run: everything waits, and the next run delivers it', async () => {
    const stateDir = freshDir();
    const closed = await serve(() => undefined);
    await closed.stop();
    const down = subject.open(closed.url);
    const first = await runPipeline(down, EVENTS, { clock: CLOCK, retryForMs: 50, stateDir });
    expect(first.account.tally).toMatchObject({ read: EVENTS.length, delivered: 0, spooled: EVENTS.length });
    const stored = new Set<string>();
    const { url } = await serve((seen, response) => {
      subject.accept(seen, response, stored);
      take(seen, stored);
    });
    const up: Sink = { ...subject.open(url), identity: down.identity };
    const second = await runPipeline(up, [], { clock: CLOCK, stateDir });
    expect(second.account.replayed.delivered).toBe(EVENTS.length);
    expect(stored).toEqual(new Set(EVENTS.map(({ id }) => id)));
    await Promise.all([down.close(), up.close()]);
  });

  function take(seen: Seen, stored: Set<string>): void {
    const ids = subject.ids(seen);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) stored.add(id);
  }

  async function serve(script: Script): ReturnType<typeof scriptedServer> {
    const server = await scriptedServer(besides((seen, response) => subject.aside?.(seen, response) === true, script));
    stops.push(() => server.stop());
    return server;
  }
}
