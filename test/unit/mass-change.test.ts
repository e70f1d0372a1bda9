import { expect, test } from 'vitest';
import { SEVERITY } from '../../src/event/event.ts';
import { CLOSED, scanOf, tcp, up } from '../support/lab-scan.ts';
import { ecs } from '../support/scans.ts';
import { World } from '../support/world.ts';

test('more changes than massChange: one digest beside them', async () => {
  const world = new World({ changes: { confirm: 1, mass: 2, everywhere: false } });
  await world.ship(scanOf({ day: 0, inside: up(1) }));
  const all = await world.ship(scanOf({ day: 1, inside: up(1, tcp(22) + tcp(80) + tcp(443)) }));
  expect(all).toHaveLength(4);
  expect(all[3]).toMatch(/^3 changes on 1 host in one scan, all on 192\.0\.2\.1: /);
});

test('changes carry the mark of a mass change as soon as there are more than massChange, however many come before', async () => {
  const marks = (world: World, action: string): (boolean | undefined)[] =>
    world.changes().flatMap((event) => (event.action === action ? [ecs(event).nmap.change.mass as boolean | undefined] : []));
  // So large that fifty of them are compared in one transaction.
  const long = `<hostscript><script id="x" output="${'a'.repeat(6000)}"/></hostscript>`;
  const some = (inside: string, count = 120): string => Array.from({ length: count }, (_, i) => up(i + 1, inside, long)).join('');
  const world = new World();
  await world.ship(scanOf({ day: 0, inside: some(CLOSED) }));
  await world.ship(scanOf({ day: 1, inside: some(CLOSED + tcp(80), 100) }));
  expect(marks(world, 'port-opened')).toEqual(Array(100).fill(undefined));
  await world.ship(scanOf({ day: 2, inside: some(CLOSED) }));
  const closed = marks(world, 'port-closed');
  expect(closed).toEqual(Array(100).fill(undefined));
  await world.ship(scanOf({ day: 3, inside: some(CLOSED + tcp(22)) }));
  // With the third of these transactions it is known.
  expect(marks(world, 'port-opened').slice(100)).toEqual([...Array(100).fill(undefined), ...Array(20).fill(true)]);
  // Hosts that are gone are all told at the end.
  await world.ship(scanOf({ day: 4, inside: '', args: 'nmap -v 192.0.2.0/24', verbose: true }));
  expect(marks(world, 'host-missing')).toEqual(Array(120).fill(true));
  expect(marks(world, 'mass-change')).toEqual([undefined, undefined]);
});

test('of small hosts more are compared at once, so fewer come before it is known', async () => {
  const some = (inside: string): string => Array.from({ length: 120 }, (_, i) => up(i + 1, inside)).join('');
  const world = new World();
  await world.ship(scanOf({ day: 0, inside: some(CLOSED) }));
  await world.ship(scanOf({ day: 1, inside: some(CLOSED + tcp(80)) }));
  const opened = world.changes().filter(({ action }) => action === 'port-opened');
  expect(opened.map((event) => ecs(event).nmap.change.mass as boolean | undefined)).toEqual(Array(120).fill(true));
});

test('a host that opens very many ports hides no change of other hosts', async () => {
  const ports = (first: number, count: number): string => Array.from({ length: count }, (_, i) => tcp(first + i)).join('');
  const world = new World();
  const scan = (day: number, inside: string): string => scanOf({ day, inside, services: '1-65535', args: 'nmap -v -p- 192.0.2.0/28', verbose: true });
  await world.ship(scan(0, [1, 2, 3, 4, 5].map((octet) => up(octet)).join('')));
  const told = await world.ship(
    scan(1, [up(1, ports(20000, 120)), ...[2, 3, 4].map((octet) => up(octet, ports(1000, 10))), up(5, tcp(23)), up(6)].join('')),
  );
  const marked = world.changes().flatMap((event) => (ecs(event).nmap.change.mass === true ? [ecs(event).host?.ip as readonly string[]] : []));
  expect(marked).toEqual(Array.from({ length: 120 }, () => ['192.0.2.1']));
  expect(told).toEqual(expect.arrayContaining(['192.0.2.5 23/tcp opened, closed for 1 day', '192.0.2.6 is new']));
  expect(told.at(-1)).toBe(
    '152 changes on 6 hosts in one scan, 120 of them on 192.0.2.1: look for one cause (a firewall, another route, another scanner) before each of them',
  );
});

test('what is critical carries no mark of a mass change, whatever else has changed', async () => {
  const world = new World({ changes: { confirm: 1, mass: 2, everywhere: false } });
  const docker = '<port protocol="tcp" portid="2375"><state state="open"/><service name="docker" method="probed" conf="10"/></port>';
  await world.ship(scanOf({ day: 0, inside: up(1, CLOSED) }));
  await world.ship(scanOf({ day: 1, inside: up(1, CLOSED + tcp(22) + tcp(80) + docker) }));
  const marks = world.changes().map((event) => [event.action, event.severity, ecs(event).nmap.change.mass as boolean | undefined]);
  expect(marks).toContainEqual(['port-opened', SEVERITY.medium, true]);
  expect(marks.filter(([action]) => action === 'finding-opened')).toContainEqual(['finding-opened', SEVERITY.critical, undefined]);
});
