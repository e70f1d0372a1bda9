import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCode } from '../../src/cli/session/report/exit-code.ts';
import { ship, type ShipReport } from '../../src/pipeline/ship.ts';
import type { Source } from '../../src/source/source.ts';
import { openStore, storingSink } from '../support/delivery.ts';
import { fastDir } from '../support/run-portlog.ts';
import { ecs, host, port, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';
import { Night, START, DAYS, HOUR } from '../support/night.ts';
import { database } from '../support/own-database.ts';
import { ownDirectory, path, report, watcherOf } from '../support/watched.ts';
import { textSource } from '../support/text-source.ts';

ownDirectory();

describe('a file that a mistake of ours ends', () => {
  const BAD = '192.0.2.66';
  /** A part that the configuration brings along, and that has a mistake in it. */
  const networkOf = (ips: readonly string[]): undefined => {
    if (ips.includes(BAD)) throw new TypeError('cannot read 66');
    return undefined;
  };
  const scanOf = (address: string): string => scan(host(address, port(80)));

  test('is set aside by its name until the next version; the rest of the directory is shipped', async () => {
    const world = new World({ event: { networkOf } });
    writeFileSync(join(path, '1-bad.xml'), scanOf(BAD));
    writeFileSync(join(path, '2-good.xml'), scanOf('192.0.2.2'));
    writeFileSync(join(path, '3-good.xml'), scanOf('192.0.2.3'));
    const clock = new Night(START + DAYS * 40);
    clock.time = Date.now() + DAYS;
    const problems: string[] = [];
    const shipped: string[] = [];
    const ship = async (sources: readonly Source[]): Promise<ShipReport> => {
      shipped.push(...sources.map(({ name }) => basename(name)));
      const report = await world.run([], { sources });
      problems.push(...report.inputs.flatMap(({ problem }) => problem?.message ?? []));
      return report;
    };
    const watcher = watcherOf(report, { ship, clock, stop: clock.stop.signal, onError: ({ message }) => problems.push(message) });
    for (let i = 0; i < 5; i++, clock.time += 2 * HOUR) await watcher.look();
    expect(shipped).toEqual(['1-bad.xml', '2-good.xml', '3-good.xml']);
    expect(problems).toEqual([`reading ${join(path, '1-bad.xml')} at byte ${scanOf(BAD).length} failed because of a bug in portlog: cannot read 66`]);
    const ips = [...world.stored.values()].flatMap((event) => (event.dataset === 'nmap.host' ? (ecs(event).host.ip as string[]) : []));
    expect(ips).toEqual(['192.0.2.2', '192.0.2.3']);
    // Another portlog, another try.
    database.run("UPDATE file_attempt SET aside = '0.0.1'");
    await watcher.look();
    expect(shipped.slice(3)).toEqual(['1-bad.xml']);
  });

  test('leaves what is known as it was before the batch of hosts, and says so in the exit code', async () => {
    const hostsOf = (more: string): string => scan(`${host('192.0.2.7', port(80))}${more}`);
    const expects = (ips: readonly string[]): undefined => {
      if (ips.includes(BAD)) throw new TypeError('inside of the transaction');
      return undefined;
    };
    const world = new World();
    await world.ship(scan(`${host('192.0.2.7', port(80))}${host(BAD, port(80))}`));
    const before = world.known();
    const closed = port(80, 'closed');
    const worse = hostsOf(host(BAD, closed, 'starttime="1760000101" endtime="1760000102"')).replaceAll('17600000', '17600001');
    const report = await world.run([worse, scanOf('192.0.2.3')], { event: { expects } });
    expect(report.inputs.map(({ problem }) => problem?.code)).toEqual(['mistake', undefined]);
    expect(exitCode(report)).toBe(1);
    expect(exitCode({ ...report, inputs: report.inputs.slice(0, 1) })).toBe(3);
    const after = world.known() as Record<string, unknown>;
    expect(JSON.stringify(after)).toContain('192.0.2.3');
    expect(JSON.stringify(after)).toContain(JSON.stringify(before).slice(1, 200));
    // By a portlog without the mistake it is shipped whole.
    expect(await world.ship(worse)).toEqual(['192.0.2.66 80/tcp closed (was http, open for 1 minute)']);
  });

  test('that one sink makes of an event takes it from that sink alone', async () => {
    const stored: string[] = [];
    const good = storingSink(stored, { encode: ({ id }) => ({ parts: [id], bytes: id.length, partition: '' }) });
    const bad = storingSink([], {
      name: 'bad',
      identity: { type: 'scripted', target: 'elsewhere', scope: '' },
      encode: () => {
        throw new TypeError('no word for it');
      },
    });
    const store = openStore(fastDir());
    const report = await ship({ sources: [textSource('scan', scanOf('192.0.2.7'))], sinks: [bad, good], store, retryForMs: 0 });
    store.close();
    expect(report.inputs[0]?.problem).toBeUndefined();
    expect(report.sinks.map(({ tally: { read, delivered, dead } }) => ({ read, delivered, dead }))).toEqual([
      { read: 3, delivered: 0, dead: 3 },
      { read: 3, delivered: 3, dead: 0 },
    ]);
    expect(report.sinks[0]?.firstRejection).toBe('rendering it for bad failed because of a bug in portlog: no word for it');
  });
});

test('a run that a mistake ends closes its destinations, so that a program that has called it can end', async () => {
  const closed: string[] = [];
  const sink = {
    ...storingSink([]),
    async close() {
      closed.push('closed');
    },
  };
  const sources = [textSource('scan', scan(host('192.0.2.7', port(80))))];
  const maxAges = new Map([['default', 1]]);
  maxAges[Symbol.iterator] = () => {
    throw new TypeError('no ages');
  };
  const store = openStore(fastDir());
  await expect(ship({ sources, sinks: [sink], store, maxAges })).rejects.toThrow('no ages');
  store.close();
  expect(closed).toEqual(['closed']);
});
