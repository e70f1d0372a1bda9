import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DEFAULT_CHANGE_OPTIONS } from '../../src/change/options.ts';
import { INVENTORY, type LogEvent } from '../../src/event/event.ts';
import { ship } from '../../src/pipeline/ship.ts';
import { type Sink, SinkError } from '../../src/sink/sink.ts';
import { NOTHING, openStore, scriptedSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { host, port, scan } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { textSource } from '../support/text-source.ts';

const HOSTS = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const SERVICES = '<verbose level="1"/><scaninfo type="syn" protocol="tcp" numservices="2" services="22,80"/>';
const FIRST = 1_760_000_000;

/** What a scan finds of each host: which of its ports are open; undefined when it is down. */
type Found = readonly (readonly number[] | undefined)[];

function scanOf(found: Found, nr: number): string {
  const start = FIRST + nr * 1000;
  const times = `starttime="${start + 1}" endtime="${start + 2}"`;
  const hosts = HOSTS.map((address, i) => {
    const open = found[i];
    if (open === undefined) return host(address, '', times).replace('state="up"', 'state="down"');
    return host(address, [22, 80].map((number) => port(number, open.includes(number) ? 'open' : 'closed')).join(''), times);
  });
  return scan(SERVICES + hosts.join(''), `scanner="nmap" version="7.93" args="nmap -v -p 22,80 192.0.2.0/30" start="${start}"`);
}

/** A server that keeps records by their id, as those with an inventory do: the later version stays. */
class Server {
  readonly sink: Sink;
  isDown = false;
  readonly records = new Map<string, LogEvent>();
  readonly changes: string[] = [];

  constructor(name: string) {
    const encoded = new Map<string, LogEvent>();
    this.sink = scriptedSink(
      ({ entries }) => {
        if (this.isDown) return new SinkError('temporary', 'down');
        for (const { parts } of entries) this.take(encoded.get(parts.join('')));
        return { ...NOTHING, delivered: entries.length };
      },
      {
        identity: { type: 'scripted', target: name, scope: '' },
        encode(event) {
          const key = `${name} ${event.id} ${event.revision ?? ''}`;
          encoded.set(key, event);
          return { parts: [key], bytes: key.length, partition: event.dataset === INVENTORY ? 'records' : '' };
        },
      },
    );
  }

  private take(event: LogEvent | undefined): void {
    if (event?.dataset === 'nmap.change') this.changes.push(event.id);
    if (event?.dataset !== INVENTORY) return;
    const before = this.records.get(event.id);
    // As servers do: of two records of one version, the first stays.
    if ((before?.revision ?? 0) < (event.revision ?? 0)) this.records.set(event.id, event);
  }

  /** What it says is there now; when it was looked at last is that of the record. */
  get says(): readonly string[] {
    const lines = [...this.records.values()].map(({ message, own }) => {
      const { kind, state, host_state, first_seen, since } = (own['nmap'] as any).inventory;
      // Of a port that is closed nobody asks whether its host is there: that is as it was when it closed.
      return `${kind} ${message} ${state} ${state === 'open' ? host_state : ''} ${first_seen} ${since}`;
    });
    return lines.toSorted();
  }
}

async function shipTo(stateDir: string, servers: readonly Server[], texts: readonly string[], again = false): Promise<void> {
  const store = openStore(stateDir, {}, Date.now);
  const sources = texts.map((text, i) => textSource(`scan ${i}`, text));
  await ship({
    sources,
    sinks: servers.map(({ sink }) => sink),
    store,
    retryForMs: 0,
    again,
    changes: { ...DEFAULT_CHANGE_OPTIONS, everywhere: false },
  });
  store.close();
}

test('a server that is added later gets the whole inventory, also of hosts that the scan does not list', async () => {
  const stateDir = fastDir();
  const [early, late] = [new Server('early'), new Server('late')];
  await shipTo(stateDir, [early], [scanOf([[22, 80], [22], [80]], 0), scanOf([[22], undefined, [80]], 1)]);
  const start = FIRST + 5000;
  const one = scan(
    '<scaninfo type="syn" protocol="tcp" numservices="1" services="22"/>' +
      host(HOSTS[0]!, port(22), `starttime="${start + 1}" endtime="${start + 2}"`),
    `scanner="nmap" version="7.93" args="nmap -v -p 22 ${HOSTS[0]}" start="${start}"`,
  );
  await shipTo(stateDir, [late], [one]);
  await shipTo(stateDir, [early], [one]);
  expect(late.says).toEqual(early.says);
  expect(late.says.filter((line) => line.startsWith('port')).length).toBe(4);
});

test('with --again, a server that has lost its inventory gets all of it, and another one what it has', async () => {
  const stateDir = fastDir();
  const [emptied, whole] = [new Server('emptied'), new Server('whole')];
  const scans = [scanOf([[22, 80], [22], [80]], 0), scanOf([[22], undefined, [80]], 1)];
  await shipTo(stateDir, [emptied, whole], scans);
  const before = whole.says;
  emptied.records.clear();
  await shipTo(stateDir, [emptied, whole], scans.slice(1));
  expect(emptied.says.length).toBeLessThan(before.length);
  await shipTo(stateDir, [emptied, whole], scans.slice(1), true);
  expect(emptied.says).toEqual(before);
  expect(whole.says).toEqual(before);
});

test('one that was deleted from the disk gets it again, and the changes of a scan', async () => {
  const stateDir = fastDir();
  const [always, server] = [new Server('always'), new Server('server')];
  const scans = [scanOf([[22, 80], [22], [80]], 0), scanOf([[22], undefined, [80]], 1)];
  await shipTo(stateDir, [always, server], scans.slice(0, 1));
  server.isDown = true;
  await shipTo(stateDir, [always, server], scans);
  const store = openStore(stateDir, {}, Date.now);
  store.transaction(() => store.tables(server.sink.identity).spool.purge());
  store.close();
  server.isDown = false;
  await shipTo(stateDir, [always, server], scans);
  expect(server.says).toEqual(always.says);
  expect([...new Set(server.changes)].toSorted()).toEqual([...new Set(always.changes)].toSorted());
});

test('one that is down does not get again what it has lost, until it works', async () => {
  const stateDir = fastDir();
  const [always, server] = [new Server('always'), new Server('server')];
  await shipTo(stateDir, [always], [scanOf([[22, 80], [22], [80]], 0)]);
  server.isDown = true;
  const waiting = (): number => {
    const store = openStore(stateDir, {}, Date.now);
    const { spool } = store.tables(server.sink.identity);
    const { events } = spool.usage();
    store.transaction(() => spool.purge());
    store.close();
    return events;
  };
  const counts: number[] = [];
  for (let nr = 1; nr < 5; nr++) {
    await shipTo(stateDir, [always, server], [scanOf([[22, 80], [22], [80]], 2 * nr), scanOf([[22, 80], [22], [80]], 2 * nr + 1)]);
    counts.push(waiting());
  }
  // Two scans of eight events, a record of each host for each of them, and a word about the run, and once one about the outage; not the ports.
  expect(counts).toEqual([24, 23, 23, 23]);
  server.isDown = false;
  await shipTo(stateDir, [server], [scanOf([[22, 80], [22], [80]], 10)]);
  expect(server.says).toEqual(always.says);
});

/** One port of one host. */
function portScan(nr: number, text: string): string {
  const start = FIRST + nr * 1000;
  const services = '<scaninfo type="syn" protocol="tcp" numservices="1" services="22"/>';
  const about = host(HOSTS[0]!, text, `starttime="${start + 1}" endtime="${start + 2}"`);
  return scan(services + about, `scanner="nmap" version="7.93" args="nmap -p 22 ${HOSTS[0]}" start="${start}"`);
}

test('late scans, one after the other, replace records correctly', async () => {
  const stateDir = fastDir();
  const server = new Server('server');
  const last = scanOf([[], undefined, undefined], 9).replaceAll('"22,80"', '"80"').replace(port(22, 'closed'), '');
  const states: (string | undefined)[] = [];
  for (const text of [last, portScan(1, port(22)), portScan(3, port(22, 'closed')), portScan(5, port(22)), portScan(5, port(22))]) {
    await shipTo(stateDir, [server], [text]);
    states.push(server.says.find((line) => line.includes('22/tcp'))?.split(' ')[3]);
  }
  expect(states).toEqual([undefined, 'open', 'closed', 'open', 'open']);
  const versions = [...server.records.values()].map(({ revision }) => revision);
  await shipTo(stateDir, [server], [portScan(1, port(22)), portScan(3, port(22, 'closed')), last]);
  // Shipped again, they say nothing new.
  expect([...server.records.values()].map(({ revision }) => revision)).toEqual(versions);
});

/** Which scan comes next, to which of two servers besides one that gets each, and how these are. */
const STEP = fc.record({
  found: fc.array(fc.option(fc.subarray([22, 80]), { nil: undefined }), { minLength: 3, maxLength: 3 }),
  servers: fc.subarray([0, 1]),
  down: fc.subarray([0, 1]),
  purge: fc.boolean(),
});

test('whichever server was there when: after a scan to each, all inventories are the same', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 6 }), async (steps) => {
      const stateDir = fastDir();
      const always = new Server('always');
      const others = [new Server('a'), new Server('b')];
      const all = [always, ...others];
      for (const [nr, { found, servers, down, purge }] of steps.entries()) {
        for (const [i, server] of others.entries()) server.isDown = down.includes(i);
        await shipTo(stateDir, [always, ...servers.flatMap((i) => others[i] ?? [])], [scanOf(found, nr)]);
        if (!purge) continue;
        const store = openStore(stateDir, {}, Date.now);
        for (const { sink } of others) store.transaction(() => store.tables(sink.identity).spool.purge());
        store.close();
      }
      for (const server of others) server.isDown = false;
      // Who was down gets what waits with the first scan, and what it has missed when nothing waits any more.
      for (const nr of [0, 1]) await shipTo(stateDir, all, [scanOf([[22], [], undefined], steps.length + nr)]);
      for (const server of others) expect(server.says).toEqual(always.says);
    }),
    { numRuns: runs(40) },
  );
});
