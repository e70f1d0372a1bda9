import { describe, expect, test } from 'vitest';
import { AddressIndex } from '../../src/nmap/address-index.ts';
import { AddressSet } from '../../src/nmap/address-set.ts';
import { type ExposureFile, ExposurePolicy } from '../../src/finding/exposure.ts';

const setOf = (...words: readonly string[]): AddressSet => {
  const set = AddressSet.of(words);
  if (typeof set === 'string') throw new Error(set);
  return set;
};

describe('an index of sets of addresses', () => {
  const WORDS: readonly (readonly string[])[] = [
    ['10.0.0.0/30', '10.0.1.1'],
    [],
    ['10.0.0.0/24'],
    ['10.0.0.2', '10.0.0.3'],
    ['0.0.0.0/0'],
    ['255.255.255.255', '10.0.0.255'],
    ['2001:db8::/126', 'fe80::1'],
    ['::/0'],
    ['10.0.0.*', '10.0.1,3.0-2'],
  ];
  const sets = WORDS.map((words) => setOf(...words));
  const index = new AddressIndex(sets);
  const asked = `0.0.0.0 9.255.255.255 10.0.0.0 10.0.0.3 10.0.0.4 10.0.0.255 10.0.1.0 10.0.1.1 10.0.1.3 10.0.3.2 255.255.255.255
    :: 2001:db8:: 2001:db8::3 2001:db8::4 fe80::1%eth0 ffff::1 nothing 10.0.0.0/30`.split(/\s+/);

  test.each(asked)('finds for %s what each set would say', (address) => {
    const wanted = sets.flatMap((set, i) => (set.has(address) ? [i] : []));
    expect(index.all(address).toSorted((a, b) => a - b)).toEqual(wanted);
    expect(index.first(address)).toBe(wanted[0]);
  });

  test('an empty one finds nothing', () => {
    expect([new AddressIndex([]).first('10.0.0.1'), new AddressIndex([]).all('10.0.0.1')]).toEqual([undefined, []]);
  });
});

test('a file of expected exposure with 50,000 networks, a zone each, is read, and asked for each port, in seconds', () => {
  const numbers = Array.from({ length: 50_000 }, (_, i) => i);
  const file: ExposureFile = {
    networks: numbers.map((i) => ({ network: `10.${i >> 8}.${i & 255}.0/24`, zone: `z${i}` })),
    expected: numbers.map((i) => ({ hosts: [`zone:z${i}`, `172.16.${i >> 8}.${i & 255}`], ports: ['80/tcp'], reason: 'web' })),
  };
  const begun = performance.now();
  const policy = new ExposurePolicy(file, 'exposure.yaml');
  const ips = ['10.195.79.1'];
  for (const i of numbers) expect(policy.judge(ips, (i % 2) + 80, 'tcp', 0)?.rule.id).toBe(i % 2 === 0 ? undefined : 'nmap-exposure-unexpected');
  for (const i of numbers) expect(policy.networkOf([`10.${i >> 8}.${i & 255}.7`])?.zone).toBe(`z${i}`);
  expect(policy.covers(['172.16.1.1'])).toBe(true);
  // Before, more than minutes; a busy machine takes several times the 2 s of an idle one.
  expect(performance.now() - begun).toBeLessThan(60_000);
}, 120_000);
