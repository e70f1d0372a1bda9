import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Change, portOf } from '../../src/change/change.ts';
import { diffScans } from '../../src/change/scan-diff.ts';
import { diff, networkOf, one, tcp, view } from '../support/compared.ts';
import { corpusFiles, CORPUS } from '../support/corpus.ts';

describe('properties of a comparison', () => {
  const state = fc.constantFrom('open', 'closed', 'filtered', 'open|filtered');
  const hosts = fc.array(
    fc.record({ octet: fc.integer({ min: 1, max: 6 }), up: fc.boolean(), ports: fc.dictionary(fc.constantFrom('22', '80', '443'), state) }),
    { maxLength: 6 },
  );
  const services = fc.constantFrom('22,80,443', '80', '22,443');
  const anyScan = fc.record({ hosts, services, cut: fc.boolean(), verbose: fc.boolean() }).map(({ hosts: list, services: tested, cut, verbose }) => {
    const seen = new Map(list.map((each) => [each.octet, each]));
    const inside = [...seen.values()].map(({ octet, up, ports }) => {
      const listed = Object.entries(ports).filter(([number]) => tested.split(',').includes(number));
      if (!up) return `<host><status state="down"/><address addr="192.0.2.${octet}" addrtype="ipv4"/></host>`;
      return one(`<extraports state="closed" count="9"/>${listed.map(([number, word]) => tcp(Number(number), word)).join('')}`, `192.0.2.${octet}`);
    });
    const text = networkOf(inside.join(''), `nmap ${verbose ? '-v ' : ''}-p ${tested} 192.0.2.0/24`, tested);
    return cut ? text.slice(0, text.lastIndexOf('<host') === -1 ? undefined : text.lastIndexOf('<host') + 9) : text;
  });
  const MIRROR: Readonly<Record<string, string>> = {
    'host-new': 'host-missing',
    'host-missing': 'host-new',
    'port-opened': 'port-closed',
    'port-closed': 'port-opened',
  };

  test('a scan and itself: nothing', () => {
    fc.assert(
      fc.property(anyScan, (text) => {
        expect(diff(text, text).changes).toEqual([]);
      }),
    );
  });

  test('reversed, opened is closed and new is missing', () => {
    const places = (changes: readonly Change[]): string[] =>
      changes.map((change) => `${change.action} ${change.host} ${portOf(change) ?? ''}`).sort();
    fc.assert(
      fc.property(anyScan, anyScan, (a, b) => {
        const back = diff(b, a).changes.map((change) => ({ ...change, action: (MIRROR[change.action] ?? change.action) as Change['action'] }));
        expect(places(back)).toEqual(places(diff(a, b).changes));
      }),
    );
  });

  test('what a run did not test has not changed', () => {
    fc.assert(
      fc.property(anyScan, anyScan, (a, b) => {
        const [was, is] = [view(a), view(b)];
        for (const { host: place, port: at } of diffScans(was, is).changes) {
          if (at === undefined) continue;
          for (const side of [was, is]) expect(side.hosts.get(place)?.find(at.protocol, at.number).tested).toBe(true);
        }
      }),
    );
  });

  test.skipIf(CORPUS === undefined)('every file of the corpus against itself: nothing (PORTLOG_CORPUS)', () => {
    for (const [name] of corpusFiles()) {
      const found = view(readFileSync(join(CORPUS as string, name)));
      expect(diffScans(found, found).changes, name).toEqual([]);
    }
  });
});
