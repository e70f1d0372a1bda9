import fc from 'fast-check';
import { isIP, isIPv6 } from 'node:net';
import { describe, expect, test } from 'vitest';
import { runCoverage } from '../../src/change/coverage.ts';
import { argumentsOf } from '../../src/change/scope.ts';
import { identify } from '../../src/event/address.ts';
import { ExposurePolicy } from '../../src/finding/exposure.ts';
import { fitsGlob } from '../../src/core/glob.ts';
import { isRequested, looksFor } from '../../src/finding/script.ts';
import { AddressSet, addressKey } from '../../src/nmap/address-set.ts';
import { PortSet } from '../../src/nmap/port-set.ts';

function setOf(...words: readonly string[]): AddressSet {
  const set = AddressSet.of(words);
  if (typeof set === 'string') throw new Error(set);
  return set;
}

test('every text that Node takes for an address is in a set of itself, and nothing throws', () => {
  const zone = fc.stringMatching(/^(?:%[0-9a-zA-Z.:-]{1,8})?$/);
  const v6 = fc.tuple(fc.ipV6(), zone).map(([address, link]) => address + link);
  const odd = fc.stringMatching(/^[0-9a-f:.%]{0,24}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), v6, odd), (text) => {
      const set = AddressSet.of([text]);
      const other = setOf('2001:db8::/32', '10.0.0.0/8');
      other.has(text);
      if (isIP(text) === 0) return;
      expect(typeof set).not.toBe('string');
      expect((set as AddressSet).has(text)).toBe(true);
      expect((set as AddressSet).size).toBe(1);
      const addrtype = isIPv6(text) ? 'ipv6' : 'ipv4';
      const [ip = ''] = identify({ addresses: [{ addr: text, addrtype }], hostnames: [] } as never, other).ips;
      expect((set as AddressSet).has(ip)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('an address has no zone, a target may have one', () => {
  expect(setOf('fe80::1%eth0').has('fe80::1')).toBe(true);
  expect(setOf('fe80::1').has('fe80::1%25')).toBe(true);
  expect(setOf('fe80::%eth0/64').has('fe80::42')).toBe(true);
  expect(AddressSet.of(['192.0.2.7%eth0'])).toBe('192.0.2.7%eth0');
  expect(argumentsOf('nmap -6 -v -sn fe80::1%hhv0 --exclude fe80::2%hhv0').scope.known).toBe(true);
  const policy = new ExposurePolicy({ networks: [{ network: 'fe80::%lan/10', zone: 'link' }], expected: [] }, 'x');
  expect(policy.networkOf(['fe80::9'])?.zone).toBe('link');
});

describe("what a run looks at is read from nmap's options as nmap reads them", () => {
  const read = (args: string): Omit<ReturnType<typeof argumentsOf>, 'scope'> & { readonly known: boolean } => {
    const { scope, ...rest } = argumentsOf(args);
    return { ...rest, known: scope.known };
  };
  const plain = { targets: ['192.0.2.7'], excluded: [], openOnly: false, verbose: false, known: true };

  test.for<readonly [string, Partial<ReturnType<typeof read>>]>([
    ['nmap -p 80 -oX out.xml --stats-every 5s 192.0.2.7', { profile: 'nmap -p 80' }],
    ['/usr/bin/nmap -p80 --scan-delay=1s 192.0.2.7', { profile: 'nmap -p80 --scan-delay=1s' }],
    ['nmap -max-retries 2 -script default 192.0.2.7', { profile: 'nmap -max-retries 2 -script default' }],
    ['nmap --max-ret 2 192.0.2.7', { profile: 'nmap --max-ret 2' }],
    ['nmap -e eth0 -sI 192.0.2.1 -g 53 192.0.2.7', { profile: 'nmap -e eth0 -sI 192.0.2.1 -g 53' }],
    ['nmap -nvA 192.0.2.7', { profile: 'nmap -nvA', verbose: true }],
    ['nmap -vv -d 192.0.2.7', { profile: 'nmap', verbose: true }],
    ['nmap --verb 192.0.2.7', { profile: 'nmap', verbose: true }],
    ['nmap -v0 192.0.2.7', { profile: 'nmap', verbose: false }],
    ['nmap -open 192.0.2.7', { profile: 'nmap', openOnly: true }],
    ['nmap --script-args "x --open y" 192.0.2.7', { profile: 'nmap --script-args x --open y', openOnly: false }],
    ['nmap -oN --open 192.0.2.7', { profile: 'nmap', openOnly: false }],
    ['nmap -exclude 192.0.2.9,192.0.2.10 192.0.2.7', { profile: 'nmap', excluded: ['192.0.2.9', '192.0.2.10'] }],
    ['nmap --exclude-ports 9 192.0.2.7', { profile: 'nmap --exclude-ports 9' }],
    ['nmap --data-string x 192.0.2.7', { profile: 'nmap --data-string x' }],
    ['nmap -p 80 -- 192.0.2.7', { profile: 'nmap -p 80' }],
    ['nmap --no-such-option 192.0.2.7', { profile: 'nmap --no-such-option', known: false }],
    ['nmap --excl 192.0.2.9 192.0.2.7', { targets: ['192.0.2.9', '192.0.2.7'], profile: 'nmap --excl', known: false }],
    ['nmap -iLhosts.txt 192.0.2.7', { profile: 'nmap -iLhosts.txt', known: false }],
    ['nmap -excludefile not.txt 192.0.2.7', { profile: 'nmap -excludefile not.txt', known: false }],
    ['nmap 192.0.2.7 -p "8"0 192.0.2.8', { targets: ['192.0.2.7'], profile: 'nmap -p ', known: false }],
    ['masscan --rate 1000 --adapter-ip 192.0.2.1 --wait 3 -p80 192.0.2.7', { profile: 'masscan --rate 1000 --adapter-ip 192.0.2.1 --wait 3 -p80' }],
    ['nmap --rate 1000 192.0.2.7', { targets: ['1000', '192.0.2.7'], profile: 'nmap --rate', known: false }],
  ])('%s', ([args, expected]) => {
    expect(read(args)).toEqual({ ...plain, ...expected });
  });

  test.for([
    ['nmap -sCV -p 80 x', true, true],
    ['nmap -sSC x', true, false],
    ['nmap -nA x', true, true],
    ['nmap -sV x', false, true],
    ['nmap -script ssl-cert x', true, false],
    ['nmap -oN "-sC -A" x', false, false],
    ['nmap --script-args "--script ssl-cert" x', false, false],
  ] as const)('%s: scripts %s, services %s', ([args, scripts, services]) => {
    expect([isRequested(args, 'ssl-cert'), looksFor(args, 'service')]).toEqual([scripts, services]);
  });
});

test('sets overlap by what is in them, however large they are', () => {
  expect(setOf('2001:db8::/64').overlaps(setOf('2001:db8::7'))).toBe(true);
  expect(setOf('2001:db8::/64').overlaps(setOf('2001:db9::7', '10.0.0.0/8'))).toBe(false);
});

test('the difference is what it was one address at a time', () => {
  const octet = fc.nat(40);
  const range = fc.tuple(octet, octet).map(([a, b]) => `192.0.2.${Math.min(a, b)}-${Math.max(a, b)}`);
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), fc.array(range, { maxLength: 6 }), (from, away) => {
      const [a, b] = [setOf(...from), setOf(...away)];
      const left = a.without(b);
      const all = Array.from({ length: 42 }, (_, i) => `192.0.2.${i}`);
      expect(all.filter((ip) => left.has(ip))).toEqual(all.filter((ip) => a.has(ip) && !b.has(ip)));
      expect(left.size).toBe(all.filter((ip) => left.has(ip)).length);
      expect(a.overlaps(b)).toBe(all.some((ip) => a.has(ip) && b.has(ip)));
    }),
  );
});

