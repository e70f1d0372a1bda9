import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KnownHost, type KnownPort, since } from '../../src/state/known-host.ts';
import { runs } from '../support/seed.ts';
import { World } from '../support/world.ts';
import { up, CLOSED, tcp, ssh, down, scanOf } from '../support/lab-scan.ts';

describe('properties', () => {
  const state = fc.constantFrom('open', 'closed', 'filtered', 'open|filtered');
  const hostOf = (octet: number): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.dictionary(fc.constantFrom('22', '23', '443'), state).map((ports) =>
          up(
            octet,
            CLOSED +
              Object.entries(ports)
                .map(([number, word]) => tcp(Number(number), word, number === '22' ? ssh(word === 'open' ? '9' : '8') : ''))
                .join(''),
          ),
        ),
      },
      { weight: 1, arbitrary: fc.constant(down(octet)) },
      { weight: 1, arbitrary: fc.constant('') },
    );
  const kind = fc.constantFrom(
    { services: '22,23,443' },
    { services: '23' },
    { services: '22,443', args: 'nmap -F 192.0.2.0/30' },
    { services: '22,23,443', whole: false },
  );
  const night = fc.record({ kind, hosts: fc.tuple(hostOf(1), hostOf(2), hostOf(3)) });
  /** Without -v: a host that is not listed says nothing, wherever it stands in the order. */
  const nights = fc.array(night, { minLength: 1, maxLength: 5 }).map((list) =>
    list.map(({ kind: how, hosts }, day) => {
      const listed =
        how.services === '22,23,443' ? hosts : hosts.map((text) => text.replace(/<port .*<\/port>/, (ports) => portsWithin(ports, how.services)));
      return scanOf({ day, ...how, inside: listed.join('') });
    }),
  );

  function portsWithin(ports: string, services: string): string {
    return (ports.match(/<port .*?<\/port>/g) ?? []).filter((port) => services.split(',').includes(/portid="(\d+)"/.exec(port)?.[1] ?? '')).join('');
  }

  /** But for when something turned back: of a scan that is shipped late, and contradicts those around it, not all of them are kept. */
  function timeless(world: World): unknown {
    return JSON.parse(JSON.stringify(world.known(), (name, value: unknown) => (name === 'again' ? undefined : value)));
  }

  test('a state that comes back lasts since it was first found', async () => {
    const port = (state: string): string => up(1, CLOSED + tcp(22, state));
    const world = new World();
    const states = ['open', 'closed', 'open', 'open', 'closed', 'closed'];
    const stood: (number | undefined)[] = [];
    for (const [day, state] of states.entries()) {
      await world.ship(scanOf({ day, inside: port(state) }));
      const { open } = (world.known() as readonly KnownHost[])[0]?.ports['22/tcp'] as KnownPort;
      stood.push(since(open, state === 'open' ? 'yes' : 'no'));
    }
    const [first = 0] = stood;
    expect(stood.map((time) => Math.round(((time ?? 0) - first) / 86_400_000))).toEqual([0, 1, 2, 2, 4, 4]);
    // The fourth night was closed, too: it comes late.
    expect(since({ yes: { first: 1, times: [9], again: 5 }, no: { first: 3, times: [3] } }, 'yes')).toBe(5);
  });

  test('any order of shipping the same scans ends in the same knowledge', async () => {
    await fc.assert(
      fc.asyncProperty(
        nights.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }))),
        fc.constantFrom(1, 2),
        async ([inOrder, shuffled], confirm) => {
          const [one, other] = [
            new World({ changes: { confirm, mass: 100, everywhere: false } }),
            new World({ changes: { confirm, mass: 100, everywhere: false } }),
          ];
          await one.ship(...inOrder);
          for (const text of shuffled) await other.ship(text);
          expect(timeless(other)).toEqual(timeless(one));
          // And again: nothing is learned, and nothing said.
          const said = other.stored.size;
          await other.ship(...shuffled);
          expect(timeless(other)).toEqual(timeless(one));
          expect([...other.stored.values()].slice(said).filter(({ dataset }) => dataset === 'nmap.change')).toEqual([]);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  test('a scan split by host says the same of hosts and ports as the whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(hostOf(1), hostOf(2), hostOf(3)), fc.tuple(hostOf(1), hostOf(2), hostOf(3)), async (before, after) => {
        const [whole, split] = [new World(), new World()];
        const of = (list: readonly string[], day: number): string => scanOf({ day, inside: list.join('') });
        await whole.ship(of(before, 0));
        await split.ship(of(before, 0));
        await whole.ship(of(after, 1));
        for (const host of after) await split.ship(of([host], 1));
        const said = (world: World): string[] =>
          world
            .changes()
            .flatMap(({ action, message }) => (action === 'baseline' ? [] : [message]))
            .sort();
        expect(said(split)).toEqual(said(whole));
        expect(split.known()).toEqual(whole.known());
      }),
      { numRuns: 30 },
    );
  });

  test('a scan that is cut anywhere says of hosts and ports only what the whole says, of hosts that it finished', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(hostOf(1), hostOf(2)),
        fc.tuple(hostOf(1), hostOf(2)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (before, after, at) => {
          const [whole, cut] = [new World(), new World()];
          const first = scanOf({ day: 0, verbose: true, inside: before.join('') });
          const second = scanOf({ day: 1, verbose: true, inside: after.join('') });
          await whole.ship(first);
          await cut.ship(first);
          const all = await whole.ship(second);
          const part = second.slice(0, Math.floor(at * second.indexOf('<runstats')));
          const finished = [...part.matchAll(/<address addr="([\d.]+)"[^]*?<\/host>/g)].map(([, address]) => address as string);
          const said = (await cut.ship(part)).filter((message) => !message.includes('baseline'));
          for (const message of said) {
            expect(all).toContain(message);
            expect(finished).toContain(message.split(' ', 1)[0]);
          }
          // The whole, shipped then, says the rest.
          const rest = await cut.ship(second);
          expect([...said, ...rest].filter((message) => !message.includes('baseline')).sort()).toEqual(
            all.filter((message) => !message.includes('baseline')).sort(),
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a process that dies', () => {
  const before = scanOf({ day: 0, inside: up(1, CLOSED + tcp(22)) + up(2) + up(3) });
  const after = scanOf({ day: 1, verbose: true, inside: up(1, CLOSED + tcp(80)) + up(2, tcp(22) + tcp(80) + tcp(443)) + up(4, CLOSED + tcp(443)) });

  test.for([false, true])('at any commit (after it: %s): the same changes, each once, under the same ids', async (done) => {
    const undisturbed = new World();
    await undisturbed.ship(before);
    await undisturbed.ship(after);
    const expected = undisturbed
      .changes()
      .map(({ id, message }) => `${id} ${message}`)
      .sort();
    expect(expected.length).toBeGreaterThan(7);
    let n = 1;
    for (; n < 100; n++) {
      const world = new World();
      await world.ship(before);
      const died = await world.shipAndDie([after], n, done);
      await world.ship(after);
      expect(
        world
          .changes()
          .map(({ id, message }) => `${id} ${message}`)
          .sort(),
        `killed at commit ${n}`,
      ).toEqual(expected);
      expect(world.known()).toEqual(undisturbed.known());
      if (!died) break;
    }
    expect(n).toBeGreaterThan(5);
  });
});
