import { expect, test } from 'vitest';
import { ComparisonBudget } from '../../src/change/comparison-budget.ts';
import type { Observation } from '../../src/change/observation.ts';
import { type KnownHost, type KnownPort, unknownHost } from '../../src/state/known-host.ts';

const hostOf = (octet: number, ports: number): KnownHost => ({
  ...unknownHost(`192.0.2.${octet}`),
  time: 1,
  ports: Object.fromEntries(Array.from({ length: ports }, (_, i) => [`tcp/${i}`, {} as KnownPort])),
});
const withoutPorts = { sighting: { ports: new Map() }, time: 2 } as unknown as Observation;

test('hosts with very many known ports do not use up what the first listing of another host needs', () => {
  const budget = new ComparisonBudget();
  const mayCompare = (host: KnownHost): boolean => budget.mayCompare(host, withoutPorts);
  const large = Array.from({ length: 9 }, (_, i) => hostOf(i, 65_535));
  expect(large.map(mayCompare)).toEqual(large.map(() => true));
  expect(mayCompare(hostOf(99, 110))).toBe(true);
  // Again and again they do, until the next input.
  const again = Array.from({ length: 10 }, () => large.map(mayCompare)).flat();
  expect(again.slice(0, 7)).toEqual(Array(7).fill(true));
  expect(again.slice(-80)).toEqual(Array(80).fill(false));
  expect(mayCompare(hostOf(98, 110))).toBe(true);
  expect(mayCompare(hostOf(97, 10))).toBe(true);
  budget.renew();
  expect(large.map(mayCompare)).toEqual(large.map(() => true));
});