/** CPU time, which another busy process does not change. */
function cpuMs(work: () => unknown): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test('no arguments cost more than their length', () => {
  const octets = `${'0-255,'.repeat(10_000)}0-255`;
  const many = Array.from({ length: 3000 }, (_, i) => `10.${i >> 8}.${i & 255}.0-100,150-200`).join(' ');
  for (const args of [
    'nmap -v 10.0-255.0-255.1 --exclude 10.0-255.0-255.2',
    `nmap -v 10.${octets}.1.1`,
    `nmap -v ${many} --exclude ${many.replaceAll(' ', ',')}`,
    `nmap ${'--exclude 1.2.3.4 '.repeat(3000)}`,
    `nmap ${'-'.repeat(60_000)}`,
    `nmap ${' '.repeat(60_000)}x`,
  ])
    expect([args.slice(0, 60), cpuMs(() => runCoverage({ scanner: 'nmap', args, verbose: 1, scaninfo: [] })) < 500]).toEqual([
      args.slice(0, 60),
      true,
    ]);
  expect(argumentsOf('nmap -v 10.0-255.0-255.1').scope).toEqual({
    known: false,
    why: '"10.0-255.0-255.1" is not an address, or stands for too many',
  });
  expect(argumentsOf(`nmap ${'x'.repeat(70_000)}`).scope.known).toBe(false);
});

