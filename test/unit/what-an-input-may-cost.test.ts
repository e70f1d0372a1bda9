import { describe, expect, test } from 'vitest';
import { RANGES_LEFT_OUT } from '../../src/change/many-ranges.ts';
import { World } from '../support/world.ts';

const NOW = 1_800_000_000_000;
const still = { event: { now: () => NOW } };

interface Scan {
  readonly args: string;
  readonly start: number;
  readonly address: string;
  readonly ports?: string;
  readonly services?: string;
}

function scanOf({ args, start, address, ports = '', services = '1-65535' }: Scan): string {
  return `<nmaprun scanner="nmap" args="nmap ${args}" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="9" services="${services}"/><host><status state="up"/><address addr="${address}" addrtype="ipv4"/><ports>${ports}</ports></host><runstats><finished time="${start + 5}" exit="success"/></runstats></nmaprun>`;
}

const open = (count: number): string =>
  Array.from({ length: count }, (_, i) => `<port protocol="tcp" portid="${i + 1}"><state state="open"/></port>`).join('');

/** Two scans of 128 ranges; the second one misses a host. */
const ordinary = [0, 1].map((i) => scanOf({ args: '-v 198.51.0-63.1,5', start: 1_790_000_000 + i * 86_400, address: `198.51.${i}.1` }));
const missed = '198.51.0.1 is down, was up for 1 day';

/** Scans of 512 ranges each. */
const ofManyRanges = (count: number): string =>
  Array.from({ length: count }, (_, i) => scanOf({ args: `-v 10.0-15.0-31.${i % 256}`, start: 1_700_000_000 + i * 60, address: '10.0.0.1' })).join(
    '',
  );

describe('hundreds of scans of hundreds of ranges each', () => {
  test('are compared, but not more of them in one file', async () => {
    const world = new World(still);
    const { inputs } = await world.run([ofManyRanges(300), ofManyRanges(500)]);
    expect(inputs.map(({ remarks }) => remarks.includes(RANGES_LEFT_OUT))).toEqual([false, true]);
  });

  test('do not keep the next file from being compared', async () => {
    expect(await new World(still).ship(ofManyRanges(500), ...ordinary)).toContain(missed);
  });

  test('are compared in a pipe when they come over months', async () => {
    let now = NOW;
    const { inputs } = await new World({ event: { now: () => (now += 60_000) } }).run([ofManyRanges(500) + ordinary.join('')]);
    expect(inputs.flatMap(({ remarks }) => remarks)).not.toContain(RANGES_LEFT_OUT);
  });

  test('do not keep small scans in the same file from being compared', async () => {
    const small = ordinary.map((scan) => scan.replace('198.51.0-63.1,5', '198.51.0.0/16'));
    expect(await new World(still).ship(ofManyRanges(500) + small.join(''))).toContain(missed);
  });
});

test('a host of very many ports, listed again and again, does not keep one in the next file from being compared', async () => {
  const hostile =
    scanOf({ args: '-v 10.0.0.1', start: 1_700_000_000, address: '10.0.0.1', ports: open(15_000) }) +
    Array.from({ length: 60 }, (_, i) => scanOf({ args: '-v 10.0.0.1', start: 1_700_000_060 + i * 60, address: '10.0.0.1', services: '65535' })).join(
      '',
    );
  const server = (i: number, ports: number): string =>
    scanOf({
      args: '-v 198.51.100.7',
      start: 1_790_000_000 + i * 86_400,
      address: '198.51.100.7',
      ports: `${open(ports)}<extraports state="closed" count="${65_535 - ports}"/>`,
    });
  const world = new World(still);
  const { inputs } = await world.run([hostile, server(0, 400) + server(1, 399)]);
  expect(inputs.map(({ remarks }) => remarks.length)).toEqual([1, 0]);
  const changes = world.changes().map(({ message }) => message);
  expect(changes).toContain('198.51.100.7 400/tcp closed (open for 1 day)');
  // It is listed, though it was not compared.
  expect(changes.filter((message) => message.startsWith('10.0.0.1'))).toEqual([]);
});
