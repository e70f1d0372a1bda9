import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, withCommas } from '../../src/event/text.ts';
import { eventsOf } from '../support/scans.ts';
import { runs } from '../support/seed.ts';
import { World } from '../support/world.ts';

/** Four digits and more in a row, in no address, time or number of a port. */
const UNGROUPED = /(?<![\d.,:])\d{4,}(?![\d.:])/;

test('a number has its thousands apart, in every message', () => {
  expect([1, 999, 1000, 48_211, 1_234_567].map(withCommas)).toEqual(['1', '999', '1,000', '48,211', '1,234,567']);
  expect([counted(1, 'host'), counted(65_536, 'address', 'addresses')]).toEqual(['1 host', '65,536 addresses']);
  expect(withCommas(12_345.67)).toBe('12,345.67');
});

test('as Intl writes numbers, which takes long to load', () => {
  const english = new Intl.NumberFormat('en-US');
  const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true }), fc.double({ min: -1e6, max: 1e6, noNaN: true }));
  const decimals = fc.integer({ min: -1e9, max: 1e9 }).map((hundredths) => hundredths / 100);
  fc.assert(
    fc.property(fc.oneof(number, decimals), (one) => {
      expect(withCommas(one)).toBe(english.format(Object.is(one, -0) ? 0 : one));
    }),
    { numRuns: runs(2000) },
  );
});

test('a host, and the end of a scan', () => {
  const messages = eventsOf(
    `<nmaprun scanner="nmap" version="7.95" args="nmap -p- 192.0.2.7" start="1760000000"><scaninfo type="syn" protocol="tcp" numservices="65535" services="1-65535"/>
<host starttime="1760000000" endtime="1760000001"><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports><extraports state="closed" count="65535"/></ports></host>
<runstats><finished time="1760000060" elapsed="12345.67" exit="success"/><hosts up="4001" down="61535" total="65536"/></runstats></nmaprun>`,
  ).map(({ message }) => message);
  expect(messages).toContain('192.0.2.7 up: 65,535 closed');
  expect(messages.at(-1)).toMatch(/65,536 hosts \(4,001 up\).* in 12,345\.67 s/);
  for (const message of messages) expect(message).not.toMatch(UNGROUPED);
});

test('a baseline, and very many changes', async () => {
  const scan = (start: number, ports: string): string =>
    `<nmaprun scanner="nmap" version="7.95" args="nmap -p 1-2000 192.0.2.7" start="${start}"><scaninfo type="syn" protocol="tcp" numservices="2000" services="1-2000"/>
<host starttime="${start}" endtime="${start}"><status state="up"/><address addr="192.0.2.7" addrtype="ipv4"/><ports>${ports}</ports></host>
<runstats><finished time="${start + 60}" elapsed="60" exit="success"/><hosts up="1" down="0" total="1"/></runstats></nmaprun>`;
  const open = Array.from({ length: 1500 }, (_, i) => `<port protocol="tcp" portid="${20_000 + i}"><state state="open"/></port>`).join('');
  const world = new World();
  const [baseline] = await world.ship(scan(1_760_000_000, open));
  expect(baseline).toMatch(/^1 host and 1,500 open ports seen for the first time/);
  const closed = await world.ship(scan(1_760_086_400, open.replaceAll('"open"', '"closed"')));
  expect(closed.filter((message) => message.includes('look for one cause'))).toEqual([expect.stringMatching(/^1,500 changes on 1 host /)]);
});