test('set arithmetic goes through each list once', () => {
  const wide = (last: number): AddressSet => setOf(`10.0-255.0-255.${last}`);
  const [a, b] = [wide(1), wide(2)];
  expect(cpuMs(() => a.without(b).overlaps(b))).toBeLessThan(500);
  expect(cpuMs(() => Array.from({ length: 10_000 }, () => a.has('10.255.255.1')))).toBeLessThan(500);
});

test('a pattern of scripts is matched as nmap matches it', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['ssl-*', 'ssl-cert', true],
    ['*-cert', 'ssl-cert', true],
    ['s*l-*t', 'ssl-cert', true],
    ['*', '', true],
    ['ab*ba', 'aba', false],
    ['ssl-cert', 'ssl-cert', true],
    ['ssl.cert', 'ssl-cert', false],
    ['*ssl', 'ssl-cert', false],
    ['a*a*a', 'aa', false],
  ];
  for (const [pattern, name, fits] of rows) expect([pattern, fitsGlob(pattern, name)]).toEqual([pattern, fits]);
  fc.assert(
    fc.property(fc.stringMatching(/^[ab*]{0,8}$/), fc.stringMatching(/^[ab]{0,8}$/), (pattern, name) => {
      expect(fitsGlob(pattern, name)).toBe(new RegExp(`^${pattern.replaceAll(/\*+/g, '.*')}$`).test(name));
    }),
  );
});

test('a pattern that a scan brings along does not hang the next one', () => {
  const args = `nmap --script ${'*'.repeat(50_000)}x,${'*a'.repeat(1000)} 192.0.2.7`;
  expect(cpuMs(() => isRequested(args, `${'a'.repeat(1000)}b`))).toBeLessThan(500);
  expect(isRequested('nmap --script ssl-*,http-title 192.0.2.7', 'ssl-cert')).toBe(true);
  expect(isRequested('nmap --script "not intrusive" 192.0.2.7', 'ssl-cert')).toBe(false);
});

test('the keys of an index sort as the addresses do, and a set finds by them what is in it', () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, address, address, (a, b, c) => {
      const [set, key] = [setOf(a, b), addressKey(c) as string];
      expect(set.keys.some(([first, last]) => first <= key && key <= last)).toBe(set.has(c));
    }),
  );
  const sorted = ['9.9.9.9', '10.0.0.1', '10.0.0.2', '192.0.2.1', '::1', '2001:db8::1', 'fe80::1'];
  expect(sorted.toSorted((a, b) => ((addressKey(a) as string) < (addressKey(b) as string) ? -1 : 1))).toEqual(sorted);
  const net = setOf('192.0.2.0/29', '2001:db8::/126').keys;
  expect(
    ['192.0.2.7', '192.0.2.8', '2001:db8::3', '2001:db8::4', 'www'].map((one) =>
      net.some(([from, to]) => from <= (addressKey(one) ?? '') && (addressKey(one) ?? '') <= to),
    ),
  ).toEqual([true, false, true, false, false]);
});

test('ports overlap by what is in them', () => {
  expect(PortSet.of('22,80-90').overlaps(PortSet.of('1-21,90'))).toBe(true);
  expect(PortSet.of('22,80-90').overlaps(PortSet.of('1-21,91'))).toBe(false);
  expect(PortSet.of('').overlaps(PortSet.of('1'))).toBe(false);
});

test('ranges of ports that run backwards are none', () => {
  expect(PortSet.of('9-1,22').size).toBe(1);
});
