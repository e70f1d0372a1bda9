import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Finished, finished, freshDir, portlog, startPortlog } from '../support/run-portlog.ts';
import { eventsOf, host, port, scan } from '../support/scans.ts';
import { answer, scriptedServer } from '../support/scripted-server.ts';

/*
 * Several commands at the same time on one state, with two destinations that cannot tell what they have, of which one is down now and then.
 * Whatever happens, in the end each has everything, and shipping it again sends nothing.
 */

/** `PORTLOG_KILLS=200` for a longer look. */
const ROUNDS = Number(process.env['PORTLOG_KILLS'] ?? 4);
const SEED = Number(process.env['PORTLOG_FUZZ_SEED'] ?? 1);
const SCANS = [0, 1, 2].map((nr) => {
  const start = 1_760_000_000 + nr * 10_000;
  const times = `starttime="${start + 1}" endtime="${start + 2}"`;
  const hosts = Array.from({ length: 400 }, (_, i) =>
    host(`10.9.${i >> 8}.${i & 255}`, [80, 443, 8000 + nr].map((one) => port(one)).join(''), times),
  );
  const services = '<scaninfo type="syn" protocol="tcp" numservices="3" services="80,443,8000-8002"/>';
  return scan(services + hosts.join(''), `scanner="nmap" version="7.93" args="nmap -p 80,443,8000-8002 10.9.0.0/16" start="${start}"`);
});
const EXPECTED = [...new Set(SCANS.flatMap((text) => eventsOf(text).map(({ id }) => id)))].toSorted();

/** Takes lines, and keeps how often each came; 503 while it is down. */
class Receiver {
  isDown = false;
  readonly times = new Map<string, number>();
  readonly changes = new Set<string>();
  private server: Awaited<ReturnType<typeof scriptedServer>> | undefined;

  async start(): Promise<void> {
    this.server = await scriptedServer(({ method, body }, response) => {
      if (method !== 'POST') return answer(response, 200, {});
      if (this.isDown) return answer(response, 503, {});
      for (const line of body.trim().split('\n')) this.take(JSON.parse(line) as Line);
      setTimeout(() => answer(response, 200, {}), 20);
    });
  }

  get to(): string {
    return `http=${this.server?.url.origin}/nmap`;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
  }

  private take({ event: { id, dataset } }: Line): void {
    if (dataset === 'nmap.change') this.changes.add(id);
    else if (dataset !== 'nmap.health') this.times.set(id, (this.times.get(id) ?? 0) + 1);
  }
}

interface Line {
  readonly event: { readonly id: string; readonly dataset: string };
}

/** The same numbers for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

let receivers: readonly [Receiver, Receiver];
beforeAll(async () => {
  receivers = [new Receiver(), new Receiver()];
  for (const one of receivers) await one.start();
});
afterAll(async () => {
  for (const one of receivers) await one.stop();
});

interface Place {
  readonly files: readonly string[];
  readonly directory: string;
  readonly common: readonly string[];
}

function placeFor(): Place {
  const folder = freshDir();
  const directory = join(folder, 'scans');
  mkdirSync(directory);
  const files = SCANS.map((text, i) => {
    const path = join(folder, `${i}.xml`);
    writeFileSync(path, text);
    copyFileSync(path, join(directory, `${i}.xml`));
    return path;
  });
  const common = ['--state-dir', join(folder, 'state'), '--retry-for-seconds', '1', '--json', ...receivers.flatMap(({ to }) => ['--to', to])];
  writeFileSync(join(folder, 'portlog.json'), JSON.stringify({ directories: [{ path: directory }] }));
  return { files, directory, common };
}

/** Each loses nothing for good. */
function harmless({ files: [first = '', second = '', third = ''], directory }: Place): readonly (readonly string[])[] {
  return [
    ['ship', first, second],
    ['ship', second, third, first],
    ['watch', directory, '--once'],
    ['run', '--once', '--config', join(directory, '..', 'portlog.json')],
    ['replay'],
    ['replay', '--dead'],
  ];
}

