import { expect, test } from 'vitest';
import { World } from '../support/world.ts';

const listing = (port: number): string =>
  `<host><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports><port protocol="tcp" portid="${port}"><state state="open"/></port></ports></host>`;
const runOf = (scanner: string): string =>
  `<nmaprun scanner="${scanner}" args="${scanner} 192.0.2.7" start="1760000000"><scaninfo type="syn" protocol="tcp" services="1-65535"/>${Array.from({ length: 300 }, (_, i) => listing(i + 1)).join('')}<runstats><finished time="1760000060" exit="success"/></runstats></nmaprun>`;

test('a host listed hundreds of times in a run of nmap is compared a limited number of times, which is reported; every listing of masscan counts', async () => {
  const told = '192.0.2.7 is listed very often: only the first listings are compared with what is known';
  for (const [scanner, remarks] of [
    ['nmap', [told]],
    ['masscan', []],
  ] as const) {
    const { inputs } = await new World().run([runOf(scanner)]);
    expect(inputs.map((input) => input.remarks)).toEqual([remarks]);
  }
});
