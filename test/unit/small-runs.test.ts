import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/state/database.ts';
import { openDatabase } from '../../src/state/store.ts';
import type { Death } from '../support/dying-database.ts';
import { CLOSED, scanOf, tcp, up } from '../support/lab-scan.ts';
import { World } from '../support/world.ts';

/** Documents one behind another, as of somebody who keeps a year in one file: in each another port is open, and another host. */
const NIGHTS = Array.from({ length: 40 }, (_, day) => scanOf({ day, inside: up(1, CLOSED + tcp(20 + (day % 3))) + up(2 + (day % 5)) }));
const ONE_FILE = NIGHTS.join('');
/** The same run, cut or whole, begins again and again: each time it lists another host, and another port of it. */
const ONE_NAME = NIGHTS.map((_, i) => scanOf({ day: 0, inside: up(1 + (i % 5), CLOSED + tcp(20 + (i % 3))), whole: i % 2 === 0 }));

/** Counts what is committed, and how often a host is read or written. */
function counting(): Death & { readonly commits: number; readonly hosts: number } {
  let [commits, hosts, isInside] = [0, 0, false];
  const counted =
    (database: Database, key: 'get' | 'run') =>
    (sql: string, ...values: readonly string[]): unknown => {
      if (sql.startsWith('SELECT known FROM host') || sql.startsWith('INSERT OR REPLACE INTO host')) hosts++;
      return database[key](sql, ...values);
    };
  return {
    hasCome: false,
    get commits() {
      return commits;
    },
    get hosts() {
      return hosts;
    },
    open: (stateDir) =>
      new Proxy(openDatabase(stateDir), {
        get(database, key) {
          if (key === 'get' || key === 'run') return counted(database, key);
          if (key !== 'transaction') return Reflect.get(database, key, database) as unknown;
          return <T>(work: () => T): T => {
            if (isInside) return work();
            commits++;
            isInside = true;
            try {
              return database.transaction(work);
            } finally {
              isInside = false;
            }
          };
        },
      }),
  };
}

