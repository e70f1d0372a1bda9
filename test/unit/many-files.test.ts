import { expect, test } from 'vitest';
import { countingDatabase } from '../support/counting-database.ts';
import { host, port, scan } from '../support/scans.ts';
import { World } from '../support/world.ts';

const START = 1_700_000_000;

/** A small scan of one host, as there are fifty thousand in a directory. */
function small(nr: number, args: (address: string) => string): string {
  const address = `10.0.${nr >> 8}.${nr & 255}`;
  const at = START + nr * 60;
  return scan(
    `<scaninfo type="syn" protocol="tcp" numservices="1000" services="1-1000"/>${host(address, port(80), `starttime="${at + 1}" endtime="${at + 2}"`)}`,
    `scanner="nmap" args="${args(address)}" start="${at}"`,
  ).replace('1760000060', String(at + 3));
}

test.for([
  ['each with a target of its own', (address: string) => `nmap -v ${address}`],
  ['all with the same list of targets', () => 'nmap -v -iL targets.txt'],
  ['all with the same network, without -v', () => 'nmap -sS 10.0.0.0/16'],
  ['all with the same network', () => 'nmap -v 10.0.0.0/16'],
] as const)('a small scan costs the same after thirty files and after some hundred: %s', async ([, args]) => {
  const world = new World();
  const asked = async (from: number, to: number): Promise<readonly [statements: number, rows: number]> => {
    const counting = countingDatabase();
    await world.run(
      Array.from({ length: to - from }, (_, i) => small(from + i, args)),
      {},
      counting,
    );
    return [counting.statements, counting.rows];
  };
  await asked(1, 30);
  const early = await asked(30, 31);
  await asked(31, 230);
  expect(early[0]).toBeGreaterThan(10);
  expect(await asked(230, 231)).toEqual(early);
});
