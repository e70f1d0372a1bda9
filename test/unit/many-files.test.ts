import { afterEach, expect, test, vi } from 'vitest';
import { Database } from '../../src/state/database.ts';
import { host, port, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';

const START = 1_700_000_000;

afterEach(() => vi.restoreAllMocks());

/** A small scan of one host, as there are fifty thousand in a directory. */
function small(nr: number, args: (address: string) => string): string {
  const address = `10.0.${nr >> 8}.${nr & 255}`;
  const at = START + nr * 60;
  return scan(
    `<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>${host(address, port(80), `starttime="${at + 1}" endtime="${at + 2}"`)}`,
    `scanner="nmap" args="${args(address)}" start="${at}"`,
  ).replace('1760000060', String(at + 3));
}

/** Statements that are asked while `work` is done, and rows that they give. */
async function asked(work: () => Promise<unknown>): Promise<{ readonly statements: number; readonly rows: number }> {
  const [get, all, run] = [vi.spyOn(Database.prototype, 'get'), vi.spyOn(Database.prototype, 'all'), vi.spyOn(Database.prototype, 'run')];
  const each = vi.spyOn(Database.prototype, 'each');
  await work();
  const rows = all.mock.results.reduce((sum, { value }) => sum + (value as readonly unknown[]).length, 0);
  const statements = [get, all, run, each].reduce((sum, { mock }) => sum + mock.calls.length, 0);
  vi.restoreAllMocks();
  return { statements, rows };
}

test.for([
  ['each with a target of its own', (address: string) => `nmap -v ${address}`],
  ['all with the same list of targets', () => 'nmap -v -iL targets.txt'],
  ['all with the same network, without -v', () => 'nmap -sS 10.0.0.0/16'],
  ['all with the same network', () => 'nmap -v 10.0.0.0/16'],
] as const)('a small scan costs the same after thirty files and after some hundred: %s', async ([, args]) => {
  const world = new World();
  const shipped = (from: number, to: number): Promise<unknown> => world.run(Array.from({ length: to - from }, (_, i) => small(from + i, args)));
  await shipped(1, 30);
  const early = await asked(() => shipped(30, 31));
  await shipped(31, 230);
  const late = await asked(() => shipped(230, 231));
  expect(late).toEqual(early);
});