/** What it gives up is shipped again. */
function harmful({ files: [first = '', second = ''] }: Place): readonly (readonly string[])[] {
  return [
    ['replay', '--purge', '--yes'],
    ['ship', first, second, '--spool-max-mib', '1', '--spool-when-full', 'drop-oldest'],
  ];
}

/** Every sum that a command tells. */
function expectClosed({ stderr }: Finished, what: string): void {
  for (const line of stderr.split('\n').filter((one) => one.startsWith('{"exit"'))) {
    for (const sink of (JSON.parse(line) as { readonly sinks: readonly Readonly<Record<string, number>>[] }).sinks) {
      expect(sink['unaccounted'], `${what}\n${line}`).toBe(0);
      for (const name of ['read', 'delivered', 'already', 'dead', 'spooled', 'discarded'])
        expect(sink[name], `${what}\n${line}`).toBeGreaterThanOrEqual(0);
    }
  }
}

/** All that waits and all that was not read, once more: then each has everything. A second time sends nothing. */
async function expectWhole(place: Place): Promise<void> {
  for (const one of receivers) one.isDown = false;
  for (const args of [['replay', '--dead'], ['ship', ...place.files], ['replay']]) {
    const ended = await portlog([...args, ...place.common]);
    expectClosed(ended, args.join(' '));
    expect([0, 1], `${args.join(' ')}: ${ended.stderr}`).toContain(ended.code);
  }
  for (const { times } of receivers) expect([...times.keys()].toSorted()).toEqual(EXPECTED);
  expect([...receivers[0].changes].toSorted()).toEqual([...receivers[1].changes].toSorted());
  const before = receivers.map(({ times }) => sum(times.values()));
  expect((await portlog(['ship', ...place.files, ...place.common])).code).toBe(0);
  expect(receivers.map(({ times }) => sum(times.values()))).toEqual(before);
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((a, b) => a + b, 0);
}

const limits = { timeout: 120_000 + ROUNDS * 30_000 };

test(
  `${ROUNDS} times three commands at once, and a destination that is down now and then: nothing is lost, and nothing comes twice`,
  limits,
  async () => {
    for (const one of receivers) one.times.clear();
    const [random, place] = [randomFrom(SEED), placeFor()];
    const commands = harmless(place);
    for (let round = 0; round < ROUNDS; round++) {
      receivers[1].isDown = random() < 0.5;
      const started = [0, 1, 2].map(() => commands[Math.floor(random() * commands.length)] ?? []);
      const turning = wait(random() * 1500).then(() => (receivers[1].isDown = random() < 0.5));
      const ended = await Promise.all(started.map(async (args) => portlog([...args, ...place.common])));
      await turning;
      for (const [i, one] of ended.entries()) expectClosed(one, started[i]!.join(' '));
    }
    await expectWhole(place);
    for (const { times } of receivers) expect([...times].filter(([, often]) => often > 1).length).toBe(0);
  },
);

test(`${ROUNDS} times some of them are killed, and what waits is purged or dropped: nothing is lost in the end, and sums close`, limits, async () => {
  for (const one of receivers) one.times.clear();
  const [random, place] = [randomFrom(SEED + 1), placeFor()];
  const commands = [...harmless(place), ...harmful(place)];
  for (let round = 0; round < ROUNDS; round++) {
    receivers[1].isDown = random() < 0.6;
    const started = [0, 1, 2].map(() => commands[Math.floor(random() * commands.length)] ?? []);
    const ended = started.map(async (args) => {
      const child = startPortlog([...args, ...place.common]);
      child.stdin?.end();
      const end = finished(child);
      const timer = setTimeout(() => child.kill('SIGKILL'), 150 + random() * 2500);
      const result = await end;
      clearTimeout(timer);
      if (result.code !== null) expectClosed(result, args.join(' '));
    });
    await Promise.all(ended);
  }
  await expectWhole(place);
});
