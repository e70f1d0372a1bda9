import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stateFile, Store } from '../src/state/store.ts';
import { ship, type ShipOptions } from '../src/pipeline/ship.ts';
import type { Sink } from '../src/sink/sink.ts';
import type { Source } from '../src/source/source.ts';

/**
 * What comparing costs: a scan is shipped to a sink that takes everything and does nothing, with and
 * without comparing it with a state that knows as many ports, in pairs. `npm run bench:change -- 10000 100`
 * names hosts and open ports a host, which are the default: a million ports.
 */
const HOSTS = Number(process.argv[2] ?? 10_000);
const PORTS = Number(process.argv[3] ?? 100);
const ROUNDS = 3;
/** One port in so many has changed each time. */
const CHANGED = 1000;
const NOTHING = { delivered: 0, already: 0, retry: [], rejected: [] };

const stateDir = mkdtempSync(join(tmpdir(), 'portlog-bench-'));
try {
  const first = await run(0, true);
  const size = statSync(stateFile(stateDir)).size;
  print(`the state is made: ${HOSTS} hosts, ${HOSTS * PORTS} open ports`, first, `${mib(size)} MiB on disk`);
  const ratios: number[] = [];
  const costs: number[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const plain = await run(round, false);
    const compared = await run(round, true);
    ratios.push(compared.ms / plain.ms);
    costs.push(((compared.ms - plain.ms) * 1000) / compared.events);
    print(`round ${round}, not compared`, plain);
    print(`round ${round}, compared`, compared, `${compared.changes} changes`);
  }
  console.log(
    `comparing: ${median(ratios).toFixed(2)} x the time, ${median(costs).toFixed(1)} µs an event; peak RSS ${mib(process.resourceUsage().maxRSS * 1024)} MiB`,
  );
} finally {
  rmSync(stateDir, { recursive: true });
}

interface Measured {
  readonly ms: number;
  readonly events: number;
  readonly changes: number;
}

async function run(night: number, compare: boolean): Promise<Measured> {
  let [events, changes] = [0, 0];
  const sink: Sink = {
    name: 'nothing',
    identity: { type: 'nothing', target: compare ? 'compared' : 'plain', scope: '' },
    limits: { maxEvents: 2000, maxBytes: 1 << 20, inFlight: 4, inFlightPerPartition: 4 },
    undeliverable: 'keep',
    accepts: () => true,
    encode: ({ id, dataset }) => {
      events += dataset === 'nmap.port' || dataset === 'nmap.host' ? 1 : 0;
      changes += dataset === 'nmap.change' ? 1 : 0;
      return { parts: [id], bytes: id.length, partition: '' };
    },
    check: async () => [],
    send: async ({ entries }) => ({ ...NOTHING, delivered: entries.length }),
    close: async () => undefined,
  };
  const store = new Store({ stateDir, now: Date.now, pid: process.pid, isAlive: () => false, what: 'a benchmark' });
  const changeOptions: ShipOptions['changes'] = compare ? { confirm: 1, mass: 1_000_000, everywhere: false } : undefined;
  const begin = performance.now();
  await ship({ sources: [scan(night)], sinks: [sink], store, changes: changeOptions, again: true });
  const ms = performance.now() - begin;
  store.close();
  return { ms, events, changes };
}

/** A scan of a night: the same hosts and ports but for one in {@link CHANGED}. */
function scan(night: number): Source {
  const start = 1_760_000_000 + night * 86_400;
  return {
    name: 'made up',
    live: false,
    async *bytes() {
      yield Buffer.from(
        `<nmaprun scanner="nmap" version="7.93" args="nmap -sV -p 1-1000 10.0.0.0/8" start="${start}">\n<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>\n`,
      );
      for (let host = 0; host < HOSTS; host++) {
        let ports = '<extraports state="closed" count="900"/>';
        for (let port = 1; port <= PORTS; port++) {
          if ((host * PORTS + port + night * 7) % CHANGED !== 0)
            ports += `<port protocol="tcp" portid="${port}"><state state="open" reason="syn-ack" reason_ttl="64"/><service name="http" product="nginx" version="1.18.0" method="probed" conf="10"/></port>\n`;
        }
        yield Buffer.from(
          `<host starttime="${start}" endtime="${start + 60}"><status state="up" reason="syn-ack" reason_ttl="64"/><address addr="10.${host >> 16}.${(host >> 8) & 255}.${host & 255}" addrtype="ipv4"/><ports>${ports}</ports></host>\n`,
        );
      }
      yield Buffer.from(
        `<runstats><finished time="${start + 3600}" elapsed="3600" exit="success"/><hosts up="${HOSTS}" down="0" total="${HOSTS}"/></runstats></nmaprun>\n`,
      );
    },
  };
}

function print(what: string, { ms, events }: Measured, more = ''): void {
  console.log(`${what.padEnd(52)} ${(ms / 1000).toFixed(1)} s, ${Math.round(events / (ms / 1000))} events/s ${more}`);
}

function mib(bytes: number): number {
  return Math.round(bytes / (1 << 20));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