describe('many small runs in one file', () => {
  test('share transactions', async () => {
    const counted = counting();
    const { sinks } = await new World().run([ONE_FILE], {}, counted);
    expect(sinks[0]?.tally.read).toBeGreaterThan(5 * NIGHTS.length);
    expect(counted.commits).toBeLessThan(NIGHTS.length);
  });

  test('share them also when they are readings of one run, and say what they say one by one', async () => {
    const counted = counting();
    const [together, apart] = [new World(), new World()];
    const { sinks } = await together.run([ONE_NAME.join('')], {}, counted);
    expect(counted.commits).toBeLessThan(ONE_NAME.length / 2);
    let delivered = 0;
    for (const one of ONE_NAME) delivered += (await apart.run([one])).sinks[0]!.tally.delivered;
    expect(told(together)).toEqual(told(apart));
    expect(together.known()).toEqual(apart.known());
    const { read, already } = sinks[0]!.tally;
    expect([sinks[0]!.tally.delivered, already]).toEqual([delivered, read - delivered]);
  });

  test('share what is known of a host: it is read and written once in a transaction', async () => {
    const counted = counting();
    await new World().run([NIGHTS.map((night) => night.replace('</nmaprun>', '')).join('')], {}, counted);
    // Six hosts, of which each run lists two.
    expect(counted.hosts).toBeLessThan(NIGHTS.length);
  });

  test('or in many files', async () => {
    const counted = counting();
    const { inputs, sinks } = await new World().run(NIGHTS, {}, counted);
    expect(inputs.map(({ runs, problem }) => [runs, problem])).toEqual(NIGHTS.map(() => [1, undefined]));
    expect(sinks[0]?.tally.read).toBeGreaterThan(5 * NIGHTS.length);
    expect(counted.commits).toBeLessThan(NIGHTS.length);
  });

  test('say what they say one by one, in the same order', async () => {
    const [together, apart] = [new World(), new World()];
    await together.run([ONE_FILE]);
    for (const night of NIGHTS) await apart.run([night]);
    expect(together.changes().map(({ id, message }) => [id, message])).toEqual(apart.changes().map(({ id, message }) => [id, message]));
    expect(together.changes().length).toBeGreaterThan(20);
    expect(together.known()).toEqual(apart.known());
  });

  test.each([
    [false, 'runs', ONE_FILE],
    [true, 'runs', ONE_FILE],
    [false, 'readings of one run', ONE_NAME.join('')],
    [true, 'readings of one run', ONE_NAME.join('')],
  ])('a kill at any commit (done: %s) of %s loses and doubles nothing', async (done, _, file) => {
    const undisturbed = new World();
    await undisturbed.run([file]);
    let deaths = 0;
    for (let n = 1; ; n++) {
      const world = new World();
      if (!(await world.shipAndDie([file], n, done))) break;
      deaths++;
      await world.run([file]);
      expect(told(world)).toEqual(told(undisturbed));
      expect(world.known()).toEqual(undisturbed.known());
    }
    expect(deaths).toBeGreaterThan(5);
  });

  test('a run that occurs twice is reported once', async () => {
    const world = new World();
    const [night = ''] = NIGHTS;
    const { sinks } = await world.run([night + night + night]);
    const { read, delivered, already } = sinks[0]!.tally;
    expect([read, delivered, already]).toEqual([3 * 4 + 1, 4 + 1, 2 * 4]);
  });

  test('a mistake in one takes nothing from the others', async () => {
    const BAD = '192.0.2.66';
    const expects = (ips: readonly string[]): undefined => {
      if (ips.includes(BAD)) throw new TypeError('inside of the transaction');
      return undefined;
    };
    const world = new World();
    await world.run([scanOf({ day: 0, inside: up(66, CLOSED + tcp(22)) })]);
    const [before, bad, behind] = [
      scanOf({ day: 1, inside: up(1, tcp(80)) }),
      scanOf({ day: 2, inside: up(66, CLOSED) + up(3) }),
      scanOf({ day: 3, inside: up(2) }),
    ];
    const { inputs } = await world.run([before + bad + behind], { event: { expects } });
    expect(inputs[0]?.problem?.message).toContain('failed because of a bug in portlog: inside of the transaction');
    expect(JSON.stringify(world.known())).toContain('192.0.2.1');
    expect(JSON.stringify(world.known())).toContain('192.0.2.2');
    expect(JSON.stringify(world.known())).not.toContain('192.0.2.3');
    // Shipped again by a portlog without it, the rest comes.
    expect(await world.ship(before + bad + behind)).toEqual(['192.0.2.66 22/tcp closed (open for 2 days)', '192.0.2.3 is new']);
  });

  test('nor what they have found of the same hosts, before it and behind it', async () => {
    const expects = (ips: readonly string[]): undefined => {
      if (ips.includes('192.0.2.66')) throw new TypeError('inside of the transaction');
      return undefined;
    };
    const known = [scanOf({ day: 0, inside: up(1, CLOSED + tcp(22)) + up(66, CLOSED + tcp(22)) })];
    const before = scanOf({ day: 1, inside: up(1, CLOSED) });
    const bad = scanOf({ day: 2, inside: up(1, CLOSED + tcp(80)) + up(66, CLOSED) });
    const behind = scanOf({ day: 3, inside: up(1, CLOSED + tcp(443)) });
    const [world, without] = [new World(), new World()];
    for (const one of [world, without]) await one.run(known);
    await world.run([before + bad + behind], { event: { expects } });
    await without.run([before, behind]);
    expect(world.changes().map(({ message }) => message)).toEqual(without.changes().map(({ message }) => message));
    const hosts = (one: World): unknown => JSON.parse(JSON.stringify(one.known()), (key, value: unknown) => (key === 'scan' ? 0 : value));
    expect(hosts(world)).toEqual(hosts(without));
  });

  test('a bug is reported for the file that causes it, whatever is read by then', async () => {
    const expects = (ips: readonly string[]): undefined => {
      if (ips.includes('192.0.2.1')) throw new TypeError('inside of the transaction');
      return undefined;
    };
    const world = new World();
    await world.run([scanOf({ day: 0, inside: up(1, CLOSED + tcp(22)) })]);
    const files = [scanOf({ day: 1, inside: up(2) }), scanOf({ day: 2, inside: up(1, CLOSED) }), scanOf({ day: 3, inside: up(3) })];
    const { inputs } = await world.run(files, { event: { expects } });
    expect(inputs.map(({ problem }) => problem?.message)).toEqual([
      undefined,
      'comparing scan 1 with what is known failed because of a bug in portlog: inside of the transaction',
      undefined,
    ]);
    expect(JSON.stringify(world.known())).toContain('192.0.2.3');
  });

  test('events of a slow file are not delayed by the next one', async () => {
    const world = new World();
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      await expect.poll(() => told(world).length).toBeGreaterThan(0);
      resolve();
      yield Buffer.from(NIGHTS[1] ?? '');
    };
    const fast = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(NIGHTS[0] ?? '');
    };
    await world.run([], {
      sources: [
        { name: 'fast', live: false, bytes: fast },
        { name: 'slow', live: false, bytes: slow },
      ],
    });
    await promise;
    expect(world.changes().length).toBeGreaterThan(0);
  });

  test('changes that another process has found meanwhile are neither missed nor reported twice', async () => {
    const [mine, theirs] = [new World(), new World()];
    Object.assign(theirs, { stateDir: mine.stateDir });
    const [first, second] = [ONE_FILE.slice(0, ONE_FILE.length / 2), ONE_FILE.slice(ONE_FILE.length / 2)];
    const bytes = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(first);
      await expect.poll(() => told(mine).length).toBeGreaterThan(100);
      await theirs.run([scanOf({ day: 19.5, inside: up(1, CLOSED + tcp(443)) })]);
      yield Buffer.from(second);
    };
    await mine.run([], { sources: [{ name: 'a slow file', live: false, bytes }] });
    expect(theirs.changes().map(({ message }) => message)).toContainEqual(expect.stringContaining('443/tcp opened'));
    expect(mine.changes().map(({ message }) => message)).toContainEqual(expect.stringContaining('443/tcp closed'));
  });
});

function told(world: World): readonly string[] {
  return [...world.stored.values()].flatMap(({ dataset, id }) => (dataset === 'nmap.health' ? [] : [id])).toSorted();
}
